"""What is written to the graph, as plain frozen dataclasses, and what a write reports back.

No Cypher, no connection; how these become stored properties is in `rows.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

PropertyValue = str | int | float | bool | list[str]
"""What the graph stores. None and mixed lists are refused in Python, because ArcadeDB would take them."""


@dataclass(frozen=True, slots=True)
class DocumentNode:
    """`(:Document)`: one document in its present version.

    `path` is the path below the corpus folder, `metadata_json` a JSON object as text (a graph has no maps).
    """

    id: str
    version: str
    path: str
    title: str
    language: str
    metadata_json: str


@dataclass(frozen=True, slots=True)
class ChunkNode:
    """`(:Chunk)`: a span of a document, `document_text[start_char:end_char] == text`.

    `index` orders the chunks of one document (NEXT_CHUNK), `document_id` names it (FROM_DOCUMENT).
    """

    id: str
    document_id: str
    index: int
    start_char: int
    end_char: int
    text: str
    tokens: int
    heading_path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EntityNode:
    """`(:Entity)`: a merged entity. `chunk_ids` are the chunks that support it, each once: they become
    FROM_CHUNK relationships, not a property. `claim_count` is the number of supporting claims, `aliases` are
    its other names and spellings. `origin` says that it is not from the user's documents; where it is empty,
    it is not stored."""

    id: str
    name: str
    type: str
    description: str
    language: str
    content_hash: str
    chunk_ids: tuple[str, ...]
    claim_count: int
    aliases: tuple[str, ...] = ()
    origin: str = ""


@dataclass(frozen=True, slots=True)
class RelationEdge:
    """`[:RELATED_TO]`: a merged relation from the entity `source_id` to the entity `target_id`.

    `chunk_ids` are the chunks that support it, each once, stored as a property. `claim_count` is the number
    of supporting claims. `type` is that of the user's schema, `origin` as in `EntityNode`; where they are
    empty, they are not stored.
    """

    id: str
    source_id: str
    target_id: str
    description: str
    language: str
    content_hash: str
    chunk_ids: tuple[str, ...]
    claim_count: int
    type: str = ""
    origin: str = ""


@dataclass(frozen=True, slots=True)
class GraphState:
    """The whole desired graph of one corpus. The order of the four sequences has no meaning."""

    documents: Sequence[DocumentNode] = ()
    chunks: Sequence[ChunkNode] = ()
    entities: Sequence[EntityNode] = ()
    relations: Sequence[RelationEdge] = ()


@dataclass(frozen=True, slots=True)
class Tally:
    """What a write did to the rows of one kind; the four numbers add up to all rows, old and new."""

    created: int = 0
    updated: int = 0
    deleted: int = 0
    unchanged: int = 0

    @property
    def written(self) -> int:
        """Rows that were touched."""
        return self.created + self.updated + self.deleted


@dataclass(frozen=True, slots=True)
class SyncCounts:
    """What one `GraphStore.sync` did: a tally per node label and per relationship type.

    A relation whose direction changed counts as updated.
    """

    documents: Tally
    chunks: Tally
    entities: Tally
    relations: Tally
    from_document: Tally
    next_chunk: Tally
    from_chunk: Tally

    @property
    def written(self) -> int:
        """Nodes and relationships that were touched; 0 when the graph was already as desired."""
        nodes = self.documents.written + self.chunks.written + self.entities.written
        links = self.from_document.written + self.next_chunk.written + self.from_chunk.written
        return nodes + links + self.relations.written
