-- What is not made from the dataclasses of rows (`schema.py`): the tables of the ledger, of runs and of calls, then
-- macros and views that join. Tables come first; a view stands after those that it reads.
-- Memoised rows are content-addressed: `key` is the row key of the work that made them, `row_index` its order
-- within that work. What is current is said by `current_items` alone; the `current_…` views join the two.

CREATE TABLE done (
    stage VARCHAR NOT NULL, key VARCHAR NOT NULL, rows INTEGER NOT NULL,
    run_id VARCHAR NOT NULL, finished_at VARCHAR NOT NULL, PRIMARY KEY (stage, key)
);
CREATE TABLE drops (
    stage VARCHAR NOT NULL, key VARCHAR NOT NULL, item_id VARCHAR NOT NULL, document_id VARCHAR,
    reason VARCHAR NOT NULL, detail VARCHAR NOT NULL, raw VARCHAR NOT NULL, retry BOOLEAN NOT NULL,
    run_id VARCHAR NOT NULL, dropped_at VARCHAR NOT NULL, PRIMARY KEY (stage, key)
);
-- What was left out of a row that has a result, such as a claim outside the user's schema: drops beside those of
-- whole rows, under the row's key.
CREATE TABLE dropped_parts (
    stage VARCHAR NOT NULL, key VARCHAR NOT NULL, part_index INTEGER NOT NULL,
    reason VARCHAR NOT NULL, detail VARCHAR NOT NULL, raw VARCHAR NOT NULL, dropped_at VARCHAR NOT NULL
);
-- `parent_id` is the row upstream that the item belongs to, such as the subgraph of a question.
CREATE TABLE current_items (
    stage VARCHAR NOT NULL, position INTEGER NOT NULL, item_id VARCHAR NOT NULL, key VARCHAR NOT NULL,
    document_id VARCHAR, parent_id VARCHAR
);
CREATE SEQUENCE stage_run_numbers;
CREATE TABLE stage_runs (
    number BIGINT NOT NULL DEFAULT nextval('stage_run_numbers'),
    run_id VARCHAR NOT NULL, stage VARCHAR NOT NULL, started_at VARCHAR NOT NULL, finished_at VARCHAR NOT NULL,
    rows_in INTEGER NOT NULL, new INTEGER NOT NULL, reused INTEGER NOT NULL, dropped INTEGER NOT NULL,
    rows_out INTEGER NOT NULL, calls INTEGER NOT NULL, calls_from_store INTEGER NOT NULL,
    prompt_tokens BIGINT NOT NULL, completion_tokens BIGINT NOT NULL, cost_usd DOUBLE,
    seconds DOUBLE NOT NULL, data_version VARCHAR NOT NULL, note VARCHAR NOT NULL,
    recipe VARCHAR NOT NULL
);
-- What was last shown of a stage that came to its end; a stage whose inputs are unchanged is shown again from it.
CREATE TABLE materializations (
    stage VARCHAR PRIMARY KEY, number BIGINT NOT NULL, metadata JSON NOT NULL, checks JSON NOT NULL
);
-- Every paid model call of the corpus, copied from the response store: `number` is its row there. A call that
-- failed (`answered` is false) is here where the endpoint billed it. `item_id` is the chunk, unit or statement
-- that it was about, for a question the first unit of it.
CREATE TABLE model_calls (
    number BIGINT NOT NULL, answered BOOLEAN NOT NULL, stage VARCHAR NOT NULL, role VARCHAR NOT NULL,
    model VARCHAR NOT NULL, item_id VARCHAR NOT NULL, document_id VARCHAR,
    prompt_tokens BIGINT NOT NULL, completion_tokens BIGINT NOT NULL, cost_usd DOUBLE
);
-- What the file system said of each file before it was read, and which documents it gave.
CREATE TABLE read_files (
    file VARCHAR NOT NULL, size BIGINT NOT NULL, mtime_ns BIGINT NOT NULL, ctime_ns BIGINT NOT NULL,
    inode UBIGINT NOT NULL, recipe VARCHAR NOT NULL, items JSON NOT NULL
);
-- Units of claims, entities and relations, that count for other units because of the current aliases.
CREATE TABLE moved_units (unit_id VARCHAR NOT NULL, canonical_id VARCHAR NOT NULL);
-- The groups that the present tree was made from, and the chunks that there were then.
CREATE TABLE taxonomy_basis (recipe VARCHAR NOT NULL, items JSON NOT NULL, chunk_ids JSON NOT NULL);
CREATE SEQUENCE calibration_numbers;
CREATE TABLE calibration (
    number BIGINT NOT NULL DEFAULT nextval('calibration_numbers'),
    run_id VARCHAR NOT NULL, trainee VARCHAR NOT NULL, measured_at VARCHAR NOT NULL, judgements INTEGER NOT NULL,
    accuracy DOUBLE NOT NULL, ece DOUBLE NOT NULL, brier DOUBLE NOT NULL, bins JSON NOT NULL
);

