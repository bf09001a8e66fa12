"""The stages of the synthesis group: which subgraphs are grown, and a stage for each form of question."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from kg_assets.comprehension.plan import COMPREHENSION
from kg_assets.comprehension.reads import current_losses
from kg_assets.domain import GraphUnit, QaPair, Subgraph, fingerprint
from kg_assets.graph.plan import KNOWLEDGE_GRAPH
from kg_assets.graph.reads import current_units
from kg_assets.stage.bench import StageBench
from kg_assets.stage.ledger import WorkItem, as_it_is
from kg_assets.stage.stage import Plan, Stage
from kg_assets.synthesis.forms.form import Form
from kg_assets.synthesis.forms.table import FORMS
from kg_assets.synthesis.traverse import TRAVERSE_VERSION, traverse
from resources.configuration.settings import TraverseStrategy
from resources.warehouse.warehouse import Warehouse

Identity = Mapping[str, Any]


def current_subgraphs(warehouse: Warehouse) -> list[Subgraph]:
    """The current subgraphs in the order they were grown."""
    return warehouse.rows(Subgraph, "FROM current_subgraphs")


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


def _form_stage(form: Form) -> Stage:
    """The stage of one form. Without the form in the settings nothing goes in, and the stage says so."""

    def plan(bench: StageBench) -> Plan[Any]:
        if form.name not in bench.settings.qa_forms:
            return Plan([], form.write, "synthesizer", "not among qa.forms")
        found, units = current_subgraphs(bench.warehouse), current_units(bench.warehouse)
        items = form.items(found, units, bench.identity("synthesizer"))
        if lost := [item.item_id for item in items if item.parent_id is None]:
            raise ValueError(f"form {form.name}: items without their subgraph as parent_id {lost[:5]}")
        # The forms share a table: a key must say which of them it is of, also where two ask the same.
        own = [replace(item, key=fingerprint(form.name, item.key)) for item in items]
        return Plan(own, form.write, "synthesizer")

    return Stage(
        name=form.stage,
        group="synthesis",
        row_type=QaPair,
        shared_table="qa_pairs",
        upstream=(SUBGRAPHS,),
        version=form.version,
        plan=plan,
        role="synthesizer",
        asks=lambda configuration: form.name in configuration.settings.qa_forms,
        prompts=form.prompts,
        settings=("qa.forms", "traverse_strategy.qa_form"),
        usual=lambda _settings: form.usual,
        kinds=frozenset({"openai", "duckdb"}),
    )


QA_STAGES = tuple(map(_form_stage, FORMS))
