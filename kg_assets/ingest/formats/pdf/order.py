"""From runs to lines in reading order: columns are found by the gutter that few lines cross."""

from dataclasses import dataclass
from itertools import pairwise

from kg_assets.ingest.formats.pdf.page import Run

_MIN_LINES = 4
_MAX_CROSSING = 0.25
# Columns of prose fill their width; labels beside values do not.
_MIN_FILL = 0.5
_GUTTER = 6.0


@dataclass(slots=True)
class Line:
    """Runs on one base line of one column, from left to right; font of the longest run. `column` is the
    extent of the column that it stands in, `cells` are the runs' starts and texts."""

    text: str
    cells: list[tuple[float, str]]
    x0: float
    x1: float
    y: float
    size: float
    bold: bool
    mono: bool
    column: tuple[float, float]


def ordered_lines(runs: list[Run]) -> list[Line]:
    """All runs as lines, in the order in which they are read."""
    return [line for column in _columns(runs) for line in _lines(column)]


def _columns(runs: list[Run]) -> list[list[Run]]:
    """Groups of runs, each a column or what stands across columns, in reading order."""
    gutter = _gutter(runs)
    if gutter is None:
        return [runs] if runs else []
    groups: list[list[Run]] = []
    left: list[Run] = []
    right: list[Run] = []

    def close() -> None:
        groups.extend(_columns(left.copy()))
        groups.extend(_columns(right.copy()))
        left.clear()
        right.clear()

    for run in sorted(runs, key=lambda run: -run.y):
        if run.x1 <= gutter + 1:
            left.append(run)
        elif run.x0 >= gutter - 1:
            right.append(run)
        else:
            close()
            if groups and groups[-1] and all(r.x0 < gutter < r.x1 for r in groups[-1]):
                groups[-1].append(run)
            else:
                groups.append([run])
    close()
    return groups


def _gutter(runs: list[Run]) -> float | None:
    """The middle of a gap between two columns of text, or None."""
    if len(runs) < 2 * _MIN_LINES:
        return None
    best: tuple[float, float] | None = None
    for start in sorted({round(run.x0) for run in runs}):
        right = [run for run in runs if run.x0 >= start - 1]
        if len(right) < _MIN_LINES:
            break
        left = [run for run in runs if run.x1 <= start - _GUTTER]
        if len(left) < _MIN_LINES:
            continue
        crossing = len(runs) - len(left) - len(right)
        if crossing <= _MAX_CROSSING * len(runs) and _is_prose(left) and _is_prose(right):
            middle = (max(run.x1 for run in left) + start) / 2
            if best is None or crossing < best[0]:
                best = (crossing, middle)
    return None if best is None else best[1]


def _is_prose(runs: list[Run]) -> bool:
    width = max(run.x1 for run in runs) - min(run.x0 for run in runs)
    heights = sorted({round(run.y) for run in runs})
    widths = sorted(sum(run.x1 - run.x0 for run in runs if abs(run.y - height) < 1.5) for height in heights)
    return len(heights) >= _MIN_LINES and widths[len(widths) // 2] >= _MIN_FILL * width


def _lines(runs: list[Run]) -> list[Line]:
    rows: list[list[Run]] = []
    for run in sorted(runs, key=lambda run: (-run.y, run.x0)):
        if rows and abs(rows[-1][0].y - run.y) < 0.45 * max(run.size, rows[-1][0].size):
            rows[-1].append(run)
        else:
            rows.append([run])
    column = (min(run.x0 for run in runs), max(run.x1 for run in runs))
    return [_line(sorted(row, key=lambda run: run.x0), column) for row in rows]


def _line(runs: list[Run], column: tuple[float, float]) -> Line:
    longest = max(runs, key=lambda run: len(run.text))
    text = runs[0].text
    for before, run in pairwise(runs):
        mono = longest.mono and before.mono and run.mono
        gap = max(1, round((run.x0 - before.x1) / (0.6 * run.size))) if mono else 1
        touching = run.x0 - before.x1 < 0.15 * run.size
        text += ("" if touching else " " * gap) + run.text
    letters = sum(len(run.text) for run in runs)
    bold = sum(len(run.text) for run in runs if run.bold) > 0.8 * letters
    mono = sum(len(run.text) for run in runs if run.mono) > 0.8 * letters
    cells = [(run.x0, run.text) for run in runs]
    return Line(text, cells, runs[0].x0, max(r.x1 for r in runs), longest.y, longest.size, bold, mono, column)
