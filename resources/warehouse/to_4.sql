-- What the file system said of each file before it was read, and which documents it gave.
CREATE TABLE read_files (
    file VARCHAR NOT NULL, size BIGINT NOT NULL, mtime_ns BIGINT NOT NULL, ctime_ns BIGINT NOT NULL,
    inode UBIGINT NOT NULL, recipe VARCHAR NOT NULL, items JSON NOT NULL
);
-- Units that can stand in a graph: of a relation both ends must be there.
CREATE VIEW current_units AS
    WITH entities AS (SELECT unit_id FROM current_knowledge_graph WHERE kind = 'entity')
    SELECT t.*, i.position FROM knowledge_graph t
    JOIN current_items i ON i.stage = 'knowledge_graph' AND i.key = t.key
    WHERE t.kind = 'entity' OR (t.source_id IN (FROM entities) AND t.target_id IN (FROM entities))
    ORDER BY i.position;
-- Every current judgement with its statement.
CREATE VIEW current_judged AS
    SELECT s.unit_id, s.statement_id, s.text, s.label, j.p_true, j.mass, j.method, j.key, i.position
    FROM current_items i JOIN judgements j ON j.key = i.key
    JOIN current_statements s ON s.statement_id = i.item_id
    WHERE i.stage = 'judgements' ORDER BY i.position, j.row_index;
-- The key of a row from what it is made of: as `domain.fingerprint`, so many hex digits of SHA-256.
CREATE MACRO row_key(parts) AS sha256(array_to_string(parts, chr(31)))[:32];
UPDATE schema_version SET version = 4;
