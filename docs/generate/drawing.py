"""The stages as an SVG that is part of the page: boxes by rank, from the documents down to the report.

The layout is the usual one for layered graphs: a box stands one rank below the lowest that it reads; an arrow
that passes ranks holds a place in each; places in a rank are ordered by what they are connected with."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from itertools import pairwise

from docs.generate.stages import Stage

BOX_WIDTH, LINE, PADDING, GAP_X, GAP_Y = 158, 18, 8, 22, 30
MARGIN = 12
SWEEPS = 8
HUES = (210, 28, 130, 280, 350, 175, 50, 240, 100, 320, 0)
"""One for each group, in the order in which they first appear."""

Box = tuple[Stage, ...]
"""Stages that read the same, are read by the same and are of one group, such as the forms of question."""


def draw(stages: Sequence[Stage]) -> str:
    """The SVG; each box links to its row in the table of stages."""
    boxes = _boxes(stages)
    of = {stage.name: number for number, box in enumerate(boxes) for stage in box}
    edges = sorted({(of[up], of[stage.name]) for stage in stages for up in stage.upstream})
    rank = _ranks(len(boxes), edges)
    rows, paths = _rows(rank, edges)
    _order(rows, paths)
    x, width = _columns(rows)
    y, height = _lines(rows, boxes)
    groups = tuple(dict.fromkeys(stage.group for stage in stages))
    hue = {group: HUES[number % len(HUES)] for number, group in enumerate(groups)}
    arrows = [_arrow(path, x, y, boxes) for path in paths]
    drawn = [_box(box, x[number], y[number], hue) for number, box in enumerate(boxes)]
    return (
        f'<svg class="stages" viewBox="0 0 {width} {height}" style="max-width: {width}px" role="img" '
        f'aria-label="The stages of the pipeline and what each reads">'
        '<defs><marker id="arrowhead" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto"><path d="M0 0 L8 4 L0 8 z"/></marker></defs>'
        f"{''.join(arrows)}{''.join(drawn)}</svg>"
    )


def legend(stages: Sequence[Stage]) -> str:
    """The groups in the colours of their boxes."""
    groups = dict.fromkeys(stage.group for stage in stages)
    return " ".join(
        f'<span class="group" style="--hue: {HUES[number % len(HUES)]}">{escape(group)}</span>'
        for number, group in enumerate(groups)
    )


def _boxes(stages: Sequence[Stage]) -> tuple[Box, ...]:
    readers = {each.name: tuple(s.name for s in stages if each.name in s.upstream) for each in stages}
    alike: dict[tuple[str, tuple[str, ...], tuple[str, ...]], list[Stage]] = {}
    for stage in stages:
        alike.setdefault((stage.group, stage.upstream, readers[stage.name]), []).append(stage)
    return tuple(map(tuple, alike.values()))


def _ranks(count: int, edges: Iterable[tuple[int, int]]) -> list[int]:
    """The longest way from a box that reads nothing. Boxes are in running order, so one pass will do."""
    rank = [0] * count
    for source, target in sorted(edges, key=lambda edge: edge[1]):
        rank[target] = max(rank[target], rank[source] + 1)
    return rank


def _rows(
    rank: Sequence[int], edges: Iterable[tuple[int, int]]
) -> tuple[list[list[int]], list[tuple[int, ...]]]:
    """Places by rank, and each arrow as the places that it goes through. Places that are no box have numbers
    from -1 downwards."""
    rows: list[list[int]] = [[] for _ in range(max(rank) + 1)]
    for box, its in enumerate(rank):
        rows[its].append(box)
    paths: list[tuple[int, ...]] = []
    free = -1
    for source, target in edges:
        between = range(rank[source] + 1, rank[target])
        held = list(range(free, free - len(between), -1))
        free -= len(between)
        for row, place in zip(between, held, strict=True):
            rows[row].append(place)
        paths.append((source, *held, target))
    return rows, paths


def _order(rows: list[list[int]], paths: Iterable[tuple[int, ...]]) -> None:
    """Orders each row by the mean place of its neighbours, downwards and upwards in turn."""
    neighbours: dict[int, list[int]] = {}
    for path in paths:
        for one, other in pairwise(path):
            neighbours.setdefault(one, []).append(other)
            neighbours.setdefault(other, []).append(one)
    for sweep in range(SWEEPS):
        downwards = sweep % 2 == 0
        order = range(1, len(rows)) if downwards else range(len(rows) - 2, -1, -1)
        for number in order:
            beside = rows[number - 1 if downwards else number + 1]
            place = {each: index - (len(beside) - 1) / 2 for index, each in enumerate(beside)}

            def mean(each: int, place: Mapping[int, float] = place) -> float:
                found = [place[other] for other in neighbours.get(each, ()) if other in place]
                return sum(found) / len(found) if found else 0.0

            rows[number].sort(key=mean)


def _columns(rows: Sequence[Sequence[int]]) -> tuple[dict[int, float], float]:
    """The middle of each place, each row centred, and the width of it all."""
    widths = [sum(map(_width, row)) + GAP_X * (len(row) - 1) for row in rows]
    width = max(widths) + 2 * MARGIN
    x = {}
    for row, its in zip(rows, widths, strict=True):
        left = (width - its) / 2
        for place in row:
            x[place] = left + _width(place) / 2
            left += _width(place) + GAP_X
    return x, width


def _width(place: int) -> int:
    return BOX_WIDTH if place >= 0 else 10


def _lines(rows: Sequence[Sequence[int]], boxes: Sequence[Box]) -> tuple[dict[int, float], float]:
    """The top of each place, and the height of it all."""
    y: dict[int, float] = {}
    top = float(MARGIN)
    for row in rows:
        y |= dict.fromkeys(row, top)
        top += max(_height(place, boxes) for place in row) + GAP_Y
    return y, top - GAP_Y + MARGIN


def _height(place: int, boxes: Sequence[Box]) -> int:
    return LINE * len(boxes[place]) + 2 * PADDING if place >= 0 else LINE + 2 * PADDING


def _arrow(path: Sequence[int], x: Mapping[int, float], y: Mapping[int, float], boxes: Sequence[Box]) -> str:
    """A line from below the first place to the top of the last, upright where it passes a row."""
    first, last = path[0], path[-1]
    points = [(x[first], y[first] + _height(first, boxes))]
    for place in path[1:-1]:
        points += [(x[place], y[place]), (x[place], y[place] + _height(place, boxes))]
    points.append((x[last], y[last] - 1))
    drawn = [f"M{points[0][0]:g} {points[0][1]:g}"]
    for (x0, y0), (x1, y1) in pairwise(points):
        middle = (y0 + y1) / 2
        drawn.append(f"C{x0:g} {middle:g} {x1:g} {middle:g} {x1:g} {y1:g}")
    return f'<path class="arrow" marker-end="url(#arrowhead)" d="{" ".join(drawn)}"/>'


def _box(box: Box, middle: float, top: float, hue: Mapping[str, int]) -> str:
    height = LINE * len(box) + 2 * PADDING
    names = "".join(
        f'<a href="#stage-{stage.name}"><title>{escape(stage.what)}</title>'
        f'<text x="{middle:g}" y="{top + PADDING + LINE * (line + 0.72):g}">{escape(stage.name)}</text></a>'
        for line, stage in enumerate(box)
    )
    return (
        f'<g style="--hue: {hue[box[0].group]}"><rect x="{middle - BOX_WIDTH / 2:g}" y="{top:g}" '
        f'width="{BOX_WIDTH}" height="{height}" rx="5"/>{names}</g>'
    )
