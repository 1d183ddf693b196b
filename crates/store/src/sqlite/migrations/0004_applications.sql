-- Applications: the named senders.

CREATE TABLE application (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    name        TEXT NOT NULL UNIQUE COLLATE NOCASE,
    settings    TEXT NOT NULL,      -- ApplicationSettings as JSON: read and written whole
    made_at     INTEGER NOT NULL,
    disabled_at INTEGER
) STRICT;

-- A key's secret is nowhere: only its SHA-256 is.
CREATE TABLE application_key (
    id          TEXT PRIMARY KEY,
    application INTEGER NOT NULL REFERENCES application (id),
    hash        BLOB NOT NULL CHECK (length(hash) = 32),
    made_at     INTEGER NOT NULL,
    used_at     INTEGER,
    revoked_at  INTEGER
) STRICT, WITHOUT ROWID;
