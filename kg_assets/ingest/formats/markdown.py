"""Pieces of Markdown that several formats make: tables, and lines joined to a paragraph."""

import re
import unicodedata
from collections.abc import Sequence

ROWS_UNDER_A_HEADER = 40
"""A longer table repeats its header, as printed ones do: a chunk from its middle can still be understood."""

_SPACES = re.compile(r"[ \t\r\n\f\v\u00a0]+")


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells as a Markdown table; the first row is its header, empty rows and columns are left out."""
    cells = [[cell(text) for text in row] for row in rows]
    width = max(map(len, cells), default=0)
    cells = [row + [""] * (width - len(row)) for row in cells if any(row)]
    # A first row with one cell filled is the table's title, not its header.
    titles = []
    while len(cells) > 2 and sum(map(bool, cells[0])) == 1 < sum(map(bool, cells[1])):
        titles.append("".join(cells.pop(0)))
    used = [column for column in range(width) if any(row[column] for row in cells)]
    lines = ["| " + " | ".join(row[column] for column in used) + " |" for row in cells]
    if not lines or not used:
        return ""
    header = [lines[0], "|" + " --- |" * len(used)]
    body = lines[1:] or [""]
    parts = [
        "\n".join(header + body[start : start + ROWS_UNDER_A_HEADER]).rstrip("\n")
        for start in range(0, len(body), ROWS_UNDER_A_HEADER)
    ]
    return "\n\n".join(titles + parts)


def cell(text: str) -> str:
    """Text as it may stand in a table: one line, bars escaped."""
    return one_line(text).replace("|", "\\|")


def one_line(text: str) -> str:
    """White space of any kind as single spaces, none at the ends."""
    return _SPACES.sub(" ", text).strip()


def heading(level: int, title: str) -> str:
    """A heading; levels outside 1 to 6 are brought inside."""
    return f"{'#' * min(max(level, 1), 6)} {one_line(title)}"


def join_lines(first: str, second: str) -> str:
    """Two lines of one paragraph: without a space between wide characters, which Chinese and Japanese are."""
    if not first or not second:
        return first or second
    return first + second if _wide(first[-1]) and _wide(second[0]) else f"{first} {second}"


def _wide(character: str) -> bool:
    # Korean is wide too, and has spaces.
    return unicodedata.east_asian_width(character) in "WF" and not "\uac00" <= character <= "\ud7a3"
