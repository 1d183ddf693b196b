-- Notices that can be run. One that is built in has a row only where somebody changed something about it.
CREATE TABLE saved_notice (
    slug       TEXT NOT NULL PRIMARY KEY, -- its name in the ledger and in runs
    settings   TEXT NOT NULL,             -- JSON
    version    INTEGER NOT NULL,          -- rises with each change
    made_by    TEXT NOT NULL,             -- JSON
    made_at    INTEGER NOT NULL,
    changed_by TEXT NOT NULL,             -- JSON
    changed_at INTEGER NOT NULL,
    removed_at INTEGER                    -- it is not run any more, and can be had back
) STRICT, WITHOUT ROWID;

-- What they say. A row stays when the wording goes back to what is built in, so that its version rises for ever.
CREATE TABLE wording (
    notice     TEXT NOT NULL,
    site       TEXT NOT NULL,             -- '': for all that have none of their own
    language   TEXT NOT NULL,             -- en, es
    subject    TEXT,                      -- NULL: what is built in
    text       TEXT,
    html       TEXT,                      -- NULL: made of the text
    version    INTEGER NOT NULL,
    changed_by TEXT NOT NULL,             -- JSON
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (notice, site, language)
) STRICT, WITHOUT ROWID;
