-- How many recipients came within a quarter of an hour (counted from 1970) to the end that they have now, or into doubt, by library ('': of
-- none) and state. Kept as the other tally is, in the transaction of each change, whoever makes it. What came to another end since moves;
-- what is deleted when it is old stays counted, as it did come to that end.
CREATE TABLE answered (
    quarter    INTEGER NOT NULL,
    site       TEXT NOT NULL,
    state      INTEGER NOT NULL,
    recipients INTEGER NOT NULL,
    PRIMARY KEY (quarter, site, state)
) STRICT, WITHOUT ROWID;

-- What is older than nine days is asked for by nobody.
INSERT INTO answered
SELECT coalesce(r.settled_at, r.aside_at) / 900000000, coalesce(m.site, ''), r.state, count(*)
FROM recipient r JOIN message m ON m.id = r.id / 65536
WHERE r.state BETWEEN 2 AND 5
    AND coalesce(r.settled_at, r.aside_at) / 900000000 >= coalesce((SELECT value FROM meta WHERE name = 'clock_seen_at'), 0) / 900000000 - 864
GROUP BY 1, 2, 3;

CREATE TRIGGER answered_given AFTER UPDATE OF state ON recipient WHEN NEW.state BETWEEN 2 AND 5 AND NEW.state <> OLD.state
BEGIN
    INSERT INTO answered SELECT coalesce(NEW.settled_at, NEW.aside_at) / 900000000, coalesce(site, ''), NEW.state, 1 FROM message WHERE id = NEW.id / 65536
    ON CONFLICT DO UPDATE SET recipients = recipients + 1;
END;

-- Where that is so long ago that it is counted no more, there is nothing to correct.
CREATE TRIGGER answered_corrected AFTER UPDATE OF state ON recipient WHEN OLD.state BETWEEN 2 AND 5 AND NEW.state <> OLD.state
BEGIN
    UPDATE answered SET recipients = recipients - 1
    WHERE quarter = coalesce(OLD.settled_at, OLD.aside_at) / 900000000 AND state = OLD.state
        AND site = (SELECT coalesce(site, '') FROM message WHERE id = OLD.id / 65536);
END;

-- The first page and the preferences ask for the last line of the log of a kind or about something, and for the last fault of a server.
CREATE INDEX audit_what ON audit (what);
CREATE INDEX audit_about ON audit (about);
CREATE INDEX alarm_ended ON alarm (subject, ended_at) WHERE ended_at IS NOT NULL;
