"""The ingest group: documents and their chunks."""

import dagster as dg

from kg_assets.checks import check_specs, stage_checks
from kg_assets.domain import Chunk, Document
from kg_assets.ingest.chunk import CHUNKER_VERSION, chunk_document
from kg_assets.ingest.documents import (
    DOCUMENTS_VERSION,
    fetch_documents,
    keep_scan,
    scan_documents,
    take_document,
)
from kg_assets.ingest.plan import chunk_items
from kg_assets.ledger import WorkItem
from kg_assets.materialize import OWNERS, StageRun, corpora
from resources.models.types import Ask
from resources.workbench import Workbench


@dg.asset(
    group_name="ingest",
    partitions_def=corpora,
    code_version=DOCUMENTS_VERSION,
    owners=OWNERS,
    kinds={"file", "duckdb"},
    check_specs=check_specs("documents"),
)
def documents(context: dg.AssetExecutionContext, workbench: Workbench) -> dg.MaterializeResult:
    """The documents as they were read: text, metadata, language. Files that cannot be read are drops."""
    with StageRun(context, workbench) as stage:
        bench, settings = stage.bench, stage.settings.documents
        sources, mirror = bench.configuration.sources, bench.layout.mirror(bench.corpus)
        if not bench.offline:
            fetch_documents(mirror, sources, bench.corpus, settings)
        found = scan_documents(stage.warehouse, bench.documents, bench.corpus, settings, sources, mirror)
        row = stage.execute(found.items, take_document)
        keep_scan(stage.warehouse, found)
        preview = stage.preview("document_id, language, length(text) AS characters, text")
        return stage.result(row, preview=preview, checks=stage_checks(row))


@dg.asset(
    group_name="ingest",
    partitions_def=corpora,
    code_version=CHUNKER_VERSION,
    owners=OWNERS,
    kinds={"duckdb"},
    deps=[documents],
    check_specs=check_specs("chunks"),
)
def chunks(context: dg.AssetExecutionContext, workbench: Workbench) -> dg.MaterializeResult:
    """Spans of the documents, cut on structure and sentence boundaries below a token limit."""
    with StageRun(context, workbench) as stage:
        if (same := stage.as_it_was()) is not None:
            return same
        settings, count = stage.settings.chunking, stage.bench.tokenizer.count
        items = chunk_items(stage.warehouse, settings)

        async def cut(item: WorkItem[Document], _ask: Ask) -> list[Chunk]:
            return chunk_document(item.payload, settings, count)

        row = stage.execute(items, cut)
        preview = stage.preview("document_id, start_char, end_char, tokens, text")
        return stage.result(row, preview=preview, checks=stage_checks(row))
