"""The ways to cut a text into chunks: where they end, and what of the chunk before they repeat.

All of them fill chunks with pieces of the text and never cut a character; they differ in the pieces and in
where a chunk may end early. Chunks with ids and headings are made in `chunk`.
"""

import re
from collections.abc import Sequence

from kg_assets.ingest.boundaries import Span, split_characters, split_words, trim
from kg_assets.ingest.packing import AT_PARAGRAPHS, AT_STRUCTURE, NOWHERE, PackedSpan, pack
from kg_assets.ingest.pieces import CountTokens, make_pieces, make_units
from kg_assets.ingest.structure import Block
from resources.configuration.settings import ChunkingSettings

_BLANK_LINES = re.compile(r"\n\s*\n")
# Text without spaces, such as Chinese, is counted in units of so many characters; longer words are cut.
_UNIT_CHARS = 4
_MAX_WORD_CHARS = 16


def cut_region(
    text: str, blocks: Sequence[Block], settings: ChunkingSettings, count: CountTokens
) -> list[PackedSpan]:
    """The chunks of a text of which `blocks` are the outline, in order.

    - `structure`: whole headings with what is below them, paragraphs, lists, tables and code where they fit,
      and else whole items, rows and sentences. Whole sentences of the chunk before are repeated.
    - `recursive` and, within its parts, `separator`: whole paragraphs where they fit, else whole sentences,
      else clauses, words, characters. Markdown means nothing; whole sentences are repeated.
    - `tokens`: as many tokens as fit, wherever that ends, and as many of them repeated.

    Raises:
        ValueError: `count` gives more than the limit for a single character.
    """
    limit, overlap = settings.max_tokens, settings.overlap_tokens
    start, end = blocks[0].start, blocks[-1].end
    if settings.strategy == "structure":
        pieces, ends = make_pieces(text, blocks, limit, count), AT_STRUCTURE
    elif settings.strategy == "tokens":
        pieces, ends = make_units(text, _units(text, start, end), _plain(start, end), limit, count), NOWHERE
    else:
        pieces, ends = make_pieces(text, _paragraphs(text, start, end), limit, count), AT_PARAGRAPHS
    return pack(text, pieces, limit, overlap, count, ends)


def split_at(text: str, separator: str) -> tuple[Span, ...]:
    """The parts of `text` between separators. One that begins with a line break begins the part after it,
    as a heading does; any other ends the part before it, as a full stop does."""
    opens = separator.startswith("\n")
    cuts = [found.start() if opens else found.end() for found in re.finditer(re.escape(separator), text)]
    return tuple(zip([0, *cuts], [*cuts, len(text)], strict=True))


def _paragraphs(text: str, start: int, end: int) -> list[Block]:
    """What blank lines part."""
    gaps = [found.span() for found in _BLANK_LINES.finditer(text, start, end)]
    spans = zip([start, *(gap[1] for gap in gaps)], [*(gap[0] for gap in gaps), end], strict=True)
    return [_plain(*trim(text, *span), group=number) for number, span in enumerate(spans)]


def _plain(start: int, end: int, group: int = 0) -> Block:
    return Block(start, end, "text", section=0, outline=(), group=group)


def _units(text: str, start: int, end: int) -> list[Span]:
    """Words, and parts of long ones."""
    units: list[Span] = []
    for begin, stop in split_words(text, start, end):
        if stop - begin <= _MAX_WORD_CHARS:
            units.append((begin, stop))
        else:
            units += split_characters(text, begin, stop, _UNIT_CHARS)
    return units
