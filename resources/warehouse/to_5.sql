-- What is known of two names of the claims, and which names mean what others do.
CREATE TABLE entity_pairs (
    key VARCHAR NOT NULL, row_index INTEGER NOT NULL,
    left_id VARCHAR NOT NULL, right_id VARCHAR NOT NULL, verdict VARCHAR NOT NULL, method VARCHAR NOT NULL,
    confidence DOUBLE NOT NULL, evidence VARCHAR NOT NULL, chunk_id VARCHAR NOT NULL
);
CREATE TABLE entity_aliases (
    key VARCHAR NOT NULL, row_index INTEGER NOT NULL,
    canonical_id VARCHAR NOT NULL, canonical VARCHAR NOT NULL, alias_id VARCHAR NOT NULL, alias VARCHAR NOT NULL,
    method VARCHAR NOT NULL, confidence DOUBLE NOT NULL, evidence VARCHAR NOT NULL, chunk_id VARCHAR NOT NULL
);
CREATE VIEW current_entity_pairs AS
    SELECT t.* FROM entity_pairs t JOIN current_items i ON i.stage = 'entity_pairs' AND i.key = t.key
    ORDER BY i.position, t.row_index;
CREATE VIEW current_entity_aliases AS
    SELECT t.* FROM entity_aliases t JOIN current_items i ON i.stage = 'entity_aliases' AND i.key = t.key
    ORDER BY i.position, t.row_index;
-- Units of claims, entities and relations, that count for other units because of the current aliases.
CREATE TABLE moved_units (unit_id VARCHAR NOT NULL, canonical_id VARCHAR NOT NULL);
-- As before, but what was asked about a unit, and what supports it, counts for the unit that it is part of.
CREATE OR REPLACE VIEW cost_by_document AS
    WITH parts AS (
        SELECT unit_id, document_id, 1.0 / count(*) OVER (PARTITION BY unit_id) AS part
        FROM (
            SELECT DISTINCT coalesce(u.canonical_id, t.unit_id) AS unit_id, c.document_id
            FROM current_items i JOIN claims t ON t.key = i.key JOIN current_chunks c ON c.chunk_id = i.item_id
            LEFT JOIN moved_units u ON u.unit_id = t.unit_id
            WHERE i.stage = 'claims'
        )
    ), stated AS (
        SELECT DISTINCT statement_id, unit_id FROM statements
    ), shared AS (
        SELECT coalesce(m.document_id, p.document_id) AS document_id, coalesce(p.part, 1.0) AS part, m.*
            EXCLUDE (document_id)
        FROM model_calls m
        LEFT JOIN stated s ON m.stage = 'judgements' AND s.statement_id = m.item_id
        LEFT JOIN moved_units u ON u.unit_id = coalesce(s.unit_id, m.item_id)
        LEFT JOIN parts p
            ON m.document_id IS NULL AND p.unit_id = coalesce(u.canonical_id, s.unit_id, m.item_id)
    )
    SELECT CASE WHEN d.item_id IS NOT NULL THEN s.document_id END AS document_id,
        fsum(part) FILTER (answered) AS calls, fsum(part * prompt_tokens) AS prompt_tokens,
        fsum(part * completion_tokens) AS completion_tokens, total_usd(part * cost_usd) AS cost_usd
    FROM shared s LEFT JOIN current_items d ON d.stage = 'documents' AND d.item_id = s.document_id
    GROUP BY 1 ORDER BY 1 NULLS LAST;
UPDATE schema_version SET version = 5;
