CREATE TABLE IF NOT EXISTS responses (
    key TEXT PRIMARY KEY NOT NULL,
    created_at TEXT NOT NULL,
    corpus TEXT NOT NULL,
    stage TEXT NOT NULL,
    item_id TEXT NOT NULL,
    document_id TEXT,
    role TEXT NOT NULL,
    model TEXT NOT NULL,
    revision TEXT NOT NULL,
    request TEXT NOT NULL,
    raw TEXT NOT NULL,
    text TEXT NOT NULL,
    reasoning TEXT NOT NULL,
    finish_reason TEXT NOT NULL,
    first_token TEXT NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    usage_estimated INTEGER NOT NULL,
    latency_s REAL NOT NULL,
    cost_usd REAL
);
-- Covers `totals`, so that sums over many responses do not read their texts.
CREATE INDEX IF NOT EXISTS responses_paid
    ON responses (corpus, stage, created_at, prompt_tokens, completion_tokens, cost_usd);
CREATE TABLE IF NOT EXISTS attempts (
    created_at TEXT NOT NULL,
    corpus TEXT NOT NULL,
    stage TEXT NOT NULL,
    item_id TEXT NOT NULL,
    role TEXT NOT NULL,
    model TEXT NOT NULL,
    key TEXT NOT NULL,
    status INTEGER,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    cost_usd REAL
);
CREATE INDEX IF NOT EXISTS attempts_of ON attempts (corpus, stage, created_at);
CREATE TABLE IF NOT EXISTS dialects (
    endpoint TEXT NOT NULL,
    model TEXT NOT NULL,
    dialect TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    PRIMARY KEY (endpoint, model)
);
