-- The queue. Instants are microseconds since 1970 (UTC). Codes of states, classes and kinds: sqlite/codes.rs.

CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Facts of a message; never changed.
CREATE TABLE message (
    id            INTEGER PRIMARY KEY,
    kind          INTEGER NOT NULL,
    class         INTEGER NOT NULL,
    practice      INTEGER NOT NULL,
    application   TEXT NOT NULL,
    site          TEXT,
    run           INTEGER,
    reverse_path  TEXT,
    ret           INTEGER,
    envelope_id   TEXT,
    message_id    TEXT NOT NULL,
    subject       TEXT NOT NULL,
    patron_name   TEXT,
    patron_number TEXT,
    size          INTEGER NOT NULL,
    accepted_at   INTEGER NOT NULL,
    first_due_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX message_run ON message (run) WHERE run IS NOT NULL;

-- The bytes, written once, erased by retention.
CREATE TABLE body (
    message INTEGER PRIMARY KEY,
    bytes   BLOB NOT NULL
) STRICT;

-- One row per recipient: id = message * 65536 + ordinal. No index covers a fresh row that goes sending -> delivered.
CREATE TABLE recipient (
    id          INTEGER PRIMARY KEY,
    state       INTEGER NOT NULL,
    class       INTEGER NOT NULL,
    practice    INTEGER NOT NULL,
    due_at      INTEGER,
    expires_at  INTEGER NOT NULL,
    lease       INTEGER,
    claimed_in  INTEGER,            -- epoch of the claim; NULL for a fresh message's first attempt
    alone       INTEGER NOT NULL DEFAULT 0,   -- 1: to be attempted alone; 2: being attempted alone
    aside_at    INTEGER,            -- since when it waits for a person
    settled_at  INTEGER,
    in_doubt_at INTEGER,            -- never cleared
    attempts    INTEGER NOT NULL DEFAULT 0,
    strikes     INTEGER NOT NULL DEFAULT 0,
    reason      TEXT,
    note        TEXT,               -- what stands for an answer when there was no attempt
    address     TEXT NOT NULL,
    notify      INTEGER,
    original    TEXT,
    CHECK (CASE state
        WHEN 0 THEN due_at IS NOT NULL AND lease IS NULL AND claimed_in IS NULL AND alone < 2 AND aside_at IS NULL AND settled_at IS NULL
        WHEN 1 THEN due_at IS NOT NULL AND lease IS NOT NULL AND aside_at IS NULL AND settled_at IS NULL
        WHEN 2 THEN due_at IS NULL AND lease IS NULL AND claimed_in IS NULL AND alone = 0 AND aside_at IS NOT NULL AND settled_at IS NULL AND in_doubt_at IS NOT NULL
        WHEN 6 THEN due_at IS NULL AND lease IS NULL AND claimed_in IS NULL AND alone = 0 AND aside_at IS NOT NULL AND settled_at IS NULL
        WHEN 3 THEN due_at IS NULL AND lease IS NULL AND claimed_in IS NULL AND alone = 0 AND aside_at IS NULL AND settled_at IS NOT NULL AND practice = 0
        WHEN 4 THEN due_at IS NULL AND lease IS NULL AND claimed_in IS NULL AND alone = 0 AND aside_at IS NULL AND settled_at IS NOT NULL AND practice = 1
        WHEN 5 THEN due_at IS NULL AND lease IS NULL AND claimed_in IS NULL AND alone = 0 AND aside_at IS NULL AND settled_at IS NOT NULL
        WHEN 7 THEN due_at IS NULL AND lease IS NULL AND claimed_in IS NULL AND alone = 0 AND aside_at IS NULL AND settled_at IS NOT NULL
        ELSE 0 END)
) STRICT;
CREATE INDEX recipient_due ON recipient (practice, class, due_at) WHERE state = 0 AND alone = 0;
CREATE INDEX recipient_alone ON recipient (practice, due_at) WHERE state = 0 AND alone = 1;
CREATE INDEX recipient_expiring ON recipient (practice, expires_at) WHERE state = 0;
CREATE INDEX recipient_claimed ON recipient (claimed_in) WHERE claimed_in IS NOT NULL;
CREATE INDEX recipient_in_doubt ON recipient (state) WHERE state = 2;
CREATE INDEX recipient_held ON recipient (state) WHERE state = 6;
CREATE INDEX recipient_aside ON recipient (aside_at) WHERE state IN (2, 6);
CREATE INDEX recipient_returned ON recipient (settled_at) WHERE state = 5;
CREATE INDEX recipient_ever_in_doubt ON recipient (in_doubt_at) WHERE in_doubt_at IS NOT NULL;

-- The timeline of a recipient.
CREATE TABLE attempt (
    recipient  INTEGER NOT NULL,
    n          INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at   INTEGER NOT NULL,
    server     TEXT NOT NULL,
    phase      INTEGER NOT NULL,
    reason     TEXT,
    answer     TEXT NOT NULL,
    PRIMARY KEY (recipient, n)
) STRICT, WITHOUT ROWID;

-- Reports still owed; a row goes when the report that covers it is accepted.
CREATE TABLE obligation (
    recipient      INTEGER PRIMARY KEY,
    return_address TEXT NOT NULL,
    owed_since     INTEGER NOT NULL
) STRICT;
CREATE INDEX obligation_since ON obligation (owed_since);

CREATE TABLE run (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    notice      TEXT NOT NULL,
    source      TEXT NOT NULL,
    practice    INTEGER NOT NULL,
    started_at  INTEGER NOT NULL,
    finished_at INTEGER
) STRICT;

CREATE TABLE left_out (
    run    INTEGER NOT NULL,
    n      INTEGER NOT NULL,
    why    TEXT NOT NULL,
    line   INTEGER,
    who    TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (run, n)
) STRICT, WITHOUT ROWID;

-- What was written to whom, by notice and item.
CREATE TABLE ledger (
    notice     TEXT NOT NULL,
    item       TEXT NOT NULL,
    written_at INTEGER NOT NULL,
    PRIMARY KEY (notice, item)
) STRICT, WITHOUT ROWID;

CREATE TABLE alarm (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    kind       TEXT NOT NULL,
    subject    TEXT NOT NULL,
    text       TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at   INTEGER,
    told       INTEGER NOT NULL DEFAULT 0     -- how often people were told of it
) STRICT;
CREATE UNIQUE INDEX alarm_open ON alarm (kind, subject) WHERE ended_at IS NULL;
