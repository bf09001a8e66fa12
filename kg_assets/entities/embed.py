"""Names as vectors, from the embedder: what is shown of a name, which names share a request, what is kept."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kg_assets.domain import fingerprint
from kg_assets.entities.types import Named
from kg_assets.stage.batches import Piece, cut
from resources.errors import CallFailed, SettingsError
from resources.models.types import Ask, EmbeddingRequest, Vectors

EMBEDDINGS_VERSION = "1"
MOST_NAMES = 16
_SHOWN_CHARS = 200
_NAME_SHARE = 1 / 3
"""Of the name alone in the sum; the rest is that of the name with its description (docs/decisions.md)."""
VECTOR_TYPE = np.dtype("<f2")


@dataclass(frozen=True, slots=True)
class EntityEmbedding:
    """A row of `entity_embeddings`: the vector of one name, at unit length, as VECTOR_TYPE; `text` is what
    was embedded beside the name."""

    entity_id: str
    text: str
    vector: bytes


def described(entity: Named) -> str:
    """The name with the beginning of its first description."""
    return ": ".join([entity.name, *(text[:_SHOWN_CHARS] for text in entity.descriptions[:1])])


def name_groups(entities: Sequence[Named]) -> list[tuple[Named, ...]]:
    """The entities in groups for one request each, which they cut by themselves: one name more changes one or
    two requests, and where it stands in the documents does not count."""
    pieces = [Piece(fingerprint(entity.name, described(entity)), 1, entity) for entity in entities]
    pieces.sort(key=lambda piece: (piece.mark, piece.of.entity_id))
    return list(cut(pieces, MOST_NAMES, MOST_NAMES))


def names_request(group: Sequence[Named]) -> EmbeddingRequest:
    """The request for one group: first the names, then the names with their descriptions."""
    texts = (*(entity.name for entity in group), *map(described, group))
    return EmbeddingRequest(texts, item_id=group[0].entity_id)


async def embed(group: Sequence[Named], ask: Ask) -> list[EntityEmbedding]:
    """A row for each name of a group. An endpoint that refuses so many texts is asked for half of them.

    Raises:
        CallFailed: the embedder's answer was of no use.
    """
    try:
        found = (await ask(names_request(group))).vectors.astype(np.float32)
    except CallFailed as failure:
        if failure.reason != "bad_request" or len(group) == 1:
            raise
        half = len(group) // 2
        return await embed(group[:half], ask) + await embed(group[half:], ask)
    names, with_description = found[: len(group)], found[len(group) :]
    mixed = _NAME_SHARE * names + (1 - _NAME_SHARE) * with_description
    # Opposite vectors, which no model gives of nearly the same text, would leave nothing to divide by.
    lengths = np.maximum(np.linalg.norm(mixed, axis=1, keepdims=True), np.finfo(np.float32).tiny)
    rows = (mixed / lengths).astype(VECTOR_TYPE)
    return [
        EntityEmbedding(entity.entity_id, described(entity), row.tobytes())
        for entity, row in zip(group, rows, strict=True)
    ]


def as_vectors(rows: Sequence[bytes]) -> Vectors:
    """Stored vectors as one array.

    Raises:
        SettingsError: they are not of one length, since another model answers under the embedder's name.
    """
    lengths = sorted({len(row) // VECTOR_TYPE.itemsize for row in rows})
    if len(lengths) > 1:
        raise SettingsError(
            f"The embedder has given vectors of {' and of '.join(map(str, lengths))} numbers, so another "
            "model answers under its name: set models.embedder.revision to any text and run again."
        )
    return np.frombuffer(b"".join(rows), VECTOR_TYPE).reshape(len(rows), -1).astype(np.float16, copy=False)
