"""A page of an encyclopedia as a row, and as the document and the chunk that it is."""

from dataclasses import dataclass

from kg_assets.domain import ENRICHMENT, Chunk, Document


@dataclass(frozen=True, slots=True)
class PageRow:
    """The page about an entity: a row of `enrichment`. It is a document, and a chunk, of its own."""

    entity_id: str
    entity: str
    document_id: str
    chunk_id: str
    version: str
    title: str
    text: str
    revision: int
    language: str
    tokens: int


def page_chunk(page: PageRow) -> Chunk:
    """The page as the one chunk of its document."""
    return Chunk(
        chunk_id=page.chunk_id,
        document_id=page.document_id,
        document_version=page.version,
        chunk_index=0,
        start_char=0,
        end_char=len(page.text),
        text=page.text,
        tokens=page.tokens,
        heading_path=(page.title,),
        language=page.language,
    )


def page_document(page: PageRow) -> Document:
    """The page as a document, marked as not one of the user's."""
    metadata = {"title": page.title, "kind": ENRICHMENT, "source": "wikipedia", "revision": page.revision}
    return Document(page.document_id, page.version, page.text, metadata, page.language)
