-- What was last shown of a stage that came to its end; a stage whose inputs are unchanged is shown again from it.
CREATE TABLE materializations (
    stage VARCHAR PRIMARY KEY, number BIGINT NOT NULL, metadata JSON NOT NULL, checks JSON NOT NULL
);
UPDATE schema_version SET version = 3;
