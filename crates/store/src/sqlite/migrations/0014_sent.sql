-- How many recipients each mail server took, by stretches of a few minutes, for a day: so that a limit a day is kept to over restarts.
CREATE TABLE sent (
    server  TEXT NOT NULL,          -- as attempts name it
    sent_at INTEGER NOT NULL,       -- the first of the stretch
    count   INTEGER NOT NULL
) STRICT;
CREATE INDEX sent_server ON sent (server, sent_at);
