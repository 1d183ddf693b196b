-- Where a message came in; NULL of those that were accepted before this was kept.
ALTER TABLE message ADD COLUMN door INTEGER;
