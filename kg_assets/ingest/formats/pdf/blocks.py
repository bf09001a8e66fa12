"""From lines to blocks: paragraphs, list items, code, and what may be a heading."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from kg_assets.ingest.formats.markdown import join_lines, table
from kg_assets.ingest.formats.pdf.aligned import aligned_tables
from kg_assets.ingest.formats.pdf.order import Line

Kind = Literal["text", "item", "code", "table", "heading"]

_BULLET = re.compile(r"(?:[•‣◦●○■□▪▫·∙⁃➢➤✓❖\uf0b7\uf0a7\uf02d]|[-–—*](?=\s))\s*(?=\S)|[•●○■□▪▫\uf0b7\uf0a7]$")
_NUMBERED = re.compile(r"(?:\d{1,3}[.)．、]|[（(]\d{1,3}[）)]|[a-z]\))\s+(?=\S)")
_ENDS = tuple('.!?。！？：:;；…”’"')


@dataclass(slots=True)
class Block:
    """Consecutive lines that belong together. `text` has its Markdown mark already, but for headings."""

    kind: Kind
    text: str
    page: int
    size: float
    bold: bool
    lines: int
    x0: float
    full: bool


def blocks_of(lines: Sequence[Line], page: int, leading: float) -> list[Block]:
    """Blocks of one page. `leading` is the document's usual distance of lines over their font size."""
    blocks: list[Block] = []
    before: Line | None = None
    indents: list[float] = []
    aligned = {found.first: found for found in aligned_tables(lines)}
    inside = 0
    for index, line in enumerate(lines):
        if index < inside:
            continue
        if found := aligned.get(index):
            blocks.append(Block("table", table(found.rows), page, 0, False, 1, line.x0, False))
            inside, before = found.end, None
            continue
        bullet = _BULLET.match(line.text)
        numbered = _NUMBERED.match(line.text) if not bullet else None
        last = blocks[-1] if blocks else None
        if not line.mono and (bullet or (numbered and not line.bold)):
            if last is None or last.kind != "item":
                indents = []
            blocks.append(_item(line, page, bullet, indents))
        elif last is not None and before is not None and _continues(last, before, line, leading):
            _extend(last, before, line)
        else:
            kind: Kind = "code" if line.mono else "text"
            blocks.append(Block(kind, line.text, page, line.size, line.bold, 1, line.x0, _is_full(line)))
        before = line
    return blocks


def _item(line: Line, page: int, bullet: re.Match[str] | None, indents: list[float]) -> Block:
    while indents and line.x0 < indents[-1] - 3:
        indents.pop()
    if not indents or line.x0 > indents[-1] + 3:
        indents.append(line.x0)
    text = "- " + line.text[bullet.end() :] if bullet else line.text
    depth = len(indents) - 1
    return Block("item", "  " * depth + text, page, line.size, line.bold, 1, line.x0, _is_full(line))


def _continues(block: Block, before: Line, line: Line, leading: float) -> bool:
    """Whether a line goes on with the block that the line before it ends."""
    if line.mono != (block.kind == "code") or block.kind == "table":
        return False
    apart = before.y - line.y
    if not 0 < apart <= (leading + (0.9 if line.mono else 0.35)) * max(line.size, before.size):
        # The next column goes on with a paragraph that the bottom of this one cuts.
        return apart < 0 and not line.mono and goes_on(block.text, block.full, line.text)
    if line.mono:
        return True
    if abs(line.size - before.size) > 0.6 or line.bold != before.bold:
        return abs(line.size - before.size) <= 0.6 and not block.bold and not _short(before)
    if block.kind == "item":
        return line.x0 >= block.x0 - 2
    # A first line that is indented begins a paragraph.
    indented = line.x0 - before.x0 > 0.8 * line.size and not _is_list_like(block)
    return not (indented and _short(before)) and not (_short(before) and block.text.endswith(_ENDS))


def _extend(block: Block, before: Line, line: Line) -> None:
    if block.kind == "code":
        indent = max(0, round((line.x0 - block.x0) / (0.6 * line.size)))
        block.text += "\n" + " " * indent + line.text
    else:
        block.text = join_text(block.text, line.text)
    block.lines += 1
    block.full = _is_full(line)


def join_text(first: str, second: str) -> str:
    """Two parts of one paragraph; a word that was broken is made whole."""
    return first[:-1] + second if first.endswith("\u00ad") else join_lines(first, second)


def goes_on(text: str, full: bool, following: str) -> bool:
    """Whether a paragraph cut by the end of a column or page goes on with this text."""
    if text.endswith("\u00ad"):
        return True
    starts_low = following[:1].islower() or "\u3040" <= following[:1] <= "\u9fff"
    return full and not text.endswith(_ENDS) and starts_low


def _is_full(line: Line) -> bool:
    left, right = line.column
    return line.x1 > right - max(3 * line.size, 0.12 * (right - left))


def _short(line: Line) -> bool:
    return not _is_full(line)


def _is_list_like(block: Block) -> bool:
    return block.kind == "item" or block.lines == 1
