-- Requests that are made once, with the answer that each of them got.
CREATE TABLE once (
    application TEXT NOT NULL,
    key         TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    answer      BLOB NOT NULL,
    made_at     INTEGER NOT NULL,
    PRIMARY KEY (application, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX once_made ON once (made_at);
