-- What happened to the mail of applications, for those who ask to be told. Written beside an outcome, and read by nothing that decides
-- one. By source, so that each application walks through its own.
CREATE TABLE event (
    source          INTEGER NOT NULL,
    id              INTEGER NOT NULL,
    happened_at     INTEGER NOT NULL,
    kind            INTEGER NOT NULL,
    recipient       INTEGER NOT NULL,
    attempt         INTEGER,            -- the one that led here
    next_attempt_at INTEGER,
    reason          TEXT,               -- where there was no attempt
    PRIMARY KEY (source, id)
) STRICT, WITHOUT ROWID;

-- An application's own words for its messages: a list in JSON.
ALTER TABLE message ADD COLUMN tags TEXT;

-- Web addresses that are told of the events of an application.
CREATE TABLE webhook (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    application     INTEGER NOT NULL REFERENCES application (id),
    url             TEXT NOT NULL,
    kinds           TEXT NOT NULL,      -- a list in JSON; empty: all
    secret          BLOB NOT NULL,      -- sealed
    made_at         INTEGER NOT NULL,
    told            INTEGER NOT NULL,   -- the last event that it was told of, or that does not concern it
    told_at         INTEGER,
    failing_since   INTEGER,
    retried_until   INTEGER,            -- the last event of the request that failed: it is made again as it was
    next_attempt_at INTEGER,
    trouble         TEXT,
    given_up        INTEGER NOT NULL DEFAULT 0
) STRICT;
