"""Cutting a large graph into subgraphs."""

import random
from collections.abc import Iterator

from benchmarks.table import Measured, peak_mb, spent
from kg_assets.domain import GraphUnit, relation_id
from kg_assets.synthesis.traverse import traverse
from resources.configuration.settings import TraverseStrategy

SIZES = ((40_000, 100_000, 3.0), (400_000, 1_000_000, 45.0))
MOST_MB = 3000.0


def run() -> list[Measured]:
    """100,000 and 1,000,000 relations, every one with a loss."""
    rows = []
    for entities, relations, goal_s in SIZES:
        units = list(_graph(entities, relations))
        losses = {unit.unit_id: random.Random(unit.unit_id).random() * 3 for unit in units}
        with spent() as it:
            found = traverse(units, losses, TraverseStrategy(), lambda text: len(text) // 4)
        rows.append(
            Measured(f"{relations:,} relations into {len(found):,} subgraphs", it.wall_s, "s", goal_s)
        )
        rows.append(Measured("  CPU", it.cpu_s, "s"))
    return [*rows, Measured("peak memory", peak_mb(), "MB", MOST_MB)]


def _graph(entities: int, relations: int) -> Iterator[GraphUnit]:
    chance = random.Random(3)
    names = [f"thing {n}" for n in range(entities)]
    for n, name in enumerate(names):
        yield _unit(f"e{n}", "entity", name=name, description=f"{name} is known for something.")
    for _ in range(relations):
        # Some things are in many relations, most in few.
        a, b = int(entities * chance.random() ** 2), chance.randrange(entities)
        if a != b:
            text = f"{names[a]} has to do with {names[b]}."
            yield _unit(
                relation_id(names[a], names[b]),
                "relation",
                source_id=f"e{a}",
                target_id=f"e{b}",
                description=text,
            )


def _unit(unit_id: str, kind: str, **fields: str) -> GraphUnit:
    blank = {"name": "", "type": "", "source": "", "target": "", "source_id": "", "target_id": ""}
    return GraphUnit(unit_id=unit_id, kind=kind, language="en", content_hash=unit_id, **blank | fields)
