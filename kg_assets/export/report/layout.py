"""Where the nodes of a drawing stand: arithmetic on indices, no HTML.

Seeded, and nodes are whole numbers throughout, so that the same graph is drawn the same way each time.
"""

from collections.abc import Sequence

import networkx as nx
import numpy as np
from numpy.typing import NDArray

SEED = 20250520
WIDTH, HEIGHT = 1000.0, 800.0
SIDE_MARGIN, FOOT = 70.0, 40.0
"""Room for labels at the sides and for the zoom buttons at the bottom."""
Point = tuple[float, float]
Edge = tuple[int, int]
Array = NDArray[np.float64]


def layout(
    radii: Sequence[float], edges: Sequence[Edge], weights: Sequence[float] | None = None
) -> list[Point]:
    """Positions in a box of `WIDTH` by `HEIGHT` for nodes of the given radii, without overlap if they fit.

    Connected parts are laid out by force and packed side by side; single nodes stand in rows at the bottom.
    """
    count = len(radii)
    graph = _graph(count, edges, weights)
    parts = sorted((sorted(p) for p in nx.connected_components(graph)), key=lambda p: (-len(p), p))
    alone = [part[0] for part in parts if len(part) == 1]
    linked = [part for part in parts if len(part) > 1]
    boxes = [_part_positions(graph, part, radii) for part in linked]
    places = np.zeros((count, 2))
    area_height = HEIGHT - FOOT - (_alone_height(len(alone)) if boxes else 0.0)
    for part, spots in zip(linked, _pack(boxes, WIDTH / area_height), strict=True):
        places[part] = spots
    joined = [node for part in linked for node in part]
    if joined:
        places[joined] = _fit(places[joined], area_height)
        places[joined] = _push_apart(places[joined], np.array([radii[n] for n in joined]), area_height)
    for index, node in enumerate(alone):
        places[node] = _alone_place(index, len(alone), area_height if boxes else 0.0)
    return [(round(float(x), 1), round(float(y), 1)) for x, y in places]


def _graph(nodes: int, edges: Sequence[Edge], weights: Sequence[float] | None = None) -> "nx.Graph[int]":
    graph: nx.Graph[int] = nx.Graph()
    graph.add_nodes_from(range(nodes))
    for index, (a, b) in enumerate(edges):
        if a != b:
            graph.add_edge(a, b, weight=weights[index] if weights else 1.0)
    return graph


def _part_positions(graph: "nx.Graph[int]", part: list[int], radii: Sequence[float]) -> Array:
    """Positions of one connected part, centred on 0, at a scale that gives every node about the same room."""
    order = {node: index for index, node in enumerate(part)}
    inner: nx.Graph[int] = nx.Graph()
    inner.add_nodes_from(range(len(part)))
    for a, b in graph.edges(part):
        inner.add_edge(order[a], order[b], weight=graph[a][b]["weight"])
    # Kamada-Kawai would be calmer, but needs scipy. A start on a circle untangles better than a random one.
    start = nx.circular_layout(inner)
    spots = nx.spring_layout(inner, pos=start, seed=SEED, iterations=300, k=1.6 / np.sqrt(len(part)))
    array = np.array([spots[index] for index in range(len(part))], dtype=float)
    array -= (array.max(axis=0) + array.min(axis=0)) / 2
    span = float(np.abs(array).max()) or 1.0
    room = np.sqrt(sum((radii[node] + 16) ** 2 for node in part)) * 1.15
    scaled: Array = array / span * room
    return scaled


def _pack(boxes: Sequence[Array], aspect: float) -> list[Array]:
    """Move parts side by side in rows, the first (largest) at the top left, in a shape near `aspect`."""
    if not boxes:
        return []
    sizes = [(float(np.ptp(box[:, 0])) + 60, float(np.ptp(box[:, 1])) + 60) for box in boxes]
    area = sum(width * height for width, height in sizes)
    widest = max([float(np.sqrt(area * aspect)), *(width for width, _ in sizes)])
    placed, left, top, row = [], 0.0, 0.0, 0.0
    for box, (width, height) in zip(boxes, sizes, strict=True):
        if left and left + width > widest * 1.12:
            left, top, row = 0.0, top + row, 0.0
        placed.append(box - box.min(axis=0) + 30 + [left, top])
        left, row = left + width, max(row, height)
    return placed


def _fit(places: Array, height: float) -> Array:
    """Stretch to the box, by at most a third more in one direction, which keeps the shape recognisable."""
    low, span = places.min(axis=0), np.maximum(np.ptp(places, axis=0), 1.0)
    room = np.array([WIDTH - 2 * SIDE_MARGIN, height - 80])
    scale = room / span
    scale = np.minimum(scale, scale.min() * 1.35)
    fitted: Array = (places - low - span / 2) * scale + np.array([WIDTH / 2, height / 2])
    return fitted


def _push_apart(places: Array, radii: Array, height: float) -> Array:
    """Move overlapping nodes apart, a little at a time, without leaving the box."""
    wanted = radii[:, None] + radii[None, :] + 10
    for _ in range(120):
        gap = places[:, None, :] - places[None, :, :]
        distance = np.hypot(gap[..., 0], gap[..., 1])
        np.fill_diagonal(distance, np.inf)
        overlap = np.maximum(wanted - distance, 0.0)
        if overlap.max(initial=0.0) < 0.5:
            break
        # Nodes at the very same place have no direction to go: the index gives them one.
        same = np.argwhere(distance < 1e-9)
        for a, b in same:
            gap[a, b] = (1.0, 0.5) if a < b else (-1.0, -0.5)
        distance = np.maximum(distance, 1e-9)
        move = (gap / distance[..., None] * overlap[..., None] * 0.35).sum(axis=1)
        places = places + np.clip(move, -20, 20)
        places[:, 0] = np.clip(places[:, 0], SIDE_MARGIN, WIDTH - SIDE_MARGIN)
        places[:, 1] = np.clip(places[:, 1], 30, height - 36)
    return places


_ALONE_IN_A_ROW, _ALONE_STEP = 20, 44.0


def _alone_height(count: int) -> float:
    return min(-(-count // _ALONE_IN_A_ROW) * _ALONE_STEP, HEIGHT / 2)


def _alone_place(index: int, count: int, top: float) -> Point:
    """A place in rows below `top`; more rows than fit stand closer together."""
    rows = -(-count // _ALONE_IN_A_ROW)
    row, column = divmod(index, _ALONE_IN_A_ROW)
    in_row = min(_ALONE_IN_A_ROW, count - row * _ALONE_IN_A_ROW)
    x = WIDTH / 2 + (column - (in_row - 1) / 2) * (WIDTH - SIDE_MARGIN) / _ALONE_IN_A_ROW
    return x, top + (row + 0.5) * (HEIGHT - FOOT - top) / rows
