"""The desired content of the graph database: a pure function of documents, chunks, units and support."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence

from kg_assets.claims.merge import MergedUnit
from kg_assets.domain import Chunk, Document, GraphUnit
from resources.graph.types import ChunkNode, DocumentNode, EntityNode, GraphState, RelationEdge


def graph_state(
    documents: Sequence[Document],
    chunks: Sequence[Chunk],
    units: Sequence[GraphUnit],
    merged: Sequence[MergedUnit],
    spellings: Mapping[str, Sequence[str]],
) -> GraphState:
    """Everything that should stand in the graph for one corpus; relations only between standing entities.

    `spellings` are all ways to write an entity, by its id: those that are not its name are its aliases.
    """
    support = {found.unit.unit_id: found for found in merged}
    entities = [unit for unit in units if unit.kind == "entity"]
    standing = {unit.unit_id for unit in entities}
    return GraphState(
        documents=tuple(_document(document) for document in documents),
        chunks=tuple(_chunk(chunk) for chunk in chunks),
        entities=tuple(
            _entity(unit, support[unit.unit_id], spellings.get(unit.unit_id, ())) for unit in entities
        ),
        relations=tuple(
            _relation(unit, support[unit.unit_id])
            for unit in units
            if unit.kind == "relation" and {unit.source_id, unit.target_id} <= standing
        ),
    )


def degrees(units: Sequence[GraphUnit]) -> dict[str, int]:
    """Entity id to its number of relations, isolated entities included."""
    ends = Counter(
        end for unit in units if unit.kind == "relation" for end in (unit.source_id, unit.target_id)
    )
    return {unit.unit_id: ends[unit.unit_id] for unit in units if unit.kind == "entity"}


def _document(document: Document) -> DocumentNode:
    return DocumentNode(
        id=document.document_id,
        version=document.version,
        path=document.document_id,
        title=str(document.metadata.get("title") or document.document_id),
        language=document.language,
        metadata_json=json.dumps(document.metadata, ensure_ascii=False, sort_keys=True),
    )


def _chunk(chunk: Chunk) -> ChunkNode:
    return ChunkNode(
        id=chunk.chunk_id,
        document_id=chunk.document_id,
        index=chunk.chunk_index,
        start_char=chunk.start_char,
        end_char=chunk.end_char,
        text=chunk.text,
        tokens=chunk.tokens,
        heading_path=chunk.heading_path,
    )


def _entity(unit: GraphUnit, support: MergedUnit, spellings: Sequence[str]) -> EntityNode:
    return EntityNode(
        id=unit.unit_id,
        name=unit.name,
        type=unit.type,
        description=unit.description,
        language=unit.language,
        content_hash=unit.content_hash,
        chunk_ids=support.chunk_ids,
        claim_count=support.claims,
        aliases=tuple(name for name in spellings if name != unit.name),
        origin=unit.origin,
    )


def _relation(unit: GraphUnit, support: MergedUnit) -> RelationEdge:
    return RelationEdge(
        id=unit.unit_id,
        source_id=unit.source_id,
        target_id=unit.target_id,
        type=unit.type,
        description=unit.description,
        language=unit.language,
        content_hash=unit.content_hash,
        chunk_ids=support.chunk_ids,
        claim_count=support.claims,
        origin=unit.origin,
    )
