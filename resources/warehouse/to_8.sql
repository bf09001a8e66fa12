-- Kept free.
UPDATE schema_version SET version = 8;
