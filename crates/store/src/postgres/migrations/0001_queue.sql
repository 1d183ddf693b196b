-- The queue on PostgreSQL (docs/adr/0021-two-databases.md). Instants are microseconds since 1970 (UTC). Codes of states, classes and kinds: codes.rs.
-- Texts are compared octet by octet, as in SQLite.

CREATE TABLE meta (
    name  TEXT COLLATE "C" PRIMARY KEY,
    value BIGINT NOT NULL
);

-- The database's own clock, in microseconds.
CREATE FUNCTION clock_micros() RETURNS BIGINT LANGUAGE sql VOLATILE AS
$$ SELECT floor(extract(epoch FROM clock_timestamp()) * 1000000)::BIGINT $$;

-- Each opening of the queue by a machine. What it claimed is its own until the lease ends, by the database's clock.
CREATE TABLE worker (
    epoch       BIGINT PRIMARY KEY,
    machine     TEXT COLLATE "C" NOT NULL,
    folder      TEXT COLLATE "C" NOT NULL,              -- the id in the machine's data folder
    begun_at    BIGINT NOT NULL,
    lease_until BIGINT NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 50, autovacuum_vacuum_scale_factor = 0);

-- Facts of a message; never changed.
CREATE SEQUENCE message_id;
CREATE TABLE message (
    id            BIGINT PRIMARY KEY,
    run           BIGINT,
    size          BIGINT NOT NULL,
    accepted_at   BIGINT NOT NULL,
    first_due_at  BIGINT NOT NULL,
    kind          SMALLINT NOT NULL,
    class         SMALLINT NOT NULL,
    door          SMALLINT,
    ret           SMALLINT,
    practice      BOOLEAN NOT NULL,
    application   TEXT COLLATE "C" NOT NULL,
    site          TEXT COLLATE "C",
    reverse_path  TEXT COLLATE "C",
    envelope_id   TEXT COLLATE "C",
    message_id    TEXT COLLATE "C" NOT NULL,
    subject       TEXT COLLATE "C" NOT NULL,
    patron_name   TEXT COLLATE "C",
    patron_number TEXT COLLATE "C",
    tags          TEXT[] COLLATE "C"                    -- an application's own words for it
);
CREATE INDEX message_run ON message (run, id) WHERE run IS NOT NULL;
CREATE INDEX message_application ON message (application, id) WHERE run IS NULL AND kind = 0;
CREATE INDEX message_patron ON message (patron_number, site) WHERE patron_number IS NOT NULL;
CREATE INDEX message_sent_again ON message ((tags[2])) WHERE tags[1] = 'sent again';
CREATE INDEX message_accepted ON message (accepted_at, id);
CREATE INDEX message_copy ON message (run) WHERE tags[1] = 'copy to a teacher';

-- The bytes, written once, erased by retention. They are compressed by nobody: most of a mail is encoded already.
CREATE TABLE body (
    message BIGINT PRIMARY KEY,
    bytes   BYTEA NOT NULL
);
ALTER TABLE body ALTER bytes SET STORAGE EXTERNAL;

-- Facts of a recipient; never changed. id = message * 65536 + ordinal.
CREATE TABLE addressee (
    id       BIGINT PRIMARY KEY,
    notify   SMALLINT,
    address  TEXT COLLATE "C" NOT NULL,
    original TEXT COLLATE "C"
);
CREATE INDEX addressee_address ON addressee (lower(address), id);
CREATE INDEX addressee_domain ON addressee (lower(substring(address FROM '[^@]*$')), id);

