"""Tables without ruling lines: consecutive lines whose parts begin at the same places."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kg_assets.ingest.formats.markdown import join_lines
from kg_assets.ingest.formats.pdf.order import Line

_NEAR = 4.0
_MIN_ROWS = 3
_MAX_APART = 3.0
# A list item or numbered heading has two parts too.
_MARK = re.compile(
    r"(?:\W|\uf0b7|[（(]?(?:\d{1,3}|[a-zA-Z]|[ivxlc]+)[.)．、）]?|\d+(?:\.\d+)+\.?"
    r"|Chapter \d+\.?|第\S+[章节])"
)


@dataclass(slots=True)
class AlignedTable:
    """Rows of cells made of `lines[first:end]`."""

    first: int
    end: int
    rows: list[list[str]]


def aligned_tables(lines: Sequence[Line]) -> list[AlignedTable]:
    """Every run of three rows or more in which the parts of lines begin at the places of the first row's."""
    found = []
    index = 0
    while index < len(lines):
        table = _table_from(lines, index)
        if table is None:
            index += 1
        else:
            found.append(table)
            index = table.end
    return found


def _table_from(lines: Sequence[Line], first: int) -> AlignedTable | None:
    starts = [x for x, _ in lines[first].cells]
    if len(starts) < 2 or not _may_be_row(lines[first]):
        return None
    rows: list[list[str]] = []
    end = first
    for index in range(first, len(lines)):
        line = lines[index]
        places = [_place(x, starts) for x, _ in line.cells]
        near = index == first or 0 < lines[index - 1].y - line.y < _MAX_APART * line.size
        if not near or None in places or line.mono:
            break
        if len(places) == 1 and places[0] != 0 and rows:
            # The second line of a cell.
            column = places[0] or 0
            rows[-1][column] = join_lines(rows[-1][column], line.cells[0][1])
        elif len(places) >= 2 and places[0] == 0 and _may_be_row(line):
            row = [""] * len(starts)
            for place, (_, text) in zip(places, line.cells, strict=True):
                row[place or 0] = join_lines(row[place or 0], text)
            rows.append(row)
        else:
            break
        end = index + 1
    return AlignedTable(first, end, rows) if len(rows) >= _MIN_ROWS else None


def _place(x: float, starts: Sequence[float]) -> int | None:
    return next((place for place, start in enumerate(starts) if abs(x - start) <= _NEAR), None)


def _may_be_row(line: Line) -> bool:
    return not line.mono and len(line.cells) >= 2 and not _MARK.fullmatch(line.cells[0][1].strip())
