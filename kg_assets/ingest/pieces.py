"""From blocks to pieces: the smallest spans that chunks are packed from, each with its number of tokens.

A piece is a sentence, a heading, a code block or a unit if that is within the token limit, else a part of
one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kg_assets.ingest.boundaries import (
    Span,
    split_characters,
    split_clauses,
    split_lines,
    split_sentences,
    split_words,
)
from kg_assets.ingest.structure import Block

CountTokens = Callable[[str], int]

# Longer spans are cut without being counted: tokenizers slow down on long spans, and few languages have
# more characters to a token.
_COUNTABLE_CHARS_PER_TOKEN = 8
# Parts of an oversized span are this share of the limit, in characters, so that chunks can be filled well.
_PART_SHARE = 8


@dataclass(frozen=True, slots=True)
class Piece:
    """`tokens` counts the white space before the piece too. `apart` says that this white space is so long
    that no chunk can hold it; `whole` that the piece is no part of a larger sentence."""

    start: int
    end: int
    block: Block
    tokens: int
    whole: bool
    apart: bool

    @property
    def is_heading(self) -> bool:
        return self.block.kind == "heading"


def make_pieces(text: str, blocks: Sequence[Block], limit: int, count: CountTokens) -> list[Piece]:
    """Pieces of at most `limit` tokens that together hold all that is not white space in `blocks`.

    Only a single code point may be a piece with more tokens.
    """
    spans = [
        (span, block)
        for block in blocks
        for span in (
            split_sentences(text, block.start, block.end)
            if block.kind == "text"
            else [(block.start, block.end)]
        )
    ]
    return _counted(text, spans, limit, count)


def make_units(text: str, spans: Sequence[Span], block: Block, limit: int, count: CountTokens) -> list[Piece]:
    """These spans of one block as pieces of at most `limit` tokens."""
    return _counted(text, [(span, block) for span in spans], limit, count)


def _counted(text: str, spans: Sequence[tuple[Span, Block]], limit: int, count: CountTokens) -> list[Piece]:
    pieces: list[Piece] = []
    before = spans[0][0][0] if spans else 0
    for (start, end), block in spans:
        tokens = _countable(text, before, end, limit, count)
        if tokens is not None:
            pieces.append(Piece(start, end, block, tokens, whole=True, apart=False))
        else:
            pieces += cut_piece(text, (start, end), before, block, limit, count)
        before = end
    return pieces


def cut_piece(
    text: str, span: Span, before: int, block: Block, limit: int, count: CountTokens
) -> list[Piece]:
    """`span` as pieces of at most `limit` tokens each; `before` is where the piece before it ends.

    Only a single code point may be a piece with more tokens.
    """
    parts = _parts(text, *span, limit, count)
    pieces = []
    for start, end in parts:
        tokens = _countable(text, before, end, limit, count)
        pieces.append(
            Piece(
                start,
                end,
                block,
                count(text[start:end]) if tokens is None else tokens,
                whole=len(parts) == 1,
                apart=tokens is None,
            )
        )
        before = end
    return pieces


def _countable(text: str, start: int, end: int, limit: int, count: CountTokens) -> int | None:
    """Tokens of a span if within `limit`, else None; very long spans are not even counted."""
    if end - start > _COUNTABLE_CHARS_PER_TOKEN * limit:
        return None
    tokens = count(text[start:end])
    return tokens if tokens <= limit else None


def _parts(text: str, start: int, end: int, limit: int, count: CountTokens, level: int = 0) -> list[Span]:
    """The span cut at lines; what is still too long at clauses, then words, then characters.

    The first cut that leaves parts of at most `limit` tokens is used, and neighbours are joined again up to a
    share of the limit, so that there are few parts. Each level looks at each character once.
    """
    if end - start == 1 or _countable(text, start, end, limit, count) is not None:
        return [(start, end)]
    size = max(1, limit // _PART_SHARE)
    if level < len(_LEVELS):
        spans = _joined(_LEVELS[level](text, start, end), size)
    else:
        spans = split_characters(text, start, end, size)
        if len(spans) == 1:
            # A cluster of several code points, such as a family emoji: the limit goes before its unity.
            middle = (start + end) // 2
            spans = [(start, middle), (middle, end)]
    return [part for span in spans for part in _parts(text, *span, limit, count, level + 1)]


_LEVELS = (split_lines, split_clauses, split_words)


def _joined(spans: list[Span], size: int) -> list[Span]:
    joined: list[Span] = []
    for start, end in spans:
        if joined and end - joined[-1][0] <= size:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined
