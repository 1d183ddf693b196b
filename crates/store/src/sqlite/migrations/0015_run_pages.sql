-- Who began a run on the pages (Actor as JSON), and the request that it was begun by: one that is made twice makes one run.
ALTER TABLE run ADD COLUMN begun_by TEXT;
ALTER TABLE run ADD COLUMN request TEXT;
CREATE UNIQUE INDEX run_request ON run (request) WHERE request IS NOT NULL;

-- The library of whoever was left out, where it is known; and a list of those who were left out for one reason.
ALTER TABLE left_out ADD COLUMN site TEXT;
CREATE INDEX left_out_why ON left_out (run, why, n);
