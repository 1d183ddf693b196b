-- What waits as a mailbox is full is told of on the first page, whatever else waits: it is found by itself.
CREATE INDEX recipient_mailbox_full ON recipient (expires_at)
    WHERE state = 0 AND reason = 'mailbox_full' AND practice = 0;