-- The key of a row from what it is made of: as `domain.fingerprint`, so many hex digits of SHA-256.
CREATE OR REPLACE MACRO row_key(parts) AS sha256(array_to_string(parts, chr(31)))[:32];
-- A cost is NULL as soon as one of its calls had no price: a sum without it would be no honest number.
CREATE OR REPLACE MACRO total_usd(cost_usd) AS CASE WHEN count(*) = count(cost_usd) THEN fsum(cost_usd) END;
-- What a stage dropped that is no more counts no more.
CREATE OR REPLACE VIEW current_drops AS
    SELECT i.stage, i.position, i.item_id, i.document_id, d.key, d.reason, d.detail, d.raw, d.retry, d.dropped_at
    FROM current_items i JOIN (
        SELECT stage, key, 0 AS part_index, reason, detail, raw, retry, dropped_at FROM drops
        UNION ALL SELECT stage, key, part_index, reason, detail, raw, false, dropped_at FROM dropped_parts
    ) d ON i.stage = d.stage AND i.key = d.key SEMI JOIN stages s ON s.stage = i.stage
    ORDER BY i.stage, i.position, d.part_index;
-- Units that can stand in a graph: of a relation both ends must be there.
CREATE OR REPLACE VIEW current_units AS
    WITH entities AS (SELECT unit_id FROM current_knowledge_graph WHERE kind = 'entity')
    SELECT t.*, i.position FROM knowledge_graph t
    JOIN current_items i ON i.stage = 'knowledge_graph' AND i.key = t.key
    WHERE t.kind = 'entity' OR (t.source_id IN (FROM entities) AND t.target_id IN (FROM entities))
    ORDER BY i.position;
-- Every current judgement with its statement.
CREATE OR REPLACE VIEW current_judged AS
    SELECT s.unit_id, s.statement_id, s.text, s.label, j.p_true, j.mass, j.method, j.key, i.position
    FROM current_items i JOIN judgements j ON j.key = i.key
    JOIN current_statements s ON s.statement_id = i.item_id
    WHERE i.stage = 'judgements' ORDER BY i.position, j.row_index;
-- Pages of an encyclopedia; several names may lead to one: the first of them counts.
CREATE OR REPLACE VIEW current_pages AS
    SELECT t.* FROM enrichment t JOIN current_items i ON i.stage = 'enrichment' AND i.key = t.key
    QUALIFY row_number() OVER (PARTITION BY t.chunk_id ORDER BY i.position, t.row_index) = 1
    ORDER BY i.position, t.row_index;
-- What such pages say.
CREATE OR REPLACE VIEW page_claims AS
    SELECT i.position, p.language, t.*, i.item_id AS chunk_id FROM enrichment_claims t
    JOIN current_items i ON i.stage = 'enrichment_claims' AND i.key = t.key
    JOIN current_pages p ON p.chunk_id = i.item_id
    ORDER BY i.position, t.row_index;
