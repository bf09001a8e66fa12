"""Which units of the graph are to be made: work items, keyed by all that can change them."""

from collections.abc import Callable, Mapping
from typing import Any

from kg_assets.claims.merge import MergedUnit, merge_claims
from kg_assets.domain import GraphUnit
from kg_assets.entities.plan import ENTITY_ALIASES
from kg_assets.graph.merge import MERGE_VERSION, describe, unit_key
from kg_assets.graph.reads import current_claims
from kg_assets.stage.bench import StageBench
from kg_assets.stage.ledger import WorkItem
from kg_assets.stage.stage import Plan, Stage, Usual
from resources.models.types import Ask
from resources.warehouse.warehouse import Warehouse

Identity = Mapping[str, Any]


def unit_items(
    warehouse: Warehouse, description_tokens: int, count: Callable[[str], int], identity: Identity
) -> tuple[list[WorkItem[MergedUnit]], set[str]]:
    """Each unit that the current claims merge into, and the ids of those whose descriptions must be
    summarised by the synthesizer."""
    keyed = [
        (unit, *unit_key(unit, description_tokens, count, identity))
        for unit in merge_claims(current_claims(warehouse))
    ]
    items = [WorkItem(unit.unit.unit_id, key, unit) for unit, key, _ in keyed]
    return items, {unit.unit.unit_id for unit, _, needs_summary in keyed if needs_summary}


def _plan_graph(bench: StageBench) -> Plan[MergedUnit]:
    count, limit = bench.count, bench.settings.extraction.description_tokens
    items, summarised = unit_items(bench.warehouse, limit, count, bench.identity("synthesizer"))

    async def describe_unit(item: WorkItem[MergedUnit], ask: Ask) -> list[GraphUnit]:
        return [await describe(item.payload, limit, count, ask)]

    return Plan(
        items,
        describe_unit,
        "synthesizer" if summarised else None,
        asks=lambda item: item.item_id in summarised,
    )


KNOWLEDGE_GRAPH = Stage(
    name="knowledge_graph",
    group="graph",
    row_type=GraphUnit,
    upstream=(ENTITY_ALIASES,),
    version=MERGE_VERSION,
    plan=_plan_graph,
    role="synthesizer",
    prompts=(("graph", "summary"),),
    settings=("extraction.description_tokens",),
    usual=lambda _settings: Usual(0.0, "units", 800.0, 300.0),
    rows_in_are="units",
    kinds=frozenset({"neo4j", "duckdb"}),
)
