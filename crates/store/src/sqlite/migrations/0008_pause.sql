-- While there is a row nothing is sent. Why: PauseWhy as JSON.
CREATE TABLE pause (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    began_at INTEGER NOT NULL,
    why      TEXT NOT NULL
) STRICT;