-- Where each unit is stated: every span of source text once, in document order. What the documents state of a unit
-- they state in their own words: what pages say counts only for units that no document speaks of.
CREATE OR REPLACE VIEW unit_evidence AS
    WITH own AS (
        SELECT coalesce(u.canonical_id, t.unit_id) AS unit_id, c.document_id AS document, c.document_version,
            c.chunk_id, c.start_char + t.evidence_start AS start, c.start_char + t.evidence_end AS "end",
            substring(c.text, t.evidence_start + 1, t.evidence_end - t.evidence_start) AS text,
            '' AS origin, i.position, t.row_index
        FROM current_items i JOIN claims t ON t.key = i.key JOIN current_chunks c ON c.chunk_id = i.item_id
        LEFT JOIN moved_units u ON u.unit_id = t.unit_id
        WHERE i.stage = 'claims'
    ), looked_up AS (
        SELECT coalesce(u.canonical_id, t.unit_id) AS unit_id, p.document_id, p.version, p.chunk_id,
            t.evidence_start, t.evidence_end,
            substring(p.text, t.evidence_start + 1, t.evidence_end - t.evidence_start), 'enrichment', t.position,
            t.row_index
        FROM page_claims t JOIN current_pages p USING (chunk_id) LEFT JOIN moved_units u ON u.unit_id = t.unit_id
        WHERE coalesce(u.canonical_id, t.unit_id) NOT IN (SELECT unit_id FROM own)
    ), paged AS (
        SELECT document_id, from_json(pages, '[["BIGINT"]]') AS pages FROM current_documents WHERE pages <> '[]'
    )
    -- The page is the last that begins at or before the span, and the first for a span before it.
    SELECT *, row_number() OVER (PARTITION BY unit_id ORDER BY origin, position, row_index) AS nth FROM (
        SELECT e.*, coalesce(
            list_last(list_filter(d.pages, lambda each: each[1] <= e.start))[2], d.pages[1][2]
        ) AS page
        FROM (FROM own UNION ALL FROM looked_up) e LEFT JOIN paged d ON d.document_id = e.document
        QUALIFY row_number() OVER (
            PARTITION BY e.unit_id, e.document, e.start, e."end" ORDER BY e.origin, e.position, e.row_index
        ) = 1
    )
    ORDER BY origin, position, row_index;
-- What the stages of questions have written, each pair once, the forms in their order.
CREATE OR REPLACE VIEW written_qa AS
    SELECT q.*, f.place AS form_place FROM current_qa_pairs q JOIN forms f USING (stage)
    QUALIFY row_number() OVER (PARTITION BY q.qa_id ORDER BY f.place, q.position) = 1
    ORDER BY f.place, q.position;
-- How a curated pair comes to its tag: each of its facts has one vote, divided among the tags of the chunks that
-- support it.
CREATE OR REPLACE VIEW pair_votes AS
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
CREATE OR REPLACE VIEW qa_tags AS
    SELECT q.qa_id, coalesce(b.tag, '') AS tag FROM current_curated_qa q LEFT JOIN (
        SELECT qa_id, tag FROM pair_votes
        QUALIFY row_number() OVER (PARTITION BY qa_id ORDER BY votes DESC, tag = '', tag) = 1
    ) b USING (qa_id);
-- Curated pairs without those that balancing by tag leaves out.
CREATE OR REPLACE VIEW exported_qa AS
    SELECT i.position, i.item_id, i.parent_id, t.* FROM curated_qa t
    JOIN current_items i ON i.stage = 'curated_qa' AND i.key = t.key
    WHERE t.qa_id NOT IN (
        SELECT i.item_id FROM current_items i JOIN drops d ON d.stage = i.stage AND d.key = i.key
        WHERE i.stage = 'tagged_qa'
    )
    ORDER BY i.position, t.row_index;
-- Each unit that such a pair is about, with its loss where that was measured.
CREATE OR REPLACE VIEW exported_units AS
    SELECT u.qa_id, u.place, u.unit_id, c.loss FROM (
        SELECT qa_id, generate_subscripts(units, 1) AS place, unnest(units) AS unit_id
        FROM (SELECT qa_id, from_json(unit_ids, '["VARCHAR"]') AS units FROM exported_qa)
    ) u LEFT JOIN current_comprehension c USING (unit_id);
