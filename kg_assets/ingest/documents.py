"""The documents stage: a corpus' files as work items, readable ones and those to be dropped alike."""

from collections.abc import Sequence
from pathlib import Path

from kg_assets.domain import Document, fingerprint
from kg_assets.ingest.corpora import scan_corpora
from kg_assets.ingest.read import Unreadable, file_id, read_corpus
from kg_assets.ledger import Dropped, WorkItem
from resources.models.types import Ask
from resources.settings import DocumentsSettings

DOCUMENTS_VERSION = "1"
DocumentItem = WorkItem[Document | Unreadable]


def document_items(root: Path, corpus: str, settings: DocumentsSettings) -> list[DocumentItem]:
    """Everything found in the corpus' folder. A corpus whose folder is gone has no documents any more.

    Raises:
        SettingsError: the documents root is missing.
    """
    folder = scan_corpora(root).get(corpus)
    if folder is None:
        return []
    found: list[Document | Unreadable] = [
        Unreadable(file_id(skipped.path, folder.base), skipped.reason, skipped.detail, "")
        for skipped in folder.skipped
    ]
    found += read_corpus(folder, settings)
    return [_item(document) for document in found]


def take_document(item: DocumentItem, _ask: Ask) -> Sequence[Document]:
    """The document itself.

    Raises:
        Dropped: the file could not be read.
    """
    if isinstance(item.payload, Unreadable):
        raise Dropped(item.payload.reason, item.payload.detail, item.payload.raw_excerpt)
    return [item.payload]


def _item(found: Document | Unreadable) -> DocumentItem:
    if isinstance(found, Unreadable):
        key = fingerprint(DOCUMENTS_VERSION, found.document_id, found.reason, found.detail, found.raw_excerpt)
    else:
        key = fingerprint(DOCUMENTS_VERSION, found.document_id, found.version)
    return WorkItem(found.document_id, key, found, found.document_id)
