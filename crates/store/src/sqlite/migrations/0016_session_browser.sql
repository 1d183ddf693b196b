-- With which browser on which system somebody signed in, in a few fixed words; nothing where it is not known.
ALTER TABLE session ADD COLUMN browser TEXT;
