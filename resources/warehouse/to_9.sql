-- Pages of an encyclopedia about what the documents name, and what they say. A page is a document and a chunk.
CREATE TABLE enrichment (
    key VARCHAR NOT NULL, row_index INTEGER NOT NULL,
    entity_id VARCHAR NOT NULL, entity VARCHAR NOT NULL, document_id VARCHAR NOT NULL, chunk_id VARCHAR NOT NULL,
    version VARCHAR NOT NULL, title VARCHAR NOT NULL, text VARCHAR NOT NULL, revision BIGINT NOT NULL,
    language VARCHAR NOT NULL, tokens INTEGER NOT NULL
);
CREATE TABLE enrichment_claims (
    key VARCHAR NOT NULL, row_index INTEGER NOT NULL,
    claim_id VARCHAR NOT NULL, unit_id VARCHAR NOT NULL, kind VARCHAR NOT NULL, name VARCHAR NOT NULL,
    type VARCHAR NOT NULL, source VARCHAR NOT NULL, target VARCHAR NOT NULL, description VARCHAR NOT NULL,
    evidence_start INTEGER NOT NULL, evidence_end INTEGER NOT NULL, quoted BOOLEAN NOT NULL
);
CREATE VIEW current_enrichment AS
    SELECT t.* FROM enrichment t JOIN current_items i ON i.stage = 'enrichment' AND i.key = t.key
    ORDER BY i.position, t.row_index;
-- Several names may lead to one page: the first of them counts.
CREATE VIEW current_pages AS
    SELECT t.* FROM enrichment t JOIN current_items i ON i.stage = 'enrichment' AND i.key = t.key
    QUALIFY row_number() OVER (PARTITION BY t.chunk_id ORDER BY i.position, t.row_index) = 1
    ORDER BY i.position, t.row_index;
CREATE VIEW current_enrichment_claims AS
    SELECT i.item_id AS chunk_id, t.* FROM enrichment_claims t
    JOIN current_items i ON i.stage = 'enrichment_claims' AND i.key = t.key
    JOIN current_pages p ON p.chunk_id = i.item_id
    ORDER BY i.position, t.row_index;
-- Units that only such pages speak of are marked.
ALTER TABLE knowledge_graph ADD COLUMN origin VARCHAR DEFAULT '';
CREATE OR REPLACE VIEW current_knowledge_graph AS
    SELECT t.* FROM knowledge_graph t JOIN current_items i ON i.stage = 'knowledge_graph' AND i.key = t.key
    ORDER BY i.position, t.row_index;
CREATE OR REPLACE VIEW current_units AS
    WITH entities AS (SELECT unit_id FROM current_knowledge_graph WHERE kind = 'entity')
    SELECT t.*, i.position FROM knowledge_graph t
    JOIN current_items i ON i.stage = 'knowledge_graph' AND i.key = t.key
    WHERE t.kind = 'entity' OR (t.source_id IN (FROM entities) AND t.target_id IN (FROM entities))
    ORDER BY i.position;
UPDATE schema_version SET version = 9;
