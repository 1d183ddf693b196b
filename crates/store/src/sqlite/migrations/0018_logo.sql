-- The logo of a site, by its branch code. It stays where the site is removed, as that may be undone.
CREATE TABLE logo (
    site       TEXT PRIMARY KEY,
    media_type TEXT NOT NULL,
    bytes      BLOB NOT NULL
) STRICT, WITHOUT ROWID;
