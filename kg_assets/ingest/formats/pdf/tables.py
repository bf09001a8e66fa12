"""Tables of a page: grids of ruling lines, and columns between level rules. Runs inside become cells."""

from collections.abc import Sequence
from dataclasses import dataclass

from kg_assets.ingest.formats.markdown import join_lines
from kg_assets.ingest.formats.pdf.page import Page, Rule, Run

_NEAR = 3.0
_MAX_RULES = 3000
# Columns of prose between two rules are no table: their lines are longer than cells are.
_LONG_CELL = 35
_COLUMN_GAP = 6.0


@dataclass(frozen=True, slots=True)
class FoundTable:
    """Rows of cells, and where they stand."""

    rows: list[list[str]]
    x0: float
    y0: float
    x1: float
    y1: float


def take_tables(page: Page) -> list[FoundTable]:
    """Find the tables of a page and take their runs out of `page.runs`."""
    if not page.across or len(page.across) + len(page.upright) > _MAX_RULES:
        return []
    found = []
    grids, loose = _grids(page.across, page.upright)
    for across, upright in grids:
        # The outer edges may be drawn by none of the rules that part cells.
        xs = _places(
            [rule.at for rule in upright] + [end for rule in across for end in (rule.start, rule.end)]
        )
        ys = _places(
            [rule.at for rule in across] + [end for rule in upright for end in (rule.start, rule.end)]
        )
        if len(xs) >= 3 and len(ys) >= 2:
            found += _take(page, xs, ys)
    for rules in _booktabs(loose):
        ys = _places([rule.at for rule in rules])
        inside = _inside(page.runs, rules[0].start, ys[0], rules[0].end, ys[-1])
        if 0.6 * page.height > ys[-1] - ys[0] and (xs := _columns(inside, rules[0])):
            found += _take(page, xs, ys)
    return found


def _take(page: Page, xs: list[float], ys: list[float]) -> list[FoundTable]:
    runs = _inside(page.runs, xs[0], ys[0], xs[-1], ys[-1])
    rows = _rows(runs, xs, ys)
    filled = sum(bool(text) for row in rows for text in row)
    columns = sum(any(row[column] for row in rows) for column in range(len(xs) - 1))
    if len(rows) < 2 or columns < 2 or filled < 0.3 * len(rows) * columns:
        return []
    taken = set(map(id, runs))
    page.runs = [run for run in page.runs if id(run) not in taken]
    return [FoundTable(rows, xs[0], ys[0], xs[-1], ys[-1])]


def _inside(runs: Sequence[Run], x0: float, y0: float, x1: float, y1: float) -> list[Run]:
    return [
        run
        for run in runs
        if x0 - _NEAR <= (run.x0 + run.x1) / 2 <= x1 + _NEAR
        and run.x0 >= x0 - 2 * _NEAR
        and y0 - 1 <= run.y <= y1 - 0.3 * run.size
    ]


def _grids(across: list[Rule], upright: list[Rule]) -> tuple[list[tuple[list[Rule], list[Rule]]], list[Rule]]:
    """Level and upright rules that meet, as groups, and the level rules that meet none."""
    group = list(range(len(across) + len(upright)))

    def root(member: int) -> int:
        while group[member] != member:
            group[member] = group[group[member]]
            member = group[member]
        return member

    for i, level in enumerate(across):
        for j, line in enumerate(upright, start=len(across)):
            if (
                level.start - _NEAR <= line.at <= level.end + _NEAR
                and line.start - _NEAR <= level.at <= line.end + _NEAR
            ):
                group[root(j)] = root(i)
    groups: dict[int, tuple[list[Rule], list[Rule]]] = {}
    for member, rule in enumerate([*across, *upright]):
        groups.setdefault(root(member), ([], []))[member >= len(across)].append(rule)
    loose = [level for levels, lines in groups.values() if not lines for level in levels]
    return [(levels, lines) for levels, lines in groups.values() if levels and lines], loose


def _places(values: Sequence[float]) -> list[float]:
    """Sorted positions, near ones as one."""
    places: list[float] = []
    for value in sorted(values):
        if not places or value - places[-1] > _NEAR:
            places.append(value)
    return places


def _rows(runs: Sequence[Run], xs: list[float], ys: list[float]) -> list[list[str]]:
    """Cells by row, from the top."""
    bands: list[list[Run]] = [[] for _ in ys[1:]]
    for run in runs:
        bands[_band(run.y + run.size / 4, ys)].append(run)
    rows = []
    for band in reversed(bands):
        for lines in _split_band(band, xs, few=len(bands) <= 3):
            row = [""] * (len(xs) - 1)
            for run in sorted(lines, key=lambda run: (-round(run.y), run.x0)):
                column = _band(run.x0 + 1, xs)
                text = run.text
                if row[column].endswith("\u00ad"):
                    row[column] = row[column][:-1] + text
                else:
                    row[column] = join_lines(row[column], text)
            if any(row):
                rows.append([text.replace("\u00ad", "-") for text in row])
    return rows


def _split_band(band: list[Run], xs: list[float], few: bool) -> list[list[Run]]:
    """Rows that no rule parts: where there are few rules, each line with something in the first column begins
    one."""
    if not few:
        return [band]
    rows: list[list[Run]] = []
    for run in sorted(band, key=lambda run: (-round(run.y), run.x0)):
        begins = _band(run.x0 + 1, xs) == 0 and not any(
            abs(run.y - r.y) < 2 for r in (rows[-1] if rows else [])
        )
        if begins or not rows:
            rows.append([])
        rows[-1].append(run)
    return rows


def _band(value: float, places: list[float]) -> int:
    for index in range(len(places) - 2, 0, -1):
        if value >= places[index]:
            return index
    return 0


def _booktabs(rules: list[Rule]) -> list[list[Rule]]:
    """Level rules of the same extent, two or more."""
    by_extent: dict[tuple[int, int], list[Rule]] = {}
    for rule in rules:
        key = (round(rule.start / _NEAR), round(rule.end / _NEAR))
        by_extent.setdefault(key, []).append(rule)
    return [group for group in by_extent.values() if len(_places([r.at for r in group])) >= 2]


def _columns(runs: Sequence[Run], rule: Rule) -> list[float]:
    """Where columns part, if the runs leave gaps that go from top to bottom; else nothing."""
    if not runs or sum(len(run.text) for run in runs) > _LONG_CELL * len(runs):
        return []
    spans: list[list[float]] = []
    for run in sorted(runs, key=lambda run: run.x0):
        if spans and run.x0 - spans[-1][1] < _COLUMN_GAP:
            spans[-1][1] = max(spans[-1][1], run.x1)
        else:
            spans.append([run.x0, run.x1])
    if len(spans) < 2:
        return []
    return [rule.start, *(span[0] - 1 for span in spans[1:]), rule.end]
