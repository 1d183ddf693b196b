-- Where a message came in; NULL of those that were accepted before this was kept.
ALTER TABLE message ADD COLUMN door INTEGER;

-- Of an attempt at the backup server: since when the first one did not take mail, and why.
ALTER TABLE attempt ADD COLUMN instead_since INTEGER;
ALTER TABLE attempt ADD COLUMN instead_reason TEXT;
