-- What was left out of a row that has a result, such as a claim outside the user's schema: drops beside those of
-- whole rows, under the row's key.
CREATE TABLE dropped_parts (
    stage VARCHAR NOT NULL, key VARCHAR NOT NULL, part_index INTEGER NOT NULL,
    reason VARCHAR NOT NULL, detail VARCHAR NOT NULL, raw VARCHAR NOT NULL, dropped_at VARCHAR NOT NULL
);
CREATE OR REPLACE VIEW current_drops AS
    SELECT i.stage, i.position, i.item_id, i.document_id, d.key, d.reason, d.detail, d.raw, d.retry, d.dropped_at
    FROM current_items i JOIN (
        SELECT stage, key, 0 AS part_index, reason, detail, raw, retry, dropped_at FROM drops
        UNION ALL SELECT stage, key, part_index, reason, detail, raw, false, dropped_at FROM dropped_parts
    ) d ON i.stage = d.stage AND i.key = d.key
    ORDER BY i.stage, i.position, d.part_index;
UPDATE schema_version SET version = 6;
