-- That a person had a run end, by whom, and for which libraries (JSON; an empty list: for all). NULL: nobody has.
ALTER TABLE run ADD COLUMN stopped_at INTEGER;
ALTER TABLE run ADD COLUMN stopped_by TEXT;
ALTER TABLE run ADD COLUMN stopped_sites TEXT;
