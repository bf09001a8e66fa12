"""From the report's data to what its template shows: facts worst first, the drawing, communities, totals.

Everything here is plain text and numbers; escaping is the template's and `report.script_json`'s.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import fsum, sqrt
from typing import Any

from kg_assets.domain import Comprehension, Evidence, GraphUnit, Subgraph
from kg_assets.export.report.communities import find_communities, meta_edges
from kg_assets.export.report.data import ReportData
from kg_assets.export.report.layout import Edge, layout
from kg_assets.stage.charts import loss_class

MAX_DRAWN_ENTITIES = 250
MAX_DRAWN_COMMUNITIES = 60
FACT_ROWS = 400
QUOTES_PER_FACT = 3
QUOTE_CHARS = 320
_HARDNESS = {"easy": 0, "medium": 1, "hard": 2}


@dataclass(frozen=True, slots=True)
class Quote:
    """Evidence as shown: clipped where long; `start` and `end` (characters) are of the whole span."""

    document: str
    page: int | None
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Fact:
    """One graph unit as a row of the comprehension map; `drawn` is its mark in the drawing, or empty."""

    unit: GraphUnit
    loss: float | None
    confidence: float | None
    loss_class: int
    difficulty: str
    quotes: tuple[Quote, ...]
    more_quotes: int
    documents: int
    drawn: str


@dataclass(frozen=True, slots=True)
class Community:
    """A group of entities that are related more to each other than to the rest, with the facts inside it."""

    name: str
    entities: int
    relations: int
    mean_loss: float | None
    classes: tuple[int, ...]
    unmeasured: int


@dataclass(frozen=True, slots=True)
class Mark:
    """A circle of the drawing; labels of the most connected ones (`labelled`) show without a script, too."""

    x: float
    y: float
    radius: float
    loss_class: int
    label: str
    labelled: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the drawing between two marks, by index."""

    first: int
    second: int
    loss_class: int
    width: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """Marks and lines, what each is about (`details`, for the script), and whether marks are communities."""

    marks: tuple[Mark, ...]
    lines: tuple[Line, ...]
    details: dict[str, Any]
    of_communities: bool
    left_out: int


def quotes(evidence: Iterable[Evidence], limit: int = QUOTES_PER_FACT) -> tuple[Quote, ...]:
    """The first `limit` pieces of evidence, clipped to `QUOTE_CHARS` characters."""
    first = list(evidence)[:limit]
    return tuple(Quote(e.document, e.page, e.start, e.end, clip(e.text, QUOTE_CHARS)) for e in first)


