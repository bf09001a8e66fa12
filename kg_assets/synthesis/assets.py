"""The synthesis group: subgraphs, and the three forms of question written about them."""

from collections.abc import Sequence
from typing import Any

import dagster as dg

from kg_assets.checks import check_specs, stage_checks
from kg_assets.comprehension.assets import comprehension
from kg_assets.domain import Difficulty, GraphUnit, QaForm, QaPair
from kg_assets.export.report_charts import counts_svg
from kg_assets.graph.assets import knowledge_graph
from kg_assets.ledger import Work, WorkItem, as_it_is
from kg_assets.materialize import OWNERS, StageRun, corpora
from kg_assets.synthesis.aggregated import AGGREGATED_VERSION, write_aggregated
from kg_assets.synthesis.atomic import ATOMIC_VERSION, write_atomic
from kg_assets.synthesis.multi_hop import MULTI_HOP_VERSION, write_multi_hop
from kg_assets.synthesis.plan import (
    aggregated_items,
    atomic_items,
    current_subgraphs,
    multi_hop_items,
    subgraph_items,
)
from kg_assets.synthesis.traverse import TRAVERSE_VERSION
from kg_assets.warehouse_reads import current_losses, current_units
from resources.models.types import Ask
from resources.workbench import Workbench


@dg.asset(
    group_name="synthesis",
    partitions_def=corpora,
    code_version=TRAVERSE_VERSION,
    owners=OWNERS,
    kinds={"duckdb"},
    deps=[knowledge_graph, comprehension],
    check_specs=check_specs("subgraphs"),
)
def subgraphs(context: dg.AssetExecutionContext, workbench: Workbench) -> dg.MaterializeResult:
    """Units that belong together, grown from the worst-known relations; each relation is in exactly one."""
    with StageRun(context, workbench) as stage:
        if (same := stage.as_it_was()) is not None:
            return same
        units = list(current_units(stage.warehouse).values())
        losses = current_losses(stage.warehouse)
        items = subgraph_items(units, losses, stage.settings.traverse_strategy, stage.bench.tokenizer.count)
        found = [item.payload for item in items]
        row = stage.execute(items, as_it_is, note="" if losses else "no losses: random sampling")
        used = {unit_id for s in found for unit_id in s.entity_ids}
        return stage.result(
            row,
            preview=stage.preview(
                "left(subgraph_id, 8) AS subgraph, json_array_length(entity_ids) AS entities, "
                "json_array_length(relation_ids) AS relations, difficulty, mean_loss, tokens"
            ),
            figures={
                "subgraph sizes": counts_svg(
                    [len(s.entity_ids) + len(s.relation_ids) for s in found],
                    "Subgraph sizes",
                    "entities and relations",
                    "subgraphs",
                )
            },
            facts={
                "isolated entities left out": sum(u.kind == "entity" and u.unit_id not in used for u in units)
            },
            checks=stage_checks(row),
        )


def _result(
    stage: StageRun, form: QaForm, items: Sequence[WorkItem[Any]], write: Work[Any]
) -> dg.MaterializeResult:
    """Run one form of question; without it in the settings nothing goes in and the stage says so."""
    wanted = form in stage.settings.qa_forms
    row = stage.execute(items if wanted else [], write, "synthesizer", "" if wanted else "not among qa.forms")
    return stage.result(row, preview=stage.preview("question, answer"), checks=stage_checks(row))


@dg.asset(
    group_name="synthesis",
    partitions_def=corpora,
    code_version=ATOMIC_VERSION,
    owners=OWNERS,
    kinds={"openai", "duckdb"},
    deps=[subgraphs],
    check_specs=check_specs("qa_atomic"),
)
def qa_atomic(context: dg.AssetExecutionContext, workbench: Workbench) -> dg.MaterializeResult:
    """One question and answer for each unit of a subgraph."""
    with StageRun(context, workbench) as stage:
        if (same := stage.as_it_was()) is not None:
            return same
        found, units = current_subgraphs(stage.warehouse), current_units(stage.warehouse)
        items = atomic_items(found, units, stage.bench.endpoint("synthesizer").identity())

        async def write(item: WorkItem[GraphUnit], ask: Ask) -> list[QaPair]:
            return [await write_atomic(item.payload, ask)]

        return _result(stage, "atomic", items, write)


@dg.asset(
    group_name="synthesis",
    partitions_def=corpora,
    code_version=AGGREGATED_VERSION,
    owners=OWNERS,
    kinds={"openai", "duckdb"},
    deps=[subgraphs],
    check_specs=check_specs("qa_aggregated"),
)
def qa_aggregated(context: dg.AssetExecutionContext, workbench: Workbench) -> dg.MaterializeResult:
    """Each subgraph of at least two units as one coherent text, and the question it answers."""
    with StageRun(context, workbench) as stage:
        if (same := stage.as_it_was()) is not None:
            return same
        found, units = current_subgraphs(stage.warehouse), current_units(stage.warehouse)
        items = aggregated_items(found, units, stage.bench.endpoint("synthesizer").identity())

        async def write(item: WorkItem[tuple[Sequence[GraphUnit], Difficulty]], ask: Ask) -> list[QaPair]:
            return [await write_aggregated(*item.payload, ask)]

        return _result(stage, "aggregated", items, write)


@dg.asset(
    group_name="synthesis",
    partitions_def=corpora,
    code_version=MULTI_HOP_VERSION,
    owners=OWNERS,
    kinds={"openai", "duckdb"},
    deps=[subgraphs],
    check_specs=check_specs("qa_multi_hop"),
)
def qa_multi_hop(context: dg.AssetExecutionContext, workbench: Workbench) -> dg.MaterializeResult:
    """A question over at least two relations of a subgraph, with the reasoning path that answers it."""
    with StageRun(context, workbench) as stage:
        if (same := stage.as_it_was()) is not None:
            return same
        found, units = current_subgraphs(stage.warehouse), current_units(stage.warehouse)
        items = multi_hop_items(found, units, stage.bench.endpoint("synthesizer").identity())

        async def write(item: WorkItem[Sequence[GraphUnit]], ask: Ask) -> list[QaPair]:
            return [await write_multi_hop(item.payload, ask)]

        return _result(stage, "multi_hop", items, write)
