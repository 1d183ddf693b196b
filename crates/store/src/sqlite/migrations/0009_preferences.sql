-- What people set while the program runs, by the names that the configuration has; each value is JSON.
CREATE TABLE preference (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Each change with the values before and after, so that it can be shown and undone.
CREATE TABLE preference_change (
    version    INTEGER PRIMARY KEY,
    changed_at INTEGER NOT NULL,
    changed_by TEXT NOT NULL,
    changed    TEXT NOT NULL
) STRICT;
