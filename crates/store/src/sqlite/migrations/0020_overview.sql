-- Mail that came back because of the address: who cannot be reached is looked for among it. No other mail has a part in this index.
CREATE INDEX recipient_unreachable ON recipient (state)
    WHERE state = 5 AND practice = 0 AND reason IN ('address_unknown', 'domain_unknown', 'mailbox_disabled', 'mailbox_full', 'utf8_unsupported');

-- To whom else a patron's mail went: somebody who was reached at another address is reached.
CREATE INDEX message_patron ON message (patron_number, site) WHERE patron_number IS NOT NULL;
CREATE INDEX message_sent_again ON message (json_extract(tags, '$[1]')) WHERE json_extract(tags, '$[0]') = 'sent again';

-- When somebody looked at the first page last, and when the visit before ended.
ALTER TABLE person ADD COLUMN looked_at INTEGER;
ALTER TABLE person ADD COLUMN looked_before_at INTEGER;
