-- What a mail server that had accepted a message said of it later: at most one failure and one delay for each recipient. Read by nothing that
-- decides about sending.
CREATE TABLE came_back (
    recipient INTEGER NOT NULL,
    failed    INTEGER NOT NULL,     -- 1: given up; 0: still being tried
    noted_at  INTEGER NOT NULL,
    reason    TEXT NOT NULL,
    by        TEXT,                 -- who reported it, as it names itself
    words     TEXT NOT NULL,
    until     INTEGER,              -- of a delay: until when it will be tried
    PRIMARY KEY (recipient, failed)
) STRICT, WITHOUT ROWID;

-- What return paths of messages are signed with, so that nobody can make one up (docs/adr/0013-mail-that-comes-back.md).
CREATE TABLE return_path_key (
    key BLOB NOT NULL
) STRICT;
INSERT INTO return_path_key VALUES (randomblob(32));
