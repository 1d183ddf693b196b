-- The message that wrote about it, so that one which a person cancels can be forgotten. No index: it would double the ledger, and only
-- a person's decision asks. NULL in rows of before.
ALTER TABLE ledger ADD COLUMN message INTEGER;
