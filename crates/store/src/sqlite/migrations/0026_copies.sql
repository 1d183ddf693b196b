-- Copies to teachers of a run, told apart from the mail of patrons by their first tag. They are few, and a run is counted without them first.
CREATE INDEX message_copy ON message (run) WHERE tags IS NOT NULL AND json_extract(tags, '$[0]') = 'copy to a teacher';

-- What a wording said before its last change (JSON; null: what is built in). NULL: there is nothing to take back.
ALTER TABLE wording ADD COLUMN before TEXT;
