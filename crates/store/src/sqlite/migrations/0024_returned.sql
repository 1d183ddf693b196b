-- When the export that a run took was made; NULL: it took none, or was begun before that was kept.
ALTER TABLE run ADD COLUMN exported_at INTEGER;

-- What such an export held of each library: how many items, and some of their keys, drawn by lot (JSON). By them a later export is known to be
-- of the same kind, and whole.
CREATE TABLE export_part (
    run    INTEGER NOT NULL,
    site   TEXT NOT NULL,
    items  INTEGER NOT NULL,
    sample TEXT NOT NULL,
    PRIMARY KEY (run, site)
) STRICT, WITHOUT ROWID;

-- The library that an item belongs to, where another one wrote about it.
ALTER TABLE ledger ADD COLUMN site TEXT;

-- The run whose export made this mail out of date, and the reason it is cancelled with. On mail that is being sent it is a mark: should that
-- come to wait again, it is cancelled in the same transaction. What waits has no mark, so a claim need not look.
ALTER TABLE recipient ADD COLUMN outdated_by INTEGER;
ALTER TABLE recipient ADD COLUMN outdated_why TEXT;

-- What marked mail had written about: the rows of the ledger that go if nobody gets it in the end.
CREATE TABLE outdated (
    message INTEGER NOT NULL,
    notice  TEXT NOT NULL,
    item    TEXT NOT NULL,
    PRIMARY KEY (message, notice, item)
) STRICT, WITHOUT ROWID;