-- Which spans such a pair shows, unit by unit, the first place of each counting: all of them, but of a unit that more
-- than 20 spans support only 20, those first whose chunk also supports another unit of the pair, and no span twice. A
-- thing that every document mentions would otherwise stand under every pair about it with every document.
CREATE OR REPLACE VIEW pair_spans AS
    WITH about AS (
        SELECT qa_id, unit_id, min(place) AS place FROM exported_units GROUP BY qa_id, unit_id
    ), spans AS (
        SELECT unit_id, nth, chunk_id, document, start, "end", count(*) OVER (PARTITION BY unit_id) > 20 AS too_many
        FROM unit_evidence
    ), few AS (
        SELECT a.qa_id, a.place, s.* FROM about a JOIN (FROM spans WHERE NOT too_many) s USING (unit_id)
    ), near AS (
        SELECT qa_id, chunk_id, min(place * 100 + nth) AS chunk_place FROM few GROUP BY qa_id, chunk_id
    ), many AS (
        SELECT a.qa_id, a.place, n.chunk_place, s.* FROM near n JOIN about a USING (qa_id)
        JOIN (FROM spans WHERE too_many) s ON s.unit_id = a.unit_id AND s.chunk_id = n.chunk_id
        UNION ALL
        SELECT a.qa_id, a.place, NULL, s.*
        FROM about a JOIN (FROM spans WHERE too_many AND nth <= 20) s USING (unit_id)
        ANTI JOIN near n ON n.qa_id = a.qa_id AND n.chunk_id = s.chunk_id
    ), chosen AS (
        SELECT *, nth AS choice FROM few
        UNION ALL BY NAME
        SELECT * EXCLUDE (chunk_place), row_number() OVER (
            PARTITION BY qa_id, unit_id ORDER BY chunk_place NULLS LAST, nth
        ) AS choice
        FROM many QUALIFY choice <= 20
    )
    SELECT qa_id, unit_id, nth, place, choice FROM chosen
    QUALIFY row_number() OVER (
        PARTITION BY qa_id, document, chunk_id, start, "end" ORDER BY place, choice
    ) = 1
    ORDER BY qa_id, place, choice;
-- The same with what the spans say.
CREATE OR REPLACE VIEW pair_evidence AS
    SELECT p.qa_id, p.unit_id, document, document_version, chunk_id, start, "end", text, page, origin
    FROM pair_spans p JOIN unit_evidence USING (unit_id, nth) ORDER BY p.qa_id, p.place, p.choice;
-- The same pairs with all that is exported of them but their evidence; those whose subgraph is gone are left out:
-- they wait for the stages of questions to run again. Rounded: the last digits of a mean depend on the order in which
-- threads add.
CREATE OR REPLACE VIEW exported_pairs AS
    WITH losses AS (
        SELECT qa_id, list(loss ORDER BY place) FILTER (loss IS NOT NULL) AS losses
        FROM exported_units GROUP BY qa_id
    )
    SELECT q.position, q.qa_id, q.form, q.question, q.answer, q.details, q.unit_ids, s.difficulty,
        list_sum(l.losses) / len(l.losses) AS loss, t.tag,
        row_number() OVER (
            PARTITION BY q.form ORDER BY coalesce(round(list_avg(l.losses), 9), 0) DESC, q.qa_id
        ) AS worst_known, f.place AS form_place
    FROM exported_qa q JOIN current_subgraphs s ON s.subgraph_id = q.parent_id LEFT JOIN forms f USING (form)
    LEFT JOIN losses l USING (qa_id) LEFT JOIN current_tagged_qa t USING (qa_id)
    ORDER BY q.position;
CREATE OR REPLACE VIEW cost_by_stage AS
    SELECT stage, role, model, count(*) FILTER (answered) AS calls,
        sum(prompt_tokens)::BIGINT AS prompt_tokens, sum(completion_tokens)::BIGINT AS completion_tokens,
        total_usd(cost_usd) AS cost_usd
    FROM model_calls GROUP BY stage, role, model ORDER BY stage, role, model;
CREATE OR REPLACE VIEW cost_by_model AS
    SELECT role, model, count(*) FILTER (answered) AS calls,
        sum(prompt_tokens)::BIGINT AS prompt_tokens, sum(completion_tokens)::BIGINT AS completion_tokens,
        total_usd(cost_usd) AS cost_usd
    FROM model_calls GROUP BY role, model ORDER BY role, model;
-- A call about a chunk belongs to its document; one about a unit in equal parts to the documents that support it,
-- or the unit that it is part of, now; what is left (documents and units that are gone, probes of an endpoint) to none.
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
-- The calls that wrote a pair are its own; all other calls of the corpus are shared equally by the pairs that are
-- exported.
CREATE OR REPLACE VIEW cost_by_pair AS
    WITH pairs AS (
        SELECT qa_id, form, stage, unit_ids ->> 0 AS item_id FROM exported_qa JOIN forms USING (form)
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
