-- Mail is found by its recipient: by the address or how it begins, and by the domain, which is what stands after the last @. Both stay as
-- they are in whatever state a recipient is.
CREATE INDEX recipient_address ON recipient (address COLLATE NOCASE);
CREATE INDEX recipient_domain ON recipient (substr(address, length(rtrim(address, replace(address, '@', ''))) + 1) COLLATE NOCASE);

-- How many recipients that were accepted within a quarter of an hour (counted from 1970) are in which state, by library ('': of none). Kept
-- in the transaction of each change, whoever makes it. Quarters that are long over are put together as number 0.
CREATE TABLE tally (
    quarter    INTEGER NOT NULL,
    site       TEXT NOT NULL,
    state      INTEGER NOT NULL,
    recipients INTEGER NOT NULL,
    PRIMARY KEY (quarter, site, state)
) STRICT, WITHOUT ROWID;

INSERT INTO tally
SELECT m.accepted_at / 900000000, coalesce(m.site, ''), r.state, count(*)
FROM recipient r JOIN message m ON m.id = r.id / 65536 GROUP BY 1, 2, 3;

CREATE TRIGGER tally_entered AFTER INSERT ON recipient
BEGIN
    INSERT INTO tally SELECT accepted_at / 900000000, coalesce(site, ''), NEW.state, 1 FROM message WHERE id = NEW.id / 65536
    ON CONFLICT DO UPDATE SET recipients = recipients + 1;
END;

CREATE TRIGGER tally_moved AFTER UPDATE OF state ON recipient WHEN NEW.state <> OLD.state
BEGIN
    INSERT INTO tally SELECT accepted_at / 900000000, coalesce(site, ''), NEW.state, 1 FROM message WHERE id = NEW.id / 65536
    ON CONFLICT DO UPDATE SET recipients = recipients + 1;
    INSERT INTO tally SELECT accepted_at / 900000000, coalesce(site, ''), OLD.state, -1 FROM message WHERE id = OLD.id / 65536
    ON CONFLICT DO UPDATE SET recipients = recipients - 1;
END;

CREATE TRIGGER tally_left AFTER DELETE ON recipient
BEGIN
    INSERT INTO tally SELECT accepted_at / 900000000, coalesce(site, ''), OLD.state, -1 FROM message WHERE id = OLD.id / 65536
    ON CONFLICT DO UPDATE SET recipients = recipients - 1;
END;

-- The return report that told of a recipient.
ALTER TABLE recipient ADD COLUMN reported_in INTEGER;
