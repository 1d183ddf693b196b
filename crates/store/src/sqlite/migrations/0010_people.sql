-- People: the staff who sign in.

CREATE TABLE person (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    email           TEXT NOT NULL,
    sign_in         TEXT NOT NULL UNIQUE,   -- the address as all its spellings have it
    name            TEXT NOT NULL,
    role            TEXT NOT NULL,
    sites           TEXT NOT NULL,          -- a list in JSON; empty: all
    language        TEXT,
    added_at        INTEGER NOT NULL,
    disabled_at     INTEGER,
    last_sign_in_at INTEGER,
    password        TEXT                    -- Argon2id, as a PHC string
) STRICT;

-- A token is nowhere: only its SHA-256 is.
CREATE TABLE session (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    token    BLOB NOT NULL UNIQUE CHECK (length(token) = 32),
    person   INTEGER NOT NULL REFERENCES person (id),
    peer     TEXT NOT NULL,
    begun_at INTEGER NOT NULL,
    seen_at  INTEGER NOT NULL
) STRICT;

CREATE INDEX session_person ON session (person);

CREATE TABLE link (
    code       BLOB PRIMARY KEY CHECK (length(code) = 32),
    purpose    TEXT NOT NULL,
    person     INTEGER REFERENCES person (id),     -- nobody: to set up
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What people changed.
CREATE TABLE audit (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    happened_at INTEGER NOT NULL,
    person      INTEGER,                    -- nobody: the command line, or the configuration
    who         TEXT NOT NULL,
    what        TEXT NOT NULL,
    about       TEXT NOT NULL,
    old         TEXT,
    new         TEXT
) STRICT;

-- Only added to. When it happened may be moved: the computer's clock was wrong.
CREATE TRIGGER audit_stays BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the log is only added to'); END;

CREATE TRIGGER audit_stays_as_it_is BEFORE UPDATE OF id, person, who, what, about, old, new ON audit
BEGIN SELECT RAISE(ABORT, 'the log is only added to'); END;
