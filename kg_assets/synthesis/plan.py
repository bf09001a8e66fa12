"""Which questions are to be written: the work items of the three forms, from subgraphs and units.

Item ids begin with the subgraph's id, so that every pair leads back to its subgraph.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from kg_assets.comprehension.plan import COMPREHENSION
from kg_assets.comprehension.reads import current_losses
from kg_assets.comprehension.state import fact_of
from kg_assets.domain import Difficulty, GraphUnit, QaForm, QaPair, Subgraph, fingerprint, normalise_name
from kg_assets.graph.plan import KNOWLEDGE_GRAPH
from kg_assets.graph.reads import current_units
from kg_assets.stage.bench import StageBench
from kg_assets.stage.ledger import Items, Work, WorkItem, as_it_is
from kg_assets.stage.prompts import system_prompt
from kg_assets.stage.request_keys import base_keys
from kg_assets.stage.stage import Plan, Stage, Usual
from kg_assets.synthesis.forms.aggregated import AGGREGATED_VERSION, aggregated_request, write_aggregated
from kg_assets.synthesis.forms.atomic import ATOMIC_VERSION, atomic_request, write_atomic
from kg_assets.synthesis.forms.facts import language_of, units_of
from kg_assets.synthesis.forms.multi_hop import (
    MIN_RELATIONS,
    MULTI_HOP_VERSION,
    multi_hop_request,
    write_multi_hop,
)
from kg_assets.synthesis.traverse import TRAVERSE_VERSION, traverse
from resources.configuration.settings import TraverseStrategy
from resources.models.types import Ask
from resources.warehouse.warehouse import Warehouse

Identity = Mapping[str, Any]
MIN_AGGREGATED_UNITS = 2


def current_subgraphs(warehouse: Warehouse) -> list[Subgraph]:
    """The current subgraphs in the order they were grown."""
    return warehouse.rows(Subgraph, "FROM current_subgraphs")


def subgraph_id_of(item_id: str) -> str:
    """The subgraph that a question's work item belongs to."""
    return item_id.partition("/")[0]


def subgraph_items(
    units: Sequence[GraphUnit],
    losses: Mapping[str, float],
    strategy: TraverseStrategy,
    count_tokens: Callable[[str], int],
) -> list[WorkItem[Subgraph]]:
    """The subgraphs that the strategy grows."""
    return [
        WorkItem(
            s.subgraph_id,
            fingerprint(
                TRAVERSE_VERSION,
                s.subgraph_id,
                s.entity_ids,
                s.relation_ids,
                s.mean_loss,
                s.difficulty,
                s.tokens,
            ),
            s,
        )
        for s in traverse(units, losses, strategy, count_tokens)
    ]


def atomic_items(
    subgraphs: Sequence[Subgraph], units: Mapping[str, GraphUnit], identity: Identity
) -> list[WorkItem[GraphUnit]]:
    """Each fact once, with the first subgraph that holds it; a unit that repeats another's words is none."""
    base = base_keys(ATOMIC_VERSION, atomic_request, identity)
    items: dict[str, WorkItem[GraphUnit]] = {}
    for subgraph in subgraphs:
        for unit in units_of(subgraph, units):
            fact = normalise_name(fact_of(unit))
            if fact not in items:
                key = fingerprint(base(unit.language), _said([unit]))
                items[fact] = WorkItem(f"{subgraph.subgraph_id}/{unit.unit_id}", key, unit)
    return list(items.values())


def aggregated_items(
    subgraphs: Sequence[Subgraph], units: Mapping[str, GraphUnit], identity: Identity
) -> list[WorkItem[tuple[list[GraphUnit], Difficulty]]]:
    """Each subgraph of at least two described units."""

    @cache
    def base(language: str, difficulty: Difficulty) -> str:
        follow_up = system_prompt("synthesis", "aggregated_question", language)
        of_language = base_keys(
            AGGREGATED_VERSION, lambda unit: aggregated_request([unit], difficulty), identity, follow_up
        )
        return of_language(language)

    items = []
    for subgraph in subgraphs:
        members = units_of(subgraph, units)
        if len(members) >= MIN_AGGREGATED_UNITS:
            key = fingerprint(base(language_of(members), subgraph.difficulty), _said(members))
            items.append(WorkItem(subgraph.subgraph_id, key, (members, subgraph.difficulty)))
    return items


