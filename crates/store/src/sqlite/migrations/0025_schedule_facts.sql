-- By what the export of a run is known again, whoever began it: what a person has run already, a schedule does not send again.
CREATE TABLE run_export (
    run    INTEGER PRIMARY KEY,
    digest BLOB NOT NULL,  -- SHA-256
    sites  TEXT NOT NULL   -- JSON: only patrons of these libraries; none: of all
) STRICT;
CREATE INDEX run_export_digest ON run_export (digest);

-- The moment that is to be left out. `skips_next` is kept for programs that know no other.
ALTER TABLE schedule ADD COLUMN skips INTEGER;
UPDATE schedule SET skips = next_due WHERE skips_next <> 0;
