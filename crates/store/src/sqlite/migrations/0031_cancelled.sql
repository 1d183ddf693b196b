-- What a person, a program or a newer export decided not to send is counted too when that is decided, so that what was handed in and what
-- came of it can be added up.
DROP TRIGGER answered_given;
DROP TRIGGER answered_corrected;

-- As far back as the others are counted.
INSERT INTO answered
SELECT r.settled_at / 900000000, coalesce(m.site, ''), r.state, count(*)
FROM recipient r JOIN message m ON m.id = r.id / 65536
WHERE r.state = 7 AND r.settled_at / 900000000 >= min(
    coalesce((SELECT value FROM meta WHERE name = 'clock_seen_at'), 0) / 900000000 - 864,
    coalesce((SELECT min(quarter) FROM answered), 9223372036854775807))
GROUP BY 1, 2, 3;

CREATE TRIGGER answered_given AFTER UPDATE OF state ON recipient WHEN NEW.state IN (2, 3, 4, 5, 7) AND NEW.state <> OLD.state
BEGIN
    INSERT INTO answered SELECT coalesce(NEW.settled_at, NEW.aside_at) / 900000000, coalesce(site, ''), NEW.state, 1 FROM message WHERE id = NEW.id / 65536
    ON CONFLICT DO UPDATE SET recipients = recipients + 1;
END;

CREATE TRIGGER answered_corrected AFTER UPDATE OF state ON recipient WHEN OLD.state IN (2, 3, 4, 5, 7) AND NEW.state <> OLD.state
BEGIN
    UPDATE answered SET recipients = recipients - 1
    WHERE quarter = coalesce(OLD.settled_at, OLD.aside_at) / 900000000 AND state = OLD.state
        AND site = (SELECT coalesce(site, '') FROM message WHERE id = OLD.id / 65536);
END;
