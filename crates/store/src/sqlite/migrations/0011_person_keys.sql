-- Keys of people's own, for programs that administer. The secret is nowhere: only its SHA-256 is.
CREATE TABLE person_key (
    id         TEXT PRIMARY KEY,
    person     INTEGER NOT NULL REFERENCES person (id),
    hash       BLOB NOT NULL CHECK (length(hash) = 32),
    made_at    INTEGER NOT NULL,
    used_at    INTEGER,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX person_key_person ON person_key (person);
