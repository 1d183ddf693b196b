-- Notices that are sent by themselves. What is due at a time of day is a moment of the calendar (`next_due`, `due`): unlike an instant with an
-- age it stays as it is when the computer's clock is put right.
CREATE TABLE schedule (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT NOT NULL UNIQUE,
    plan       TEXT NOT NULL,               -- SchedulePlan as JSON
    version    INTEGER NOT NULL DEFAULT 1,  -- rises with each change of the plan
    next_due   INTEGER,                     -- NULL: not again
    skips_next INTEGER NOT NULL DEFAULT 0,
    paused_at  INTEGER,
    made_by    TEXT NOT NULL,               -- Actor as JSON
    made_at    INTEGER NOT NULL
) STRICT;

-- What each due moment came to. That a row is there means that the moment was taken: nobody takes it again.
CREATE TABLE schedule_turn (
    schedule INTEGER NOT NULL,
    due      INTEGER NOT NULL,
    asked_by TEXT,                          -- Actor as JSON: somebody asked for it at that moment
    missed   INTEGER NOT NULL DEFAULT 0,    -- later moments that had passed as well, and that it stands for
    begun_at INTEGER NOT NULL,
    ended_at INTEGER,
    came_to  TEXT,
    detail   TEXT,                          -- for whoever looks after the computer
    run      INTEGER,
    digest   BLOB,                          -- SHA-256 of the export
    written  INTEGER,                       -- when the export was last written to, by the computer it lies on
    PRIMARY KEY (schedule, due)
) STRICT, WITHOUT ROWID;
CREATE INDEX schedule_turn_open ON schedule_turn (schedule) WHERE ended_at IS NULL;
