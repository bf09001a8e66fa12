"""Which blocks are headings: those that the bookmarks name, else those that are set larger or bold."""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from kg_assets.ingest.formats.pdf.blocks import Block

_MAX_CHARS = 160
_MAX_LINES = 3
_LARGER = 1.08
_NUMBER = re.compile(r"(?:\d+|[A-Z])((?:\.\d+)*)\.?\s+\S")
_NOT_A_TITLE = tuple(".。;；,，:：")
Bookmarks = Mapping[int, Sequence[tuple[int, str]]]
"""By page number, the titles that lead there, with their level from 1."""


def mark_headings(blocks: Sequence[Block], bookmarks: Bookmarks, body_size: float) -> None:
    """Make headings of the blocks that are, with their level as `#` marks."""
    learned = _by_bookmarks(blocks, bookmarks) if bookmarks else {}
    if len(learned) == 0:
        sizes = sorted(
            {_style(block)[0] for block in blocks if _could_be(block) and block.size > body_size * _LARGER},
            reverse=True,
        )
        rank = {size: level for level, size in enumerate(sizes[:5], start=1)}
    else:
        rank = {}
    for block in blocks:
        if block.kind != "text" or not _could_be(block):
            continue
        if (level := learned.get(_style(block)) or rank.get(_style(block)[0])) or (
            not learned and (level := _bold_level(block, body_size, len(rank)))
        ):
            _mark(block, level)


def _bold_level(block: Block, body_size: float, above: int) -> int:
    """The level of a bold line of the body's size, 0 where it is none: by its number if it has one."""
    if not block.bold or block.size < 0.95 * body_size or block.text.endswith(_NOT_A_TITLE):
        return 0
    number = _NUMBER.match(block.text)
    return max(above + 1, number[1].count(".") + 1) if number else above + 1


def _could_be(block: Block) -> bool:
    return (
        block.kind == "text"
        and block.lines <= _MAX_LINES
        and len(block.text) <= _MAX_CHARS
        and any(character.isalpha() for character in block.text)
    )


def _by_bookmarks(blocks: Sequence[Block], bookmarks: Bookmarks) -> dict[tuple[int, bool], int]:
    """Mark the blocks that bookmarks name, and tell which level each style of type had."""
    waiting = {page: list(titles) for page, titles in bookmarks.items()}
    seen: dict[tuple[int, bool], Counter[int]] = defaultdict(Counter)
    uses: Counter[tuple[int, bool]] = Counter(_style(b) for b in blocks if b.kind == "text" and _could_be(b))
    for block in blocks:
        if block.kind not in ("text", "item") or len(block.text) > 2 * _MAX_CHARS:
            continue
        for entry in waiting.get(block.page, ()):
            if _same_title(block.text, entry[1]):
                waiting[block.page].remove(entry)
                seen[_style(block)][entry[0]] += 1
                _mark(block, entry[0])
                break
    # A style that is mostly used for something else is no heading's.
    return {
        style: levels.most_common(1)[0][0]
        for style, levels in seen.items()
        if levels.total() >= 2 and levels.total() >= 0.5 * uses[style]
    }


def _same_title(text: str, title: str) -> bool:
    shown, wanted = _letters(text), _letters(title)
    if not wanted:
        return False
    return shown == wanted or (shown.endswith(wanted) and len(shown) - len(wanted) <= 12)


def _letters(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in folded if character.isalnum())


def _mark(block: Block, level: int) -> None:
    block.kind = "heading"
    block.text = "#" * min(level, 6) + " " + " ".join(block.text.split())


def _style(block: Block) -> tuple[int, bool]:
    return round(block.size * 2), block.bold
