-- Memoised rows are content-addressed: `key` is the row key of the work that made them, `row_index` its
-- order within that work. What is current is said by `current_items` alone; the `current_…` views join the two.

CREATE TABLE schema_version (version INTEGER NOT NULL);
INSERT INTO schema_version VALUES (2);

CREATE TABLE done (
    stage VARCHAR NOT NULL, key VARCHAR NOT NULL, rows INTEGER NOT NULL,
    run_id VARCHAR NOT NULL, finished_at VARCHAR NOT NULL, PRIMARY KEY (stage, key)
);
CREATE TABLE drops (
    stage VARCHAR NOT NULL, key VARCHAR NOT NULL, item_id VARCHAR NOT NULL, document_id VARCHAR,
    reason VARCHAR NOT NULL, detail VARCHAR NOT NULL, raw VARCHAR NOT NULL, retry BOOLEAN NOT NULL,
    run_id VARCHAR NOT NULL, dropped_at VARCHAR NOT NULL, PRIMARY KEY (stage, key)
);
CREATE TABLE current_items (
    stage VARCHAR NOT NULL, position INTEGER NOT NULL, item_id VARCHAR NOT NULL, key VARCHAR NOT NULL,
    document_id VARCHAR
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

CREATE TABLE documents (
    key VARCHAR NOT NULL, row_index INTEGER NOT NULL,
    document_id VARCHAR NOT NULL, version VARCHAR NOT NULL, text VARCHAR NOT NULL, metadata JSON NOT NULL,
    language VARCHAR NOT NULL, preset_chunks JSON NOT NULL
);
CREATE TABLE chunks (
    key VARCHAR NOT NULL, row_index INTEGER NOT NULL,
    chunk_id VARCHAR NOT NULL, document_id VARCHAR NOT NULL, document_version VARCHAR NOT NULL,
    chunk_index INTEGER NOT NULL, start_char INTEGER NOT NULL, end_char INTEGER NOT NULL, text VARCHAR NOT NULL,
    tokens INTEGER NOT NULL, heading_path JSON NOT NULL, language VARCHAR NOT NULL
);
CREATE TABLE claims (
    key VARCHAR NOT NULL, row_index INTEGER NOT NULL,
    claim_id VARCHAR NOT NULL, unit_id VARCHAR NOT NULL, kind VARCHAR NOT NULL, name VARCHAR NOT NULL,
    type VARCHAR NOT NULL, source VARCHAR NOT NULL, target VARCHAR NOT NULL, description VARCHAR NOT NULL,
    evidence_start INTEGER NOT NULL, evidence_end INTEGER NOT NULL, quoted BOOLEAN NOT NULL
);
CREATE TABLE knowledge_graph (
    key VARCHAR NOT NULL, row_index INTEGER NOT NULL,
    unit_id VARCHAR NOT NULL, kind VARCHAR NOT NULL, name VARCHAR NOT NULL, type VARCHAR NOT NULL,
    source_id VARCHAR NOT NULL, target_id VARCHAR NOT NULL, source VARCHAR NOT NULL, target VARCHAR NOT NULL,
    description VARCHAR NOT NULL, language VARCHAR NOT NULL, content_hash VARCHAR NOT NULL
);
CREATE TABLE statements (
    key VARCHAR NOT NULL, row_index INTEGER NOT NULL,
    statement_id VARCHAR NOT NULL, unit_id VARCHAR NOT NULL, text VARCHAR NOT NULL, label BOOLEAN NOT NULL,
    language VARCHAR NOT NULL
);
CREATE TABLE judgements (
    key VARCHAR NOT NULL, row_index INTEGER NOT NULL,
    text VARCHAR NOT NULL, trainee VARCHAR NOT NULL, p_true DOUBLE NOT NULL, mass DOUBLE NOT NULL,
    method VARCHAR NOT NULL
);
CREATE TABLE comprehension (
    key VARCHAR NOT NULL, row_index INTEGER NOT NULL,
    unit_id VARCHAR NOT NULL, trainee VARCHAR NOT NULL, confidence DOUBLE NOT NULL, loss DOUBLE NOT NULL,
    judgements INTEGER NOT NULL
);
CREATE SEQUENCE calibration_numbers;
CREATE TABLE calibration (
    number BIGINT NOT NULL DEFAULT nextval('calibration_numbers'),
    run_id VARCHAR NOT NULL, trainee VARCHAR NOT NULL, measured_at VARCHAR NOT NULL, judgements INTEGER NOT NULL,
    accuracy DOUBLE NOT NULL, ece DOUBLE NOT NULL, brier DOUBLE NOT NULL, bins JSON NOT NULL
);
CREATE TABLE subgraphs (
    key VARCHAR NOT NULL, row_index INTEGER NOT NULL,
    subgraph_id VARCHAR NOT NULL, entity_ids JSON NOT NULL, relation_ids JSON NOT NULL, mean_loss DOUBLE,
    difficulty VARCHAR NOT NULL, tokens INTEGER NOT NULL
);
CREATE TABLE qa_atomic (
    key VARCHAR NOT NULL, row_index INTEGER NOT NULL,
    qa_id VARCHAR NOT NULL, form VARCHAR NOT NULL, question VARCHAR NOT NULL, answer VARCHAR NOT NULL,
    reasoning JSON NOT NULL, unit_ids JSON NOT NULL, language VARCHAR NOT NULL
);
CREATE TABLE qa_aggregated AS FROM qa_atomic;
CREATE TABLE qa_multi_hop AS FROM qa_atomic;
CREATE TABLE curated_qa AS FROM qa_atomic;
CREATE TABLE sft_datasets (
    key VARCHAR NOT NULL, row_index INTEGER NOT NULL,
    path VARCHAR NOT NULL, format VARCHAR NOT NULL, rows INTEGER NOT NULL, sha256 VARCHAR NOT NULL
);
CREATE TABLE graph_export AS FROM sft_datasets;
CREATE TABLE report AS FROM sft_datasets;

CREATE VIEW current_documents AS
    SELECT t.* FROM documents t JOIN current_items i ON i.stage = 'documents' AND i.key = t.key
    ORDER BY i.position, t.row_index;
CREATE VIEW current_chunks AS
    SELECT t.* FROM chunks t JOIN current_items i ON i.stage = 'chunks' AND i.key = t.key
    ORDER BY i.position, t.row_index;
CREATE VIEW current_claims AS
    SELECT i.item_id AS chunk_id, t.* FROM claims t JOIN current_items i ON i.stage = 'claims' AND i.key = t.key
    ORDER BY i.position, t.row_index;
CREATE VIEW current_knowledge_graph AS
    SELECT t.* FROM knowledge_graph t JOIN current_items i ON i.stage = 'knowledge_graph' AND i.key = t.key
    ORDER BY i.position, t.row_index;
CREATE VIEW current_statements AS
    SELECT t.* FROM statements t JOIN current_items i ON i.stage = 'statements' AND i.key = t.key
    ORDER BY i.position, t.row_index;
CREATE VIEW current_judgements AS
    SELECT i.item_id AS statement_id, t.* FROM judgements t
    JOIN current_items i ON i.stage = 'judgements' AND i.key = t.key ORDER BY i.position, t.row_index;
CREATE VIEW current_comprehension AS
    SELECT t.* FROM comprehension t JOIN current_items i ON i.stage = 'comprehension' AND i.key = t.key
    ORDER BY i.position, t.row_index;
CREATE VIEW current_subgraphs AS
    SELECT t.* FROM subgraphs t JOIN current_items i ON i.stage = 'subgraphs' AND i.key = t.key
    ORDER BY i.position, t.row_index;
CREATE VIEW current_qa_atomic AS
    SELECT i.item_id, t.* FROM qa_atomic t JOIN current_items i ON i.stage = 'qa_atomic' AND i.key = t.key
    ORDER BY i.position, t.row_index;
CREATE VIEW current_qa_aggregated AS
    SELECT i.item_id, t.* FROM qa_aggregated t JOIN current_items i ON i.stage = 'qa_aggregated' AND i.key = t.key
    ORDER BY i.position, t.row_index;
CREATE VIEW current_qa_multi_hop AS
    SELECT i.item_id, t.* FROM qa_multi_hop t JOIN current_items i ON i.stage = 'qa_multi_hop' AND i.key = t.key
    ORDER BY i.position, t.row_index;
CREATE VIEW current_curated_qa AS
    SELECT i.item_id, t.* FROM curated_qa t JOIN current_items i ON i.stage = 'curated_qa' AND i.key = t.key
    ORDER BY i.position, t.row_index;
CREATE VIEW current_sft_datasets AS
    SELECT t.* FROM sft_datasets t JOIN current_items i ON i.stage = 'sft_datasets' AND i.key = t.key
    ORDER BY i.position, t.row_index;
CREATE VIEW current_graph_export AS
    SELECT t.* FROM graph_export t JOIN current_items i ON i.stage = 'graph_export' AND i.key = t.key
    ORDER BY i.position, t.row_index;
CREATE VIEW current_report AS
    SELECT t.* FROM report t JOIN current_items i ON i.stage = 'report' AND i.key = t.key
    ORDER BY i.position, t.row_index;
CREATE VIEW current_drops AS
    SELECT i.stage, i.position, i.item_id, i.document_id, d.key, d.reason, d.detail, d.raw, d.retry, d.dropped_at
    FROM drops d JOIN current_items i ON i.stage = d.stage AND i.key = d.key ORDER BY i.stage, i.position;
