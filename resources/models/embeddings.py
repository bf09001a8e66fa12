"""Embeddings on the wire and in the response store: asked for, read, kept small and given back."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from resources.models.reading import count_of, parsed, well_formed
from resources.models.response_store import StoredResponse
from resources.models.types import EmbeddingRequest, EmbeddingResponse, Vectors

_STORED = np.dtype("<f2")


class BadVectorsError(ValueError):
    """The answer has the shape of embeddings, and they are of no use: their number, their lengths, their
    order or their values."""


@dataclass(frozen=True, slots=True)
class Embeddings:
    """What an answer says. `rest` is its JSON without the vectors; tokens are None where none are billed."""

    vectors: Vectors
    rest: str
    prompt_tokens: int | None


def embedding_body(request: EmbeddingRequest, model: str) -> dict[str, Any]:
    """The JSON body of `request`."""
    return {"model": model, "input": [well_formed(text) for text in request.texts]}


def read_embeddings(raw: str, count: int) -> Embeddings:
    """Reads the body of an answer to `count` texts; what `index` says of the order holds.

    Raises:
        BadVectorsError: they are not one finite vector for each text, all of one length, none of them zero.
        ValueError: not the JSON of embeddings; the message says what it is instead.
    """
    body = parsed(raw)
    data = body.get("data") if isinstance(body, Mapping) else None
    if not isinstance(data, list) or not all(isinstance(entry, Mapping) for entry in data):
        raise ValueError("the answer is JSON, but holds no embeddings")
    usage = body.get("usage") if isinstance(body.get("usage"), Mapping) else {}
    rest = json.dumps({name: value for name, value in body.items() if name != "data"}, ensure_ascii=False)
    return Embeddings(_checked(_in_order(data, count)), rest, count_of(usage.get("prompt_tokens")))


def packed(vectors: Vectors) -> str:
    """Vectors as the store keeps them in `text`: base64 of little-endian 16-bit floats, row after row."""
    return base64.b64encode(vectors.astype(_STORED).tobytes()).decode("ascii")


def embedding_response(
    stored: StoredResponse, request: EmbeddingRequest, *, from_store: bool
) -> EmbeddingResponse:
    """The response to `request` that is in the store."""
    values = np.frombuffer(base64.b64decode(stored.text), dtype=_STORED)
    return EmbeddingResponse(
        vectors=values.reshape(len(request.texts), -1).astype(np.float16),
        prompt_tokens=stored.prompt_tokens,
        latency_s=stored.latency_s,
        cost_usd=stored.cost_usd,
        from_store=from_store,
        key=stored.key,
    )


def _in_order(data: list[Mapping[str, Any]], count: int) -> list[Any]:
    """The vectors by `index`, or as they come where no entry has one."""
    if len(data) != count:
        raise BadVectorsError(f"{len(data)} vectors came back for {count} texts")
    places = [entry.get("index") for entry in data]
    if all(place is None for place in places):
        places = list(range(count))
    by_place = {
        place: entry.get("embedding") for place, entry in zip(places, data, strict=True) if type(place) is int
    }
    if by_place.keys() != set(range(count)):
        raise BadVectorsError(f"the vectors of {count} texts are numbered {str(places)[:200]}")
    return [by_place[place] for place in range(count)]


def _checked(found: list[Any]) -> Vectors:
    """The vectors at unit length."""
    try:
        vectors = np.array(found, dtype=np.float64)
    except (ValueError, TypeError) as error:
        raise BadVectorsError(f"the vectors are not lists of numbers of one length ({error})") from error
    if vectors.ndim != 2 or not vectors.shape[1]:
        raise BadVectorsError("the vectors are not lists of numbers")
    if not np.isfinite(vectors).all():
        raise BadVectorsError("a vector holds a value that is no finite number")
    # Before they are squared: the largest numbers would overflow and the smallest vanish.
    largest = np.abs(vectors).max(axis=1, keepdims=True)
    if not largest.all():
        raise BadVectorsError("a vector is zero")
    vectors /= largest
    unit: Vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)
    return unit
