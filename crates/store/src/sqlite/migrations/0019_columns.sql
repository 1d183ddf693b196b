-- What people said of the columns of exports that are not known, for all later exports that have the same columns.
CREATE TABLE known_columns (
    shape     TEXT NOT NULL PRIMARY KEY, -- the columns' names, in the order of the alphabet, one a line
    chosen    TEXT NOT NULL,             -- JSON: what each is that is used
    chosen_by TEXT NOT NULL,
    chosen_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
