-- Why an alarm is open, as a word (`AlarmReason`); NULL where its kind says all. Until now it stood in the text alone: of alarms from
-- before, it is taken out of the sentences that those versions wrote, here and nowhere else.
ALTER TABLE alarm ADD COLUMN reason TEXT;
-- The reasons of which people were told, parted by spaces: of this alarm, and of those in whose place it is.
ALTER TABLE alarm ADD COLUMN told_of TEXT;

CREATE TEMP TABLE said (kinds TEXT NOT NULL, reason TEXT NOT NULL, pattern TEXT NOT NULL);
INSERT INTO said SELECT 'server_down sign_in quota', column1, '%' || column2 || '%' FROM (VALUES
    ('quota_used_up', 'The daily limit of the mail account is used up.'),
    ('sign_in_refused', 'The mail server did not accept our password.'),
    ('sign_in_required', 'The mail server wants us to sign in first.'),
    ('sign_in_unavailable', 'The mail server cannot check sign-ins at the moment.'),
    ('sign_in_impossible', 'The mail server offers no safe way to sign in.'),
    ('password_lost', 'The password for the mail server cannot be read any more.'),
    ('signed_out', 'The mail provider has signed us out.'),
    ('not_signed_in', 'Nobody has signed in at the mail provider yet.'),
    ('client_refused', 'The mail provider does not know Bookpost by the client id and secret that were entered.'),
    ('token_refused', 'The mail server does not take the sign-in that the mail provider gave us.'),
    ('smtp_auth_off', 'The mail provider does not let this account send by programs.'),
    ('passwords_ended', 'The mail provider takes no passwords from programs any more.'),
    ('relay_denied', 'The mail server does not pass on mail for us.'),
    ('host_not_found', 'There is no mail server by this name.'),
    ('name_lookup_failed', 'The name of the mail server could not be looked up.'),
    ('unreachable', 'The mail server cannot be reached.'),
    ('timed_out', 'The mail server did not answer in time.'),
    ('connection_lost', 'The connection to the mail server broke.'),
    ('tls_unavailable', 'An encrypted connection to the mail server could not be made.'),
    ('certificate_refused', 'The mail server could not prove its identity.'),
    ('certificate_expired', 'The mail server''s proof of identity has run out.'),
    ('certificate_wrong_name', 'The mail server''s proof of identity is for another name.'),
    ('certificate_unknown_issuer', 'The mail server''s proof of identity comes from nobody we know.'),
    ('server_refuses', 'The mail server takes no mail at the moment.'),
    ('server_full', 'The mail server has no room at the moment.'),
    ('protocol_violation', 'The mail server answered in a way that we do not understand.'),
    ('refused', 'The mail server refused the message.'),
    ('answer_unknown', 'The connection broke several times while the server was answering.'),
    ('quota_used_up', 'The sending limit is used up.'),
    ('limit_reached', 'as many mails were sent in 24 hours as the library allows')
);
INSERT INTO said SELECT 'schedule', column1, '%' || column2 || '%' FROM (VALUES
    ('stopped_before', 'A person stopped a run of this same export, so the schedule does not go on with it by itself.'),
    ('broken', 'The run broke off half-way: some of its notices may have gone.'),
    ('unchanged', 'The export is the same as at the last run.'),
    ('older', 'The export is older than the one of the last run.'),
    ('too_old', 'The export is too old.'),
    ('missing', 'There is no export.'),
    ('no_answer', 'The folder of the export has not answered for ten minutes.'),
    ('still_written', 'The export was still being written half an hour later.'),
    ('unreadable', 'Bookpost may not read the export.'),
    ('command_failed', 'The command that makes the export failed.'),
    ('command_too_slow', 'The command that makes the export took more than ten minutes and was ended.'),
    ('command_too_much', 'The command wrote more than an export can hold and was ended.'),
    ('unclear_dates', 'The dates of the export can be read in two ways.'),
    ('unknown_columns', 'The columns of the export are not known.'),
    ('not_usable', 'The file is no export that can be used.'),
    ('settings', 'The settings of the notices must be put right first.'),
    ('not_now', 'It was not possible for the moment.')
);
INSERT INTO said SELECT 'drop_folder', column1, column2 FROM (VALUES
    ('folder_unusable', 'The drop folder % cannot be used: %'),
    ('notices_unusable', 'No notices can be made until this is put right: %'),
    ('export_unreadable', 'The export % in the drop folder cannot be read: %'),
    ('export_wants_settings', 'The export % in the drop folder cannot be run before the settings are put right; %'),
    ('export_not_now', 'The export % in the drop folder could not be run for the moment. %'),
    ('export_stays', 'The export % is finished, but cannot be moved to %'),
    ('export_kept', 'What was put into the drop folder is finished, but cannot be deleted: %'),
    ('undeliverable_unreadable', 'Undeliverable mail in % cannot be read: %')
);
-- The longest sentence is the one that says most.
UPDATE alarm SET reason = (
    SELECT said.reason FROM said
    WHERE instr(said.kinds, alarm.kind) > 0 AND alarm.text LIKE pattern
    ORDER BY length(pattern) DESC LIMIT 1
);
UPDATE alarm SET reason = 'export_old' WHERE kind = 'drop_folder' AND subject GLOB 'old export: *';
UPDATE alarm SET reason = 'export_refused' WHERE kind = 'drop_folder' AND subject GLOB 'refused export: *';
DROP TABLE said;
UPDATE alarm SET told_of = reason WHERE ended_at IS NULL AND told > 0;
