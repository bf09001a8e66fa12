-- What the corpus is about, the tree of tags made of it or given by the user, and what each chunk and pair got.
CREATE TABLE topics (
    key VARCHAR NOT NULL, row_index INTEGER NOT NULL, name VARCHAR NOT NULL, language VARCHAR NOT NULL
);
CREATE TABLE taxonomy (
    key VARCHAR NOT NULL, row_index INTEGER NOT NULL,
    tag VARCHAR NOT NULL, parent VARCHAR NOT NULL, name VARCHAR NOT NULL, level INTEGER NOT NULL
);
CREATE TABLE chunk_tags (
    key VARCHAR NOT NULL, row_index INTEGER NOT NULL, chunk_id VARCHAR NOT NULL, tag VARCHAR NOT NULL
);
CREATE TABLE tagged_qa (
    key VARCHAR NOT NULL, row_index INTEGER NOT NULL, qa_id VARCHAR NOT NULL, tag VARCHAR NOT NULL
);
-- The groups that the present tree was made from, and the chunks that there were then.
CREATE TABLE taxonomy_basis (recipe VARCHAR NOT NULL, items JSON NOT NULL, chunk_ids JSON NOT NULL);
CREATE VIEW current_topics AS
    SELECT t.* FROM topics t JOIN current_items i ON i.stage = 'topics' AND i.key = t.key
    ORDER BY i.position, t.row_index;
CREATE VIEW current_taxonomy AS
    SELECT t.* FROM taxonomy t JOIN current_items i ON i.stage = 'taxonomy' AND i.key = t.key
    ORDER BY i.position, t.row_index;
CREATE VIEW current_chunk_tags AS
    SELECT t.* FROM chunk_tags t JOIN current_items i ON i.stage = 'chunk_tags' AND i.key = t.key
    ORDER BY i.position, t.row_index;
CREATE VIEW current_tagged_qa AS
    SELECT i.item_id, t.* FROM tagged_qa t JOIN current_items i ON i.stage = 'tagged_qa' AND i.key = t.key
    ORDER BY i.position, t.row_index;
-- How a curated pair comes to its tag: each of its facts has one vote, divided among the tags of the chunks that
-- support it.
CREATE VIEW pair_votes AS
    WITH pairs AS (
        SELECT DISTINCT qa_id, unnest(from_json(unit_ids, '["VARCHAR"]')) AS unit_id FROM current_curated_qa
    ), support AS (
        SELECT DISTINCT coalesce(u.canonical_id, t.unit_id) AS unit_id, i.item_id AS chunk_id
        FROM current_items i JOIN claims t ON t.key = i.key LEFT JOIN moved_units u ON u.unit_id = t.unit_id
        WHERE i.stage = 'claims'
    ), shares AS (
        SELECT unit_id, coalesce(tag, '') AS tag, count(*) / sum(count(*)) OVER (PARTITION BY unit_id) AS share
        FROM support LEFT JOIN current_chunk_tags USING (chunk_id) GROUP BY unit_id, coalesce(tag, '')
    )
    -- Rounded: the last digits of a sum depend on the order in which threads add.
    SELECT qa_id, tag, round(fsum(share), 9) AS votes FROM pairs JOIN shares USING (unit_id) GROUP BY qa_id, tag;
-- The tag of each curated pair, empty for none.
CREATE VIEW qa_tags AS
    SELECT q.qa_id, coalesce(b.tag, '') AS tag FROM current_curated_qa q LEFT JOIN (
        SELECT qa_id, tag FROM pair_votes
        QUALIFY row_number() OVER (PARTITION BY qa_id ORDER BY votes DESC, tag = '', tag) = 1
    ) b USING (qa_id);
-- Curated pairs without those that balancing by tag leaves out.
CREATE VIEW exported_qa AS
    SELECT i.item_id, t.* FROM curated_qa t JOIN current_items i ON i.stage = 'curated_qa' AND i.key = t.key
    WHERE t.qa_id NOT IN (
        SELECT i.item_id FROM current_items i JOIN drops d ON d.stage = i.stage AND d.key = i.key
        WHERE i.stage = 'tagged_qa'
    )
    ORDER BY i.position, t.row_index;
-- As before, of the pairs that are exported.
CREATE OR REPLACE VIEW cost_by_pair AS
    WITH pairs AS (
        SELECT qa_id, form, 'qa_' || form AS stage, unit_ids ->> 0 AS item_id FROM exported_qa
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
UPDATE schema_version SET version = 8;
