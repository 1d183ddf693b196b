-- Accounts at mail providers that mail is sent by, each with what its owner was given when they signed in.
CREATE TABLE mail_account (
    provider      TEXT NOT NULL PRIMARY KEY, -- google, microsoft
    account       TEXT NOT NULL,             -- the address of whoever signed in
    scopes        TEXT NOT NULL,             -- what they agreed to, as the provider says it
    tokens        BLOB NOT NULL,             -- sealed
    connected_by  TEXT NOT NULL,             -- JSON
    connected_at  INTEGER NOT NULL,
    usable_until  INTEGER NOT NULL,          -- when the token that servers are shown ends
    refresh_at    INTEGER NOT NULL,          -- when another is asked for, though nothing is sent
    refreshed_at  INTEGER,                   -- when one was given last
    failed_at     INTEGER,                   -- when none was given; NULL: that is over
    failure       TEXT,                      -- why, as the provider says it
    signed_out_at INTEGER,                   -- the provider will give none any more
    lease         INTEGER,                   -- who asks for one now
    leased_until  INTEGER
) STRICT, WITHOUT ROWID;
