-- An application that lists its own mail does not walk through everybody else's. Notices, reports and alarms are in no such list, and
-- cost nothing here.
CREATE INDEX message_application ON message (application) WHERE run IS NULL AND kind = 0;
