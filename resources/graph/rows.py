"""From a desired graph to the rows that are written, and the difference to what is stored. Pure functions.

No Cypher, no connection. Everything that only Neo4j would refuse is refused here.
"""

import dataclasses
import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence, Set
from itertools import pairwise
from typing import TypeVar

from resources.graph.types import (
    ChunkNode,
    DocumentNode,
    EntityNode,
    GraphState,
    PropertyValue,
    RelationEdge,
    Tally,
)

MAX_ROW_BYTES = 8 << 20
"""One row must fit into one Bolt message; ArcadeDB hangs up at 16 MiB."""

Unit = DocumentNode | ChunkNode | EntityNode | RelationEdge
_NOT_PROPERTIES: Mapping[type, Set[str]] = {
    EntityNode: {"chunk_ids"},
    RelationEdge: {"source_id", "target_id"},
}
_PROPERTY_NAMES = {
    kind: [
        field.name for field in dataclasses.fields(kind) if field.name not in _NOT_PROPERTIES.get(kind, ())
    ]
    for kind in (DocumentNode, ChunkNode, EntityNode, RelationEdge)
}


@dataclasses.dataclass(frozen=True, slots=True)
class NodeRow:
    """A node as written: `props` hold the corpus and the `row_hash`, which covers all other properties."""

    id: str
    row_hash: str
    props: Mapping[str, PropertyValue]
    size_bytes: int


@dataclasses.dataclass(frozen=True, slots=True)
class LinkRow:
    """A relationship, stored or as written. `id` identifies it among those of its source node: the relation
    id, or the target's id for a type without properties (`row_hash` and `props` are empty then)."""

    id: str
    source: str
    target: str
    row_hash: str = ""
    props: Mapping[str, PropertyValue] = dataclasses.field(default_factory=dict)
    size_bytes: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Rows:
    """The whole desired graph as rows, by node label and by relationship type."""

    nodes: Mapping[str, Sequence[NodeRow]]
    links: Mapping[str, Sequence[LinkRow]]


@dataclasses.dataclass(frozen=True, slots=True)
class NodeChanges:
    """What turns the stored nodes of one label into the desired ones."""

    delete: Sequence[str]
    write: Sequence[NodeRow]
    tally: Tally


@dataclasses.dataclass(frozen=True, slots=True)
class LinkChanges:
    """What turns the stored relationships of one type into the desired ones.

    `delete` are those that must go before nodes do; `write` replaces what has the same source and id.
    """

    delete: Sequence[LinkRow]
    write: Sequence[LinkRow]
    tally: Tally


def build_rows(corpus: str, state: GraphState) -> Rows:
    """Check `state` and turn it into rows.

    Raises:
        ValueError: a property that cannot be stored, an id used twice, or a reference to a missing id.
    """
    check_corpus(corpus)
    documents = _by_id("document", state.documents)
    chunks = _by_id("chunk", state.chunks)
    entities = _by_id("entity", state.entities)
    _by_id("relation", state.relations)
    for chunk in state.chunks:
        _check_known(f"document_id of chunk {chunk.id!r}", chunk.document_id, documents)
    for entity in state.entities:
        _check_support(entity, chunks)
    for relation in state.relations:
        _check_support(relation, chunks)
        _check_known(f"source_id of relation {relation.id!r}", relation.source_id, entities)
        _check_known(f"target_id of relation {relation.id!r}", relation.target_id, entities)
    return Rows(
        nodes={
            "Document": [_node_row(corpus, document) for document in state.documents],
            "Chunk": [_node_row(corpus, chunk) for chunk in state.chunks],
            "Entity": [_node_row(corpus, entity) for entity in state.entities],
        },
        links={
            "FROM_DOCUMENT": [_plain_link(chunk.id, chunk.document_id) for chunk in state.chunks],
            "NEXT_CHUNK": _next_chunks(state.chunks),
            "FROM_CHUNK": [_plain_link(e.id, chunk_id) for e in state.entities for chunk_id in e.chunk_ids],
            "RELATED_TO": [_relation_row(relation) for relation in state.relations],
        },
    )


def node_changes(stored: Mapping[str, str | None], desired: Iterable[NodeRow]) -> NodeChanges:
    """Compare stored nodes (id to `row_hash`) with the desired ones."""
    rows = {row.id: row for row in desired}
    created = [row for row in rows.values() if row.id not in stored]
    updated = [row for row in rows.values() if row.id in stored and stored[row.id] != row.row_hash]
    deleted = sorted(stored.keys() - rows.keys())
    unchanged = len(rows) - len(created) - len(updated)
    return NodeChanges(deleted, created + updated, Tally(len(created), len(updated), len(deleted), unchanged))


