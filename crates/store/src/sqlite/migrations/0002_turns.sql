-- Mail of one class takes turns by its source (an application, or a notice run): see turns.rs. What waits already is one source.
ALTER TABLE recipient ADD COLUMN source INTEGER NOT NULL DEFAULT 0;
DROP INDEX recipient_due;
CREATE INDEX recipient_turn ON recipient (practice, class, source, due_at) WHERE state = 0 AND alone = 0;
