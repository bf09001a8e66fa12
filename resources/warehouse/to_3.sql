-- What was last shown of a stage that came to its end; a stage whose inputs are unchanged is shown again from it.
CREATE TABLE materializations (
    stage VARCHAR PRIMARY KEY, number BIGINT NOT NULL, metadata JSON NOT NULL, checks JSON NOT NULL
);
UPDATE schema_version SET version = 3;

-- Every paid model call of the corpus, copied from the response store: `number` is its row there. A call that
-- failed (`answered` is false) is here where the endpoint billed it. `item_id` is the chunk, unit or statement
-- that it was about, for a question the first unit of it.
CREATE TABLE model_calls (
    number BIGINT NOT NULL, answered BOOLEAN NOT NULL, stage VARCHAR NOT NULL, role VARCHAR NOT NULL,
    model VARCHAR NOT NULL, item_id VARCHAR NOT NULL, document_id VARCHAR,
    prompt_tokens BIGINT NOT NULL, completion_tokens BIGINT NOT NULL, cost_usd DOUBLE
);
-- A cost is NULL as soon as one of its calls had no price: a sum without it would be no honest number.
CREATE MACRO total_usd(cost_usd) AS CASE WHEN count(*) = count(cost_usd) THEN fsum(cost_usd) END;
CREATE VIEW cost_by_stage AS
    SELECT stage, role, model, count(*) FILTER (answered) AS calls,
        sum(prompt_tokens)::BIGINT AS prompt_tokens, sum(completion_tokens)::BIGINT AS completion_tokens,
        total_usd(cost_usd) AS cost_usd
    FROM model_calls GROUP BY stage, role, model ORDER BY stage, role, model;
CREATE VIEW cost_by_model AS
    SELECT role, model, count(*) FILTER (answered) AS calls,
        sum(prompt_tokens)::BIGINT AS prompt_tokens, sum(completion_tokens)::BIGINT AS completion_tokens,
        total_usd(cost_usd) AS cost_usd
    FROM model_calls GROUP BY role, model ORDER BY role, model;
-- A call about a chunk belongs to its document; one about a unit in equal parts to the documents that support it
-- now; what is left (documents and units that are gone, probes of an endpoint) to none.
CREATE VIEW cost_by_document AS
    WITH parts AS (
        SELECT unit_id, document_id, 1.0 / count(*) OVER (PARTITION BY unit_id) AS part
        FROM (
            SELECT DISTINCT t.unit_id, c.document_id
            FROM current_items i JOIN claims t ON t.key = i.key JOIN current_chunks c ON c.chunk_id = i.item_id
            WHERE i.stage = 'claims'
        )
    ), stated AS (
        SELECT DISTINCT statement_id, unit_id FROM statements
    ), shared AS (
        SELECT coalesce(m.document_id, p.document_id) AS document_id, coalesce(p.part, 1.0) AS part, m.*
            EXCLUDE (document_id)
        FROM model_calls m
        LEFT JOIN stated s ON m.stage = 'judgements' AND s.statement_id = m.item_id
        LEFT JOIN parts p ON m.document_id IS NULL AND p.unit_id = coalesce(s.unit_id, m.item_id)
    )
    SELECT CASE WHEN d.item_id IS NOT NULL THEN s.document_id END AS document_id,
        fsum(part) FILTER (answered) AS calls, fsum(part * prompt_tokens) AS prompt_tokens,
        fsum(part * completion_tokens) AS completion_tokens, total_usd(part * cost_usd) AS cost_usd
    FROM shared s LEFT JOIN current_items d ON d.stage = 'documents' AND d.item_id = s.document_id
    GROUP BY 1 ORDER BY 1 NULLS LAST;
-- The calls that wrote a pair are its own; all other calls of the corpus are shared equally by the pairs.
CREATE VIEW cost_by_pair AS
    WITH pairs AS (
        SELECT qa_id, form, 'qa_' || form AS stage, unit_ids ->> 0 AS item_id FROM current_curated_qa
    ), own AS (
        SELECT p.qa_id, p.form, coalesce(fsum(m.prompt_tokens + m.completion_tokens), 0) AS tokens,
            CASE WHEN count(m.number) = count(m.cost_usd) THEN coalesce(fsum(m.cost_usd), 0) END AS cost_usd
        FROM pairs p LEFT JOIN model_calls m ON m.stage = p.stage AND m.item_id = p.item_id
        GROUP BY p.qa_id, p.form
    ), everything AS (
        SELECT fsum(prompt_tokens + completion_tokens) AS tokens, total_usd(cost_usd) AS cost_usd FROM model_calls
    )
    SELECT o.qa_id, o.form, o.tokens AS own_tokens, o.cost_usd AS own_usd,
        o.tokens + (e.tokens - fsum(o.tokens) OVER ()) / count(*) OVER () AS tokens,
        o.cost_usd + (e.cost_usd - fsum(o.cost_usd) OVER ()) / count(*) OVER () AS cost_usd
    FROM own o CROSS JOIN everything e ORDER BY o.qa_id;