-- Recipients that are not done with: the hot table, so it is narrow and stays short. A row goes to `done` when it comes to its end.
CREATE TABLE live (
    id          BIGINT PRIMARY KEY,
    source      BIGINT NOT NULL,            -- whose mail it is where mail of one class takes turns
    expires_at  BIGINT NOT NULL,
    due_at      BIGINT,
    lease       BIGINT,
    claimed_in  BIGINT,                     -- epoch of whoever claimed it
    marked_at   BIGINT,                     -- transmission begun, by the database's clock
    aside_at    BIGINT,                     -- since when it waits for a person
    in_doubt_at BIGINT,                     -- never cleared
    outdated_by BIGINT,
    attempts    INTEGER NOT NULL DEFAULT 0,
    strikes     INTEGER NOT NULL DEFAULT 0,
    state       SMALLINT NOT NULL,
    class       SMALLINT NOT NULL,
    alone       SMALLINT NOT NULL DEFAULT 0, -- 1: to be attempted alone; 2: being attempted alone
    practice    BOOLEAN NOT NULL,
    reason      TEXT COLLATE "C",
    note        TEXT COLLATE "C",                       -- what stands for an answer when there was no attempt
    outdated_why TEXT COLLATE "C",
    CHECK (state IN (0, 1, 2, 6)),          -- by which the planner leaves a table out
    CHECK (CASE state
        WHEN 0 THEN due_at IS NOT NULL AND lease IS NULL AND claimed_in IS NULL AND marked_at IS NULL AND alone < 2 AND aside_at IS NULL
        WHEN 1 THEN due_at IS NOT NULL AND lease IS NOT NULL AND claimed_in IS NOT NULL AND aside_at IS NULL
        WHEN 2 THEN due_at IS NULL AND lease IS NULL AND claimed_in IS NULL AND marked_at IS NULL AND alone = 0 AND aside_at IS NOT NULL AND in_doubt_at IS NOT NULL
        WHEN 6 THEN due_at IS NULL AND lease IS NULL AND claimed_in IS NULL AND marked_at IS NULL AND alone = 0 AND aside_at IS NOT NULL
        ELSE false END)
) WITH (fillfactor = 70, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0.02,
        autovacuum_analyze_threshold = 1000, autovacuum_analyze_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX live_turn ON live (practice, class, source, due_at, id) WHERE state = 0 AND alone = 0;
CREATE INDEX live_alone ON live (practice, due_at, id) WHERE state = 0 AND alone = 1;
CREATE INDEX live_expiring ON live (practice, expires_at, id) WHERE state = 0;
CREATE INDEX live_claimed ON live (claimed_in) WHERE state = 1;
CREATE INDEX live_aside ON live (aside_at, id) WHERE state IN (2, 6);
CREATE INDEX live_mailbox_full ON live (expires_at) WHERE state = 0 AND reason = 'mailbox_full' AND NOT practice;

-- Recipients that came to their end; written once, and changed only where mail comes back or a report tells of it.
CREATE TABLE done (
    id          BIGINT PRIMARY KEY,
    source      BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    settled_at  BIGINT NOT NULL,
    in_doubt_at BIGINT,
    reported_in BIGINT,                     -- the return report that told of it
    outdated_by BIGINT,
    attempts    INTEGER NOT NULL,
    strikes     INTEGER NOT NULL,
    state       SMALLINT NOT NULL,
    class       SMALLINT NOT NULL,
    practice    BOOLEAN NOT NULL,
    reason      TEXT COLLATE "C",
    note        TEXT COLLATE "C",
    outdated_why TEXT COLLATE "C",
    CHECK (state IN (3, 4, 5, 7)),
    CHECK (CASE state WHEN 3 THEN NOT practice WHEN 4 THEN practice WHEN 5 THEN true WHEN 7 THEN true ELSE false END)
);
CREATE INDEX done_returned ON done (settled_at) WHERE state = 5;
CREATE INDEX done_unreachable ON done (id) WHERE state = 5 AND NOT practice
    AND reason IN ('address_unknown', 'domain_unknown', 'mailbox_disabled', 'mailbox_full', 'utf8_unsupported');
CREATE INDEX done_in_doubt ON done (in_doubt_at) WHERE in_doubt_at IS NOT NULL;

-- Both, for whoever only reads.
CREATE VIEW recipient AS
SELECT id, source, expires_at, due_at, lease, claimed_in, aside_at, NULL::BIGINT AS settled_at, in_doubt_at, NULL::BIGINT AS reported_in, outdated_by,
    attempts, strikes, state, class, alone, practice, reason, note, outdated_why FROM live
UNION ALL
SELECT id, source, expires_at, NULL, NULL, NULL, NULL, settled_at, in_doubt_at, reported_in, outdated_by,
    attempts, strikes, state, class, 0::SMALLINT, practice, reason, note, outdated_why FROM done;

-- The timeline of a recipient.
CREATE TABLE attempt (
    recipient      BIGINT NOT NULL,
    n              INTEGER NOT NULL,
    phase          SMALLINT NOT NULL,
    started_at     BIGINT NOT NULL,
    ended_at       BIGINT NOT NULL,
    instead_since  BIGINT,
    server         TEXT COLLATE "C" NOT NULL,
    reason         TEXT COLLATE "C",
    answer         TEXT COLLATE "C" NOT NULL,
    instead_reason TEXT COLLATE "C",
    PRIMARY KEY (recipient, n)
);

-- Counts are kept by adding lines, and never by changing one, so that nobody waits for another to count: a number is the sum of its
-- lines, which are put together now and then. State 8: ever in doubt.
CREATE TABLE counted (
    state      SMALLINT NOT NULL,
    recipients BIGINT NOT NULL
) WITH (autovacuum_vacuum_threshold = 500, autovacuum_vacuum_scale_factor = 0);
-- By the quarter of an hour of acceptance, and library ('': of none).
CREATE TABLE tally (
    quarter    BIGINT NOT NULL,
    recipients BIGINT NOT NULL,
    state      SMALLINT NOT NULL,
    site       TEXT COLLATE "C" NOT NULL
) WITH (autovacuum_vacuum_threshold = 500, autovacuum_vacuum_scale_factor = 0);
CREATE INDEX tally_quarter ON tally (quarter);
-- By the quarter in which they came to the end that they have now, or into doubt.
CREATE TABLE answered (
    quarter    BIGINT NOT NULL,
    recipients BIGINT NOT NULL,
    state      SMALLINT NOT NULL,
    site       TEXT COLLATE "C" NOT NULL
) WITH (autovacuum_vacuum_threshold = 500, autovacuum_vacuum_scale_factor = 0);
CREATE INDEX answered_quarter ON answered (quarter);

CREATE FUNCTION count_entered() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO counted SELECT state, count(*) FROM entered GROUP BY state;
    INSERT INTO counted SELECT 8, count(*) FROM entered WHERE in_doubt_at IS NOT NULL HAVING count(*) > 0;
    INSERT INTO tally (quarter, site, state, recipients)
        SELECT m.accepted_at / 900000000, coalesce(m.site, ''), e.state, count(*)
        FROM entered e JOIN message m ON m.id = e.id / 65536 GROUP BY 1, 2, 3;
    RETURN NULL;
END $$;

CREATE FUNCTION count_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO counted SELECT state, -count(*) FROM gone GROUP BY state;
    INSERT INTO counted SELECT 8, -count(*) FROM gone WHERE in_doubt_at IS NOT NULL HAVING count(*) > 0;
    INSERT INTO tally (quarter, site, state, recipients)
        SELECT m.accepted_at / 900000000, coalesce(m.site, ''), g.state, -count(*)
        FROM gone g JOIN message m ON m.id = g.id / 65536 GROUP BY 1, 2, 3;
    RETURN NULL;
END $$;

CREATE FUNCTION count_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO counted SELECT state, sum(n) FROM (
        SELECT e.state, count(*) AS n FROM entered e JOIN gone g USING (id) WHERE e.state <> g.state GROUP BY e.state
        UNION ALL SELECT g.state, -count(*) FROM entered e JOIN gone g USING (id) WHERE e.state <> g.state GROUP BY g.state) moved
    GROUP BY state HAVING sum(n) <> 0;
    INSERT INTO counted SELECT 8, count(*) FROM entered e JOIN gone g USING (id)
        WHERE e.in_doubt_at IS NOT NULL AND g.in_doubt_at IS NULL HAVING count(*) > 0;
    INSERT INTO tally (quarter, site, state, recipients)
        SELECT m.accepted_at / 900000000, coalesce(m.site, ''), moved.state, sum(n)
        FROM (SELECT e.id, e.state, 1 AS n FROM entered e JOIN gone g USING (id) WHERE e.state <> g.state
            UNION ALL SELECT g.id, g.state, -1 FROM entered e JOIN gone g USING (id) WHERE e.state <> g.state) moved
        JOIN message m ON m.id = moved.id / 65536 GROUP BY 1, 2, 3 HAVING sum(n) <> 0;
    RETURN NULL;
END $$;

-- Corrects what was counted of an end or a doubt that is over. Where that is so long ago that it is counted no more, there is nothing to correct.
CREATE FUNCTION answered_corrected(ids BIGINT[], quarters BIGINT[], states SMALLINT[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO answered (quarter, site, state, recipients)
    SELECT o.quarter, coalesce(m.site, ''), o.state, -count(*)
    FROM unnest(ids, quarters, states) AS o (id, quarter, state) JOIN message m ON m.id = o.id / 65536
    WHERE EXISTS (SELECT 1 FROM answered a WHERE a.quarter = o.quarter AND a.state = o.state AND a.site = coalesce(m.site, ''))
    GROUP BY 1, 2, 3
$$;

CREATE FUNCTION answered_done() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO answered (quarter, site, state, recipients)
        SELECT e.settled_at / 900000000, coalesce(m.site, ''), e.state, count(*)
        FROM entered e JOIN message m ON m.id = e.id / 65536 GROUP BY 1, 2, 3;
    RETURN NULL;
END $$;

CREATE FUNCTION answered_anew() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM answered_corrected(array_agg(g.id), array_agg(g.settled_at / 900000000), array_agg(g.state))
        FROM gone g JOIN entered e USING (id) WHERE e.state <> g.state HAVING count(*) > 0;
    INSERT INTO answered (quarter, site, state, recipients)
        SELECT e.settled_at / 900000000, coalesce(m.site, ''), e.state, count(*)
        FROM entered e JOIN gone g USING (id) JOIN message m ON m.id = e.id / 65536 WHERE e.state <> g.state GROUP BY 1, 2, 3;
    RETURN NULL;
END $$;

CREATE FUNCTION answered_doubted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM answered_corrected(array_agg(g.id), array_agg(g.aside_at / 900000000), array_agg(g.state))
        FROM gone g JOIN entered e USING (id) WHERE g.state = 2 AND e.state <> 2 HAVING count(*) > 0;
    INSERT INTO answered (quarter, site, state, recipients)
        SELECT e.aside_at / 900000000, coalesce(m.site, ''), e.state, count(*)
        FROM entered e JOIN gone g USING (id) JOIN message m ON m.id = e.id / 65536 WHERE e.state = 2 AND g.state <> 2 GROUP BY 1, 2, 3;
    RETURN NULL;
END $$;

CREATE FUNCTION answered_certain() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM answered_corrected(array_agg(g.id), array_agg(g.aside_at / 900000000), array_agg(g.state))
        FROM gone g WHERE g.state = 2 HAVING count(*) > 0;
    RETURN NULL;
END $$;

CREATE TRIGGER counted_entered AFTER INSERT ON live REFERENCING NEW TABLE AS entered FOR EACH STATEMENT EXECUTE FUNCTION count_entered();
CREATE TRIGGER counted_moved AFTER UPDATE ON live REFERENCING NEW TABLE AS entered OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION count_moved();
CREATE TRIGGER counted_gone AFTER DELETE ON live REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION count_gone();
CREATE TRIGGER doubted AFTER UPDATE ON live REFERENCING NEW TABLE AS entered OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION answered_doubted();
CREATE TRIGGER certain AFTER DELETE ON live REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION answered_certain();
CREATE TRIGGER counted_entered AFTER INSERT ON done REFERENCING NEW TABLE AS entered FOR EACH STATEMENT EXECUTE FUNCTION count_entered();
CREATE TRIGGER counted_moved AFTER UPDATE ON done REFERENCING NEW TABLE AS entered OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION count_moved();
CREATE TRIGGER counted_gone AFTER DELETE ON done REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION count_gone();
CREATE TRIGGER answered AFTER INSERT ON done REFERENCING NEW TABLE AS entered FOR EACH STATEMENT EXECUTE FUNCTION answered_done();
CREATE TRIGGER answered_anew AFTER UPDATE ON done REFERENCING NEW TABLE AS entered OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION answered_anew();

-- Reports still owed; a row goes when the report that covers it is accepted.
CREATE TABLE obligation (
    recipient      BIGINT PRIMARY KEY,
    owed_since     BIGINT NOT NULL,
    return_address TEXT COLLATE "C" NOT NULL
);
CREATE INDEX obligation_since ON obligation (owed_since);

-- Requests that are made once, with the answer that each of them got.
CREATE TABLE once (
    application TEXT COLLATE "C" NOT NULL,
    key         TEXT COLLATE "C" NOT NULL,
    fingerprint BYTEA NOT NULL,
    answer      BYTEA NOT NULL,
    made_at     BIGINT NOT NULL,
    PRIMARY KEY (application, key)
);
CREATE INDEX once_made ON once (made_at);

-- What happened to the mail of applications. Ids are given under a lock that is held until the commit (events.rs), so that they are seen in their order.
CREATE SEQUENCE event_id;
CREATE TABLE event (
    source          BIGINT NOT NULL,
    id              BIGINT NOT NULL,
    happened_at     BIGINT NOT NULL,
    recipient       BIGINT NOT NULL,
    next_attempt_at BIGINT,
    attempt         INTEGER,                -- the one that led here
    kind            SMALLINT NOT NULL,
    reason          TEXT COLLATE "C",                   -- where there was no attempt
    PRIMARY KEY (source, id)
);

-- How many recipients each mail server took, by stretches of a few minutes. Lines of one stretch are added up.
CREATE TABLE sent (
    server  TEXT COLLATE "C" NOT NULL,                  -- as attempts name it
    sent_at BIGINT NOT NULL,                -- the first of the stretch
    count   BIGINT NOT NULL
);
CREATE INDEX sent_server ON sent (server, sent_at);

-- What a mail server that had accepted a message said of it later: at most one failure and one delay for each recipient.
CREATE TABLE came_back (
    recipient BIGINT NOT NULL,
    failed    BOOLEAN NOT NULL,             -- given up; or still being tried
    noted_at  BIGINT NOT NULL,
    until     BIGINT,                       -- of a delay: until when it will be tried
    reason    TEXT COLLATE "C" NOT NULL,
    by        TEXT COLLATE "C",                         -- who reported it, as it names itself
    words     TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (recipient, failed)
);

-- What return paths of messages are signed with, so that nobody can make one up (docs/adr/0013-mail-that-comes-back.md).
CREATE TABLE return_path_key (
    key BYTEA NOT NULL
);

-- Notice runs.
CREATE TABLE run (
    id            BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    notice        TEXT COLLATE "C" NOT NULL,
    source        TEXT COLLATE "C" NOT NULL,
    practice      BOOLEAN NOT NULL,
    started_at    BIGINT NOT NULL,
    finished_at   BIGINT,
    exported_at   BIGINT,                   -- when the export was made that it took
    stopped_at    BIGINT,
    stopped_by    TEXT COLLATE "C",                     -- JSON
    stopped_sites TEXT COLLATE "C",                     -- JSON; an empty list: for all
    begun_by      TEXT COLLATE "C",                     -- JSON
    request       TEXT COLLATE "C"
);
CREATE UNIQUE INDEX run_request ON run (request) WHERE request IS NOT NULL;

CREATE TABLE left_out (
    run    BIGINT NOT NULL,
    n      BIGINT NOT NULL,
    line   BIGINT,
    why    TEXT COLLATE "C" NOT NULL,
    who    TEXT COLLATE "C" NOT NULL,
    detail TEXT COLLATE "C" NOT NULL,
    site   TEXT COLLATE "C",
    PRIMARY KEY (run, n)
);
CREATE INDEX left_out_why ON left_out (run, why, n);

-- What was written to whom, by notice and item, and by which message.
CREATE TABLE ledger (
    notice     TEXT COLLATE "C" NOT NULL,
    item       TEXT COLLATE "C" NOT NULL,
    written_at BIGINT NOT NULL,
    message    BIGINT,
    site       TEXT COLLATE "C",                        -- the library that the item belongs to, where another one wrote about it
    PRIMARY KEY (notice, item)
);
CREATE INDEX ledger_message ON ledger (message) WHERE message IS NOT NULL;

-- What an export held of each library: how many items, and some of their keys (JSON).
CREATE TABLE export_part (
    run    BIGINT NOT NULL,
    items  BIGINT NOT NULL,
    site   TEXT COLLATE "C" NOT NULL,
    sample TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (run, site)
);

-- By what the export of a run is known again.
CREATE TABLE run_export (
    run    BIGINT PRIMARY KEY,
    digest BYTEA NOT NULL,                  -- SHA-256
    sites  TEXT COLLATE "C" NOT NULL                    -- JSON: only patrons of these libraries; none: of all
);
CREATE INDEX run_export_digest ON run_export (digest);

-- What marked mail had written about: the rows of the ledger that go if nobody gets it in the end.
CREATE TABLE outdated (
    message BIGINT NOT NULL,
    notice  TEXT COLLATE "C" NOT NULL,
    item    TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (message, notice, item)
);

-- What people set and do: as in SQLite.

CREATE TABLE alarm (
    id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind       TEXT COLLATE "C" NOT NULL,
    subject    TEXT COLLATE "C" NOT NULL,
    text       TEXT COLLATE "C" NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at   BIGINT,
    told       BIGINT NOT NULL DEFAULT 0,   -- how often people were told of it
    reason     TEXT COLLATE "C",                        -- why it is open, as a word
    told_of    TEXT COLLATE "C"                         -- the reasons of which people were told, parted by spaces
);
CREATE UNIQUE INDEX alarm_open ON alarm (kind, subject) WHERE ended_at IS NULL;
CREATE INDEX alarm_ended ON alarm (subject, ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE application (
    id          BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        TEXT COLLATE "C" NOT NULL,
    settings    TEXT COLLATE "C" NOT NULL,              -- ApplicationSettings as JSON: read and written whole
    made_at     BIGINT NOT NULL,
    disabled_at BIGINT
);
CREATE UNIQUE INDEX application_name ON application (lower(name));

-- A key's secret is nowhere: only its SHA-256 is.
CREATE TABLE application_key (
    id          TEXT COLLATE "C" PRIMARY KEY,
    application BIGINT NOT NULL REFERENCES application (id),
    hash        BYTEA NOT NULL CHECK (length(hash) = 32),
    made_at     BIGINT NOT NULL,
    used_at     BIGINT,
    revoked_at  BIGINT
);

-- Web addresses that are told of the events of an application.
CREATE TABLE webhook (
    id              BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    application     BIGINT NOT NULL REFERENCES application (id),
    url             TEXT COLLATE "C" NOT NULL,
    kinds           TEXT COLLATE "C" NOT NULL,          -- a list in JSON; empty: all
    secret          BYTEA NOT NULL,         -- sealed
    made_at         BIGINT NOT NULL,
    told            BIGINT NOT NULL,        -- the last event that it was told of, or that does not concern it
    told_at         BIGINT,
    failing_since   BIGINT,
    retried_until   BIGINT,                 -- the last event of the request that failed: it is made again as it was
    next_attempt_at BIGINT,
    trouble         TEXT COLLATE "C",
    given_up        BIGINT NOT NULL DEFAULT 0
);

-- While there is a row nothing is sent. Why: PauseWhy as JSON.
CREATE TABLE pause (
    one      BIGINT PRIMARY KEY CHECK (one = 1),
    began_at BIGINT NOT NULL,
    why      TEXT COLLATE "C" NOT NULL
);

-- What people set while the program runs, by the names that the configuration has; each value is JSON.
CREATE TABLE preference (
    name  TEXT COLLATE "C" PRIMARY KEY,
    value TEXT COLLATE "C" NOT NULL
);

-- Each change with the values before and after, so that it can be shown and undone.
CREATE TABLE preference_change (
    version    BIGINT PRIMARY KEY,
    changed_at BIGINT NOT NULL,
    changed_by TEXT COLLATE "C" NOT NULL,
    changed    TEXT COLLATE "C" NOT NULL
);

-- The staff who sign in.
CREATE TABLE person (
    id               BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email            TEXT COLLATE "C" NOT NULL,
    sign_in          TEXT COLLATE "C" NOT NULL UNIQUE,  -- the address as all its spellings have it
    name             TEXT COLLATE "C" NOT NULL,
    role             TEXT COLLATE "C" NOT NULL,
    sites            TEXT COLLATE "C" NOT NULL,         -- a list in JSON; empty: all
    language         TEXT COLLATE "C",
    added_at         BIGINT NOT NULL,
    disabled_at      BIGINT,
    last_sign_in_at  BIGINT,
    looked_at        BIGINT,
    looked_before_at BIGINT,
    password         TEXT COLLATE "C"                   -- Argon2id, as a PHC string
);

-- A token is nowhere: only its SHA-256 is.
CREATE TABLE session (
    id       BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token    BYTEA NOT NULL UNIQUE CHECK (length(token) = 32),
    person   BIGINT NOT NULL REFERENCES person (id),
    begun_at BIGINT NOT NULL,
    seen_at  BIGINT NOT NULL,
    peer     TEXT COLLATE "C" NOT NULL,
    browser  TEXT COLLATE "C"
);
CREATE INDEX session_person ON session (person);

CREATE TABLE link (
    code       BYTEA PRIMARY KEY CHECK (length(code) = 32),
    person     BIGINT REFERENCES person (id),     -- nobody: to set up
    expires_at BIGINT NOT NULL,
    purpose    TEXT COLLATE "C" NOT NULL
);

-- Keys of people's own, for programs that administer.
CREATE TABLE person_key (
    id         TEXT COLLATE "C" PRIMARY KEY,
    person     BIGINT NOT NULL REFERENCES person (id),
    hash       BYTEA NOT NULL CHECK (length(hash) = 32),
    made_at    BIGINT NOT NULL,
    used_at    BIGINT,
    revoked_at BIGINT
);
CREATE INDEX person_key_person ON person_key (person);

-- What people changed.
CREATE TABLE audit (
    id          BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    happened_at BIGINT NOT NULL,
    person      BIGINT,                     -- nobody: the command line, or the configuration
    who         TEXT COLLATE "C" NOT NULL,
    what        TEXT COLLATE "C" NOT NULL,
    about       TEXT COLLATE "C" NOT NULL,
    old         TEXT COLLATE "C",
    new         TEXT COLLATE "C"
);
CREATE INDEX audit_what ON audit (what, id);
CREATE INDEX audit_about ON audit (about, id);
CREATE FUNCTION audit_stays() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the log is only added to'; END $$;
CREATE TRIGGER audit_stays BEFORE DELETE OR UPDATE OR TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_stays();

-- The logo of a site, by its branch code.
CREATE TABLE logo (
    site       TEXT COLLATE "C" PRIMARY KEY,
    media_type TEXT COLLATE "C" NOT NULL,
    bytes      BYTEA NOT NULL
);

-- What people said of the columns of exports that are not known, for all later exports that have the same columns.
CREATE TABLE known_columns (
    shape     TEXT COLLATE "C" PRIMARY KEY,             -- the columns' names, in the order of the alphabet, one a line
    chosen    TEXT COLLATE "C" NOT NULL,                -- JSON: what each is that is used
    chosen_by TEXT COLLATE "C" NOT NULL,
    chosen_at BIGINT NOT NULL
);

-- Notices that are sent by themselves. `next_due` and `due` are moments of the calendar.
CREATE TABLE schedule (
    id        BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name      TEXT COLLATE "C" NOT NULL UNIQUE,
    plan      TEXT COLLATE "C" NOT NULL,                -- SchedulePlan as JSON
    version   BIGINT NOT NULL DEFAULT 1,    -- rises with each change of the plan
    next_due  BIGINT,                       -- NULL: not again
    skips     BIGINT,                       -- the moment that is to be left out
    paused_at BIGINT,
    made_at   BIGINT NOT NULL,
    made_by   TEXT COLLATE "C" NOT NULL                 -- Actor as JSON
);

-- What each due moment came to. That a row is there means that the moment was taken: nobody takes it again.
CREATE TABLE schedule_turn (
    schedule BIGINT NOT NULL,
    due      BIGINT NOT NULL,
    missed   BIGINT NOT NULL DEFAULT 0,     -- later moments that had passed as well, and that it stands for
    begun_at BIGINT NOT NULL,
    ended_at BIGINT,
    run      BIGINT,
    written  BIGINT,                        -- when the export was last written to, by the computer it lies on
    asked_by TEXT COLLATE "C",                          -- Actor as JSON: somebody asked for it at that moment
    came_to  TEXT COLLATE "C",
    detail   TEXT COLLATE "C",                          -- for whoever looks after the computer
    digest   BYTEA,                         -- SHA-256 of the export
    PRIMARY KEY (schedule, due)
);
CREATE INDEX schedule_turn_open ON schedule_turn (schedule) WHERE ended_at IS NULL;

-- Notices that can be run. One that is built in has a row only where somebody changed something about it.
CREATE TABLE saved_notice (
    slug       TEXT COLLATE "C" PRIMARY KEY,            -- its name in the ledger and in runs
    settings   TEXT COLLATE "C" NOT NULL,               -- JSON
    version    BIGINT NOT NULL,             -- rises with each change
    made_at    BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    removed_at BIGINT,                      -- it is not run any more, and can be had back
    made_by    TEXT COLLATE "C" NOT NULL,               -- JSON
    changed_by TEXT COLLATE "C" NOT NULL                -- JSON
);

-- What they say. A row stays when the wording goes back to what is built in, so that its version rises for ever.
CREATE TABLE wording (
    notice     TEXT COLLATE "C" NOT NULL,
    site       TEXT COLLATE "C" NOT NULL,               -- '': for all that have none of their own
    language   TEXT COLLATE "C" NOT NULL,               -- en, es
    subject    TEXT COLLATE "C",                        -- NULL: what is built in
    text       TEXT COLLATE "C",
    html       TEXT COLLATE "C",                        -- NULL: made of the text
    version    BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    changed_by TEXT COLLATE "C" NOT NULL,               -- JSON
    before     TEXT COLLATE "C",                        -- what it said before its last change (JSON)
    PRIMARY KEY (notice, site, language)
);

-- Accounts at mail providers that mail is sent by, each with what its owner was given when they signed in.
CREATE TABLE mail_account (
    provider      TEXT COLLATE "C" PRIMARY KEY,         -- google, microsoft
    account       TEXT COLLATE "C" NOT NULL,            -- the address of whoever signed in
    scopes        TEXT COLLATE "C" NOT NULL,            -- what they agreed to, as the provider says it
    tokens        BYTEA NOT NULL,           -- sealed
    asked         BYTEA,                    -- sealed: by what a question is asked again of which the answer was lost
    connected_at  BIGINT NOT NULL,
    usable_until  BIGINT NOT NULL,          -- when the token that servers are shown ends
    refresh_at    BIGINT NOT NULL,          -- when another is asked for, though nothing is sent
    refreshed_at  BIGINT,                   -- when one was given last
    failed_at     BIGINT,                   -- when none was given; NULL: that is over
    signed_out_at BIGINT,                   -- the provider will give none any more
    lease         BIGINT,                   -- who asks for one now
    leased_until  BIGINT,
    connected_by  TEXT COLLATE "C" NOT NULL,            -- JSON
    failure       TEXT COLLATE "C",                     -- why, as the provider says it
    reason        TEXT COLLATE "C"                      -- why no token was given, as reasons are named
);

-- Other installations, whose people sign in at mail providers by the client that this one has there.
CREATE TABLE installation (
    key        TEXT COLLATE "C" PRIMARY KEY,            -- its public part
    hash       BYTEA NOT NULL,              -- of its secret
    name       TEXT COLLATE "C" NOT NULL,
    returns_to TEXT COLLATE "C" NOT NULL,               -- where browsers are led back to, and nowhere else
    made_by    TEXT COLLATE "C" NOT NULL,               -- JSON
    made_at    BIGINT NOT NULL,
    revoked_at BIGINT                       -- its key opens nothing any more
);

-- What was done for each of them. It is what their limits are counted by, and what says that a return was used.
CREATE TABLE brokered (
    id           BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    happened_at  BIGINT NOT NULL,
    returned_at  BIGINT,                    -- of a beginning: when a browser was led back with it first
    used_at      BIGINT,                    -- of a beginning: when it was fetched
    installation TEXT COLLATE "C" NOT NULL,
    what         TEXT COLLATE "C" NOT NULL,
    provider     TEXT COLLATE "C" NOT NULL,
    came         TEXT COLLATE "C",                      -- what came of it; NULL: nothing yet, or nobody knows
    once         BYTEA UNIQUE               -- of a beginning: names what is fetched for it, once
);
CREATE INDEX brokered_by_installation ON brokered (installation, what, happened_at);
CREATE INDEX brokered_by_installation_and_age ON brokered (installation, happened_at);
CREATE INDEX brokered_by_age ON brokered (happened_at);

-- What one machine at a time does, and which does it: for as long as its lease lasts.
CREATE TABLE duty (
    name  TEXT COLLATE "C" PRIMARY KEY,
    epoch BIGINT NOT NULL
);

-- Machines ring when mail waits that others may send, and when something changes that others go by (rings.rs). The bell is that of this schema.
CREATE FUNCTION bell() RETURNS TEXT LANGUAGE sql STABLE AS $$ SELECT 'bookpost ' || 'duty'::regclass::oid $$;
CREATE FUNCTION ring(what TEXT) RETURNS BOOLEAN LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_notify(bell(), what); RETURN true; END $$;
CREATE FUNCTION ring_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM ring('change'); RETURN NULL; END $$;
CREATE TRIGGER rings AFTER INSERT ON preference_change FOR EACH ROW EXECUTE FUNCTION ring_change();
CREATE TRIGGER rings AFTER INSERT OR DELETE ON pause FOR EACH ROW EXECUTE FUNCTION ring_change();
CREATE TRIGGER rings AFTER INSERT OR UPDATE OR DELETE ON application FOR EACH ROW EXECUTE FUNCTION ring_change();
CREATE TRIGGER rings AFTER INSERT OR UPDATE OF revoked_at OR DELETE ON application_key FOR EACH ROW EXECUTE FUNCTION ring_change();
CREATE TRIGGER rings AFTER INSERT OR UPDATE OR DELETE ON schedule FOR EACH ROW EXECUTE FUNCTION ring_change();
CREATE TRIGGER rings AFTER INSERT ON schedule_turn FOR EACH ROW EXECUTE FUNCTION ring_change();
CREATE TRIGGER rings AFTER INSERT OR UPDATE OF ended_at ON alarm FOR EACH ROW EXECUTE FUNCTION ring_change();

-- While there is a row the queue is at another place, or on its way there, and no machine works on it.
CREATE TABLE moved (
    one         BIGINT PRIMARY KEY DEFAULT 1 CHECK (one = 1),
    moved_at    BIGINT NOT NULL,
    epoch       BIGINT NOT NULL,            -- the opening under which it was moved
    has_arrived BOOLEAN NOT NULL,
    target      TEXT COLLATE "C" NOT NULL
);
