"""Which chunks are to be made: a work item for each document, keyed by all that can change its chunks."""

from kg_assets.domain import Document, fingerprint
from kg_assets.ingest.chunk import CHUNKER_VERSION
from kg_assets.stage.ledger import WorkItem
from resources.configuration.settings import ChunkingSettings
from resources.warehouse.warehouse import Warehouse


def chunk_items(warehouse: Warehouse, settings: ChunkingSettings) -> list[WorkItem[Document]]:
    """Each current document."""
    cutting = settings.model_dump(exclude={"resolve_coreference"})
    return [
        WorkItem(
            document.document_id,
            fingerprint(CHUNKER_VERSION, document.document_id, document.version, cutting),
            document,
            document.document_id,
        )
        for document in warehouse.rows(Document, "FROM current_documents")
    ]