def multi_hop_items(
    subgraphs: Sequence[Subgraph], units: Mapping[str, GraphUnit], identity: Identity
) -> list[WorkItem[list[GraphUnit]]]:
    """Each subgraph of at least MIN_RELATIONS described relations; only relations carry hops."""
    base = base_keys(MULTI_HOP_VERSION, lambda unit: multi_hop_request([unit]), identity)
    items = []
    for subgraph in subgraphs:
        relations = [unit for unit in units_of(subgraph, units) if unit.kind == "relation"]
        if len(relations) >= MIN_RELATIONS:
            key = fingerprint(base(language_of(relations)), _said(relations))
            items.append(WorkItem(subgraph.subgraph_id, key, relations))
    return items


def _said(units: Sequence[GraphUnit]) -> list[tuple[str, str]]:
    """All of the units that a question about them can depend on."""
    return [(unit.unit_id, unit.content_hash) for unit in units]


def _plan_subgraphs(bench: StageBench) -> Plan[Subgraph]:
    losses = current_losses(bench.warehouse)
    units = list(current_units(bench.warehouse).values())
    return Plan(
        subgraph_items(units, losses, bench.settings.traverse_strategy, bench.count),
        as_it_is,
        note="" if losses else "no losses: random sampling",
    )


SUBGRAPHS = Stage(
    name="subgraphs",
    group="synthesis",
    row_type=Subgraph,
    upstream=(KNOWLEDGE_GRAPH, COMPREHENSION),
    version=TRAVERSE_VERSION,
    plan=_plan_subgraphs,
    settings=tuple(f"traverse_strategy.{key}" for key in TraverseStrategy.model_fields if key != "qa_form"),
    may_drop=False,
)


def _of_form(
    form: QaForm, bench: StageBench, planned: Callable[..., Items[Any]], write: Work[Any]
) -> Plan[Any]:
    """One form of question; without it in the settings nothing goes in, and the stage says so."""
    if form not in bench.settings.qa_forms:
        return Plan([], write, "synthesizer", "not among qa.forms")
    found, units = current_subgraphs(bench.warehouse), current_units(bench.warehouse)
    return Plan(planned(found, units, bench.identity("synthesizer")), write, "synthesizer")


async def _one_atomic(item: WorkItem[GraphUnit], ask: Ask) -> list[QaPair]:
    return [await write_atomic(item.payload, ask)]


async def _one_aggregated(item: WorkItem[tuple[list[GraphUnit], Difficulty]], ask: Ask) -> list[QaPair]:
    return [await write_aggregated(*item.payload, ask)]


async def _one_multi_hop(item: WorkItem[list[GraphUnit]], ask: Ask) -> list[QaPair]:
    return [await write_multi_hop(item.payload, ask)]


_FORMS = ("qa.forms", "traverse_strategy.qa_form")
QA_ATOMIC = Stage(
    name="qa_atomic",
    group="synthesis",
    row_type=QaPair,
    upstream=(SUBGRAPHS,),
    version=ATOMIC_VERSION,
    plan=lambda bench: _of_form("atomic", bench, atomic_items, _one_atomic),
    role="synthesizer",
    asks=lambda configuration: "atomic" in configuration.settings.qa_forms,
    prompts=(("synthesis", "atomic"),),
    settings=_FORMS,
    usual=lambda _settings: Usual(0.65, "units", 220.0, 60.0, effort=55.0),
    kinds=frozenset({"openai", "duckdb"}),
)
QA_AGGREGATED = Stage(
    name="qa_aggregated",
    group="synthesis",
    row_type=QaPair,
    upstream=(SUBGRAPHS,),
    version=AGGREGATED_VERSION,
    plan=lambda bench: _of_form(
        "aggregated",
        bench,
        aggregated_items,
        _one_aggregated,
    ),
    role="synthesizer",
    asks=lambda configuration: "aggregated" in configuration.settings.qa_forms,
    prompts=(("synthesis", "aggregated_answer"), ("synthesis", "aggregated_question")),
    settings=_FORMS,
    usual=lambda _settings: Usual(0.2, "units", 700.0, 250.0, calls=2.0, effort=140.0),
    kinds=frozenset({"openai", "duckdb"}),
)
QA_MULTI_HOP = Stage(
    name="qa_multi_hop",
    group="synthesis",
    row_type=QaPair,
    upstream=(SUBGRAPHS,),
    version=MULTI_HOP_VERSION,
    plan=lambda bench: _of_form("multi_hop", bench, multi_hop_items, _one_multi_hop),
    role="synthesizer",
    asks=lambda configuration: "multi_hop" in configuration.settings.qa_forms,
    prompts=(("synthesis", "multi_hop"),),
    settings=_FORMS,
    usual=lambda _settings: Usual(0.12, "units", 400.0, 150.0, effort=180.0),
    kinds=frozenset({"openai", "duckdb"}),
)
QA_STAGES = (QA_ATOMIC, QA_AGGREGATED, QA_MULTI_HOP)