def clip(text: str, limit: int) -> str:
    """`text` in at most `limit` characters, an ellipsis for what is missing."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def worst_known(units: Sequence[GraphUnit], known: Mapping[str, Comprehension]) -> list[GraphUnit]:
    """All units, the highest loss first, then the unmeasured ones; equal losses in the order of the units."""

    def loss(unit: GraphUnit) -> float:
        return known[unit.unit_id].loss if unit.unit_id in known else -1.0

    return sorted(units, key=loss, reverse=True)


def needs_evidence(units: Sequence[GraphUnit], known: Mapping[str, Comprehension]) -> Sequence[GraphUnit]:
    """The units whose evidence is shown: in a small graph all, as each is drawn; else those in the table."""
    small = sum(unit.kind == "entity" for unit in units) <= MAX_DRAWN_ENTITIES
    return units if small else worst_known(units, known)[:FACT_ROWS]


def facts(data: ReportData, drawn: Mapping[str, str]) -> list[Fact]:
    """The first FACT_ROWS of `worst_known`."""
    difficulty = hardest_question(data.subgraphs)
    rows = []
    for unit in worst_known(data.units, data.comprehension)[:FACT_ROWS]:
        known = data.comprehension.get(unit.unit_id)
        evidence = data.evidence.get(unit.unit_id, ())
        shown = quotes(evidence)
        rows.append(
            Fact(
                unit=unit,
                loss=known.loss if known else None,
                confidence=known.confidence if known else None,
                loss_class=loss_class(known.loss if known else None),
                difficulty=difficulty.get(unit.unit_id, ""),
                quotes=shown,
                more_quotes=len(evidence) - len(shown),
                documents=len({e.document for e in evidence}),
                drawn=drawn.get(unit.unit_id, ""),
            )
        )
    return rows


def hardest_question(subgraphs: Iterable[Subgraph]) -> dict[str, str]:
    """By unit id, the highest difficulty of the subgraphs the unit is in."""
    hardest: dict[str, str] = {}
    for subgraph in subgraphs:
        for unit_id in (*subgraph.entity_ids, *subgraph.relation_ids):
            before = hardest.get(unit_id)
            if before is None or _HARDNESS[subgraph.difficulty] > _HARDNESS[before]:
                hardest[unit_id] = subgraph.difficulty
    return hardest


@dataclass(frozen=True, slots=True)
class Graph:
    """The units as indices: entities in order, relations in order, and the ends of each relation."""

    entities: tuple[GraphUnit, ...]
    relations: tuple[GraphUnit, ...]
    ends: tuple[Edge, ...]
    degrees: tuple[int, ...]


def graph_of(units: Sequence[GraphUnit]) -> Graph:
    """Index the units; a relation whose entity is missing is left out of the drawing, not of the facts."""
    entities = tuple(unit for unit in units if unit.kind == "entity")
    index = {unit.unit_id: i for i, unit in enumerate(entities)}
    relations = tuple(
        u for u in units if u.kind == "relation" and u.source_id in index and u.target_id in index
    )
    ends = tuple((index[u.source_id], index[u.target_id]) for u in relations)
    degrees = Counter(end for pair in ends for end in set(pair))
    return Graph(entities, relations, ends, tuple(degrees[i] for i in range(len(entities))))


def communities(graph: Graph, known: Mapping[str, Comprehension]) -> tuple[list[list[int]], list[Community]]:
    """Members (entity indices) of each community, the largest first, and each as a row of the table."""
    members = find_communities(graph.ends)
    of = {node: index for index, nodes in enumerate(members) for node in nodes}
    inside: dict[int, list[GraphUnit]] = defaultdict(list)
    for relation, (a, b) in zip(graph.relations, graph.ends, strict=True):
        if of.get(a, -1) == of.get(b, -2):
            inside[of[a]].append(relation)
    rows = []
    for index, nodes in enumerate(members):
        units = [graph.entities[node] for node in nodes] + inside[index]
        losses = [known[u.unit_id].loss for u in units if u.unit_id in known]
        classes = Counter(loss_class(loss) for loss in losses)
        rows.append(
            Community(
                name=", ".join(
                    clip(graph.entities[node].name, 40) for node in _most_related(graph, nodes, 3)
                ),
                entities=len(nodes),
                relations=len(inside[index]),
                mean_loss=fsum(losses) / len(losses) if losses else None,
                classes=tuple(classes[c] for c in range(6)),
                unmeasured=len(units) - len(losses),
            )
        )
    return members, rows


def draw_entities(graph: Graph, data: ReportData) -> Drawing:
    """Every entity and relation, for graphs of at most `MAX_DRAWN_ENTITIES`."""
    radii = [min(5.5 + 3 * sqrt(degree), 20.0) for degree in graph.degrees]
    labelled = set(_most_related(graph, range(len(graph.entities)), 40))
    marks = tuple(
        Mark(x, y, round(radii[i], 1), _class(unit, data), clip(unit.name, 26), i in labelled)
        for i, (unit, (x, y)) in enumerate(zip(graph.entities, layout(radii, graph.ends), strict=True))
    )
    lines = tuple(
        Line(a, b, _class(unit, data), 1.6) for unit, (a, b) in zip(graph.relations, graph.ends, strict=True)
    )
    nodes = [{"name": u.name, "type": u.type, **_detail(u, data)} for u in graph.entities]
    edges = [
        {"from": a, "to": b, **({"type": unit.type} if unit.type else {}), **_detail(unit, data)}
        for unit, (a, b) in zip(graph.relations, graph.ends, strict=True)
    ]
    return Drawing(marks, lines, {"nodes": nodes, "edges": edges}, False, 0)


def draw_communities(graph: Graph, members: Sequence[Sequence[int]], rows: Sequence[Community]) -> Drawing:
    """The largest communities as circles, the relations between them as lines, for large graphs."""
    members, shown = members[:MAX_DRAWN_COMMUNITIES], rows[:MAX_DRAWN_COMMUNITIES]
    between = meta_edges(members, graph.ends)
    most = max((edge.relations for edge in between), default=1)
    widest = max((row.entities for row in shown), default=1)
    radii = [8 + 30 * sqrt(row.entities / widest) for row in shown]
    places = layout(radii, [(e.first, e.second) for e in between], [e.relations / most for e in between])
    marks = tuple(
        Mark(x, y, round(radius, 1), loss_class(row.mean_loss), clip(row.name, 26), True)
        for row, radius, (x, y) in zip(shown, radii, places, strict=True)
    )
    lines = tuple(Line(e.first, e.second, -1, round(0.6 + 5 * e.relations / most, 1)) for e in between)
    nodes = [
        {
            "name": row.name,
            "type": f"community of {row.entities:,} entities and {row.relations:,} relations",
            "loss": row.mean_loss,
            "members": [graph.entities[node].name for node in _most_related(graph, nodes, 14)],
        }
        for row, nodes in zip(shown, members, strict=True)
    ]
    edges = [{"from": e.first, "to": e.second, "text": f"{e.relations:,} relations"} for e in between]
    return Drawing(marks, lines, {"nodes": nodes, "edges": edges}, True, len(rows) - len(shown))


def _most_related(graph: Graph, nodes: Iterable[int], limit: int) -> list[int]:
    return sorted(nodes, key=lambda node: (-graph.degrees[node], node))[:limit]


def _class(unit: GraphUnit, data: ReportData) -> int:
    known = data.comprehension.get(unit.unit_id)
    return loss_class(known.loss if known else None)


def _detail(unit: GraphUnit, data: ReportData) -> dict[str, Any]:
    known = data.comprehension.get(unit.unit_id)
    evidence = data.evidence.get(unit.unit_id, ())
    shown = quotes(evidence, 2)
    return {
        "text": unit.description,
        "loss": round(known.loss, 4) if known else None,
        "confidence": round(known.confidence, 4) if known else None,
        "quotes": [[q.document, q.start, q.end, q.text] for q in shown],
        "more": len(evidence) - len(shown),
    }
