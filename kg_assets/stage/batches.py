"""Cutting what is shown to a model into groups for one request each, below a limit of tokens."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Piece(Generic[T]):
    """A part that is never split: the fingerprint of what is shown of it, and how many tokens that has."""

    mark: str
    tokens: int
    of: T


def cut(pieces: Sequence[Piece[T]], most_tokens: int, most: int) -> Iterator[tuple[T, ...]]:
    """The pieces in their order, at most `most` and `most_tokens` to a group; a larger piece stands alone.

    Where a group ends is said by the pieces themselves, on average after half of `most`, so that one piece
    more or less changes one or two groups and not all that follow.
    """
    group: list[T] = []
    tokens = 0
    for piece in pieces:
        ends = int(piece.mark[-8:], 16) % max(1, most // 2) == 0
        if group and (ends or len(group) == most or tokens + piece.tokens > most_tokens):
            yield tuple(group)
            group, tokens = [], 0
        group.append(piece.of)
        tokens += piece.tokens
    if group:
        yield tuple(group)
