"""The stages of the ingest group, and which of their rows are to be made: work items, keyed by all that can
change them."""

from kg_assets.domain import Chunk, Document, fingerprint
from kg_assets.ingest.chunk import CHUNKER_VERSION, chunk_document
from kg_assets.ingest.documents import DOCUMENTS_VERSION, keep_scan, scan_documents, take_document
from kg_assets.ingest.found import Found
from kg_assets.stage.bench import StageBench
from kg_assets.stage.ledger import WorkItem
from kg_assets.stage.stage import Plan, Stage
from resources.configuration.settings import ChunkingSettings
from resources.models.types import Ask
from resources.warehouse.warehouse import Warehouse


def chunk_items(warehouse: Warehouse, settings: ChunkingSettings) -> list[WorkItem[Document]]:
    """Each current document."""
    cutting = {
        "strategy": settings.strategy,
        "separator": settings.separator,
        "max_tokens": settings.max_tokens,
        "overlap_tokens": settings.overlap_tokens,
        "tokenizer": settings.tokenizer,
    }
    return [
        WorkItem(
            document.document_id,
            fingerprint(CHUNKER_VERSION, document.document_id, document.version, cutting),
            document,
            document.document_id,
        )
        for document in warehouse.rows(Document, "FROM current_documents")
    ]


def _plan_documents(bench: StageBench) -> Plan[Found | None]:
    settings, mirror = bench.settings.documents, bench.layout.mirror(bench.corpus)
    found = scan_documents(bench.warehouse, bench.documents, bench.corpus, settings, bench.sources, mirror)
    return Plan(found.items, take_document, finish=lambda _counts: keep_scan(bench.warehouse, found))


def _plan_chunks(bench: StageBench) -> Plan[Document]:
    settings, count = bench.settings.chunking, bench.count
    items = chunk_items(bench.warehouse, settings)

    async def cut(item: WorkItem[Document], _ask: Ask) -> list[Chunk]:
        return chunk_document(item.payload, settings, count)

    return Plan(items, cut)


DOCUMENTS = Stage(
    name="documents",
    group="ingest",
    row_type=Document,
    upstream=(),
    version=DOCUMENTS_VERSION,
    plan=_plan_documents,
    settings=tuple(
        f"documents.{key}" for key in ("encodings", "max_megabytes", "parser_seconds", "parser_megabytes")
    ),
    touches=("documents",),
    kinds=frozenset({"file", "duckdb"}),
)
CHUNKS = Stage(
    name="chunks",
    group="ingest",
    row_type=Chunk,
    upstream=(DOCUMENTS,),
    version=CHUNKER_VERSION,
    plan=_plan_chunks,
    settings=tuple(
        f"chunking.{key}" for key in ("strategy", "separator", "max_tokens", "overlap_tokens", "tokenizer")
    ),
    may_drop=False,
)
