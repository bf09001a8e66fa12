"""The ingest group: documents and their chunks."""

import dagster as dg

from kg_assets.ingest.documents import fetch_documents
from kg_assets.ingest.plan import CHUNKS, DOCUMENTS
from kg_assets.stage.asset import stage_asset
from kg_assets.stage.run import StageRun


@stage_asset(DOCUMENTS, always=True)
def documents(run: StageRun) -> dg.MaterializeResult:
    """The documents as they were read: text, metadata, language. Files that cannot be read are drops."""
    bench = run.bench
    if not bench.offline:
        mirror = bench.layout.mirror(bench.corpus)
        fetch_documents(mirror, bench.sources, bench.corpus, run.settings.documents)
    row = run.execute()
    return run.result(row, preview=run.preview("document_id, language, length(text) AS characters, text"))


@stage_asset(CHUNKS)
def chunks(run: StageRun) -> dg.MaterializeResult:
    """Spans of the documents, cut on structure and sentence boundaries below a token limit."""
    row = run.execute()
    return run.result(row, preview=run.preview("document_id, start_char, end_char, tokens, text"))
