-- Names as vectors of unit length, 16-bit floats in little-endian order, and what was embedded of each.
CREATE TABLE entity_embeddings (
    key VARCHAR NOT NULL, row_index INTEGER NOT NULL,
    entity_id VARCHAR NOT NULL, text VARCHAR NOT NULL, vector BLOB NOT NULL
);
CREATE VIEW current_entity_embeddings AS
    SELECT t.* FROM entity_embeddings t JOIN current_items i ON i.stage = 'entity_embeddings' AND i.key = t.key
    ORDER BY i.position, t.row_index;
UPDATE schema_version SET version = 10;