def link_changes(stored: Iterable[LinkRow], desired: Iterable[LinkRow], *, by_id: bool) -> LinkChanges:
    """Compare stored relationships of one type with the desired ones.

    A relationship that is there twice, or between other nodes than desired, is deleted first; one with other
    properties is replaced in one transaction when it is written. `by_id` tells whether a relationship is
    identified by its id alone (a relation keeps its id when it is turned round) or by its two ends.
    """

    def identity(link: LinkRow) -> tuple[str, str]:
        return ("" if by_id else link.source, link.id)

    found: dict[tuple[str, str], list[LinkRow]] = {}
    for link in stored:
        found.setdefault(identity(link), []).append(link)
    wanted = {identity(link): link for link in desired}
    delete: list[LinkRow] = []
    write = [link for key, link in wanted.items() if key not in found]
    created, deleted, unchanged = len(write), 0, 0
    for key, there in found.items():
        want = wanted.get(key)
        if want is None:
            deleted += 1
            delete += there
        elif [(old.source, old.target) for old in there] != [(want.source, want.target)]:
            delete += there
            write.append(want)
        elif there[0].row_hash != want.row_hash:
            write.append(want)
        else:
            unchanged += 1
    return LinkChanges(delete, write, Tally(created, len(write) - created, deleted, unchanged))


def check_corpus(corpus: object) -> None:
    """Refuse what cannot be the name of a corpus.

    Raises:
        ValueError: not a text, empty, or no valid Unicode.
    """
    if not isinstance(corpus, str) or not corpus:
        raise ValueError(f"corpus must be a text that is not empty, got {corpus!r}")
    check_property("corpus", corpus)


def check_property(name: str, value: object) -> None:
    """Refuse what Neo4j cannot store, and None, which it would drop.

    Raises:
        ValueError: names the property and what it holds.
    """
    texts = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    if not all(isinstance(text, str) for text in texts):
        raise ValueError(f"{name} must be a list of texts only, got {value!r:.200}")
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{name} must be a finite number, got {value!r}")
    elif isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            raise ValueError(f"{name} must fit into 64 bits, got {value!r:.200}")
    elif not isinstance(value, str | list):
        raise ValueError(
            f"{name} must be a text, a number, true or false, or a list of texts, got {value!r:.200}"
        )
    for text in texts:
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise ValueError(f"{name} holds half a character (a lone surrogate) at {error.start}") from error


def _properties(unit: Unit) -> dict[str, PropertyValue]:
    props: dict[str, PropertyValue] = {}
    for name in _PROPERTY_NAMES[type(unit)]:
        value = getattr(unit, name)
        if value == "" and (name == "origin" or (name == "type" and isinstance(unit, RelationEdge))):
            continue
        value = list(value) if isinstance(value, tuple) else value
        try:
            check_property(name, value)
        except ValueError:
            # Once more, with a name that says where: one for each property would take longer than the rest.
            check_property(f"{type(unit).__name__}.{name} of {unit.id!r:.200}", value)
        props[name] = value
    return props


def _hashed(unit: Unit) -> tuple[str, dict[str, PropertyValue], int]:
    """The hash of the unit's properties, these with the hash, and their size in bytes."""
    props = _properties(unit)
    canonical = json.dumps(props, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    if len(canonical) > MAX_ROW_BYTES:
        raise ValueError(f"{type(unit).__name__} {unit.id!r:.200} is larger than {MAX_ROW_BYTES:,} bytes")
    row_hash = hashlib.sha256(canonical).hexdigest()[:32]
    return row_hash, {**props, "row_hash": row_hash}, len(canonical)


def _node_row(corpus: str, unit: DocumentNode | ChunkNode | EntityNode) -> NodeRow:
    row_hash, props, size_bytes = _hashed(unit)
    return NodeRow(unit.id, row_hash, {**props, "corpus": corpus}, size_bytes)


def _relation_row(relation: RelationEdge) -> LinkRow:
    row_hash, props, size_bytes = _hashed(relation)
    return LinkRow(relation.id, relation.source_id, relation.target_id, row_hash, props, size_bytes)


def _plain_link(source: str, target: str) -> LinkRow:
    return LinkRow(target, source, target, size_bytes=len(source) + len(target))


def _next_chunks(chunks: Iterable[ChunkNode]) -> list[LinkRow]:
    ordered = sorted(chunks, key=lambda chunk: (chunk.document_id, chunk.index, chunk.id))
    return [_plain_link(a.id, b.id) for a, b in pairwise(ordered) if a.document_id == b.document_id]


_U = TypeVar("_U", DocumentNode, ChunkNode, EntityNode, RelationEdge)


def _by_id(kind: str, units: Iterable[_U]) -> dict[str, _U]:
    by_id: dict[str, _U] = {}
    for unit in units:
        if not isinstance(unit.id, str) or not unit.id:
            raise ValueError(f"id of a {kind} must be a text that is not empty, got {unit.id!r}")
        if unit.id in by_id:
            raise ValueError(f"{kind} {unit.id!r} is there twice")
        by_id[unit.id] = unit
    return by_id


def _check_known(name: str, id_: object, known: Mapping[str, object]) -> None:
    if id_ not in known:
        raise ValueError(f"{name} refers to {id_!r}, which is not part of the graph")


def _check_support(unit: EntityNode | RelationEdge, chunks: Mapping[str, object]) -> None:
    name = f"chunk_ids of {type(unit).__name__} {unit.id!r}"
    for chunk_id in unit.chunk_ids:
        _check_known(name, chunk_id, chunks)
    if len(set(unit.chunk_ids)) != len(unit.chunk_ids):
        raise ValueError(f"{name} must hold each chunk once")
