-- Other installations, whose people sign in at mail providers by the client that this one has there.
CREATE TABLE installation (
    key        TEXT NOT NULL PRIMARY KEY, -- its public part
    hash       BLOB NOT NULL,             -- of its secret
    name       TEXT NOT NULL,
    returns_to TEXT NOT NULL,             -- where browsers are led back to, and nowhere else
    made_by    TEXT NOT NULL,             -- JSON
    made_at    INTEGER NOT NULL,
    revoked_at INTEGER                    -- its key opens nothing any more
) STRICT, WITHOUT ROWID;

-- What was done for each of them. It is what their limits are counted by, and what says that a return was used.
CREATE TABLE brokered (
    id           INTEGER PRIMARY KEY,
    installation TEXT NOT NULL,
    what         TEXT NOT NULL,
    provider     TEXT NOT NULL,
    happened_at  INTEGER NOT NULL,
    came         TEXT,                    -- what came of it; NULL: nothing yet, or nobody knows
    once         BLOB UNIQUE,             -- of a beginning: names what is fetched for it, once
    returned_at  INTEGER,                 -- of a beginning: when a browser was led back with it first
    used_at      INTEGER                  -- of a beginning: when it was fetched
) STRICT;
CREATE INDEX brokered_by_installation ON brokered (installation, what, happened_at);
CREATE INDEX brokered_by_installation_and_age ON brokered (installation, happened_at);
CREATE INDEX brokered_by_age ON brokered (happened_at);

-- Why no token was given, as reasons are named; what was said stands beside it.
ALTER TABLE mail_account ADD COLUMN reason TEXT;
-- Sealed: by what a question is asked again of which the answer was lost. NULL: none was.
ALTER TABLE mail_account ADD COLUMN asked BLOB;
