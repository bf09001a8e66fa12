"""The synthesis group: subgraphs, and the three forms of question written about them."""

import dagster as dg

from kg_assets.domain import Subgraph
from kg_assets.graph.reads import current_units
from kg_assets.stage.asset import stage_asset
from kg_assets.stage.charts import counts_svg
from kg_assets.stage.run import StageRun
from kg_assets.synthesis.plan import QA_AGGREGATED, QA_ATOMIC, QA_MULTI_HOP, SUBGRAPHS


@stage_asset(SUBGRAPHS)
def subgraphs(run: StageRun) -> dg.MaterializeResult:
    """Units that belong together, grown from the worst-known relations; each relation is in exactly one."""
    plan = run.plan()
    row = run.execute(plan)
    found: list[Subgraph] = plan.payloads()
    used = {unit_id for s in found for unit_id in s.entity_ids}
    units = current_units(run.warehouse).values()
    return run.result(
        row,
        preview=run.preview(
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
    )


@stage_asset(QA_ATOMIC)
def qa_atomic(run: StageRun) -> dg.MaterializeResult:
    """One question and answer for each unit of a subgraph."""
    return run.result(run.execute(), preview=run.preview("question, answer"))


@stage_asset(QA_AGGREGATED)
def qa_aggregated(run: StageRun) -> dg.MaterializeResult:
    """Each subgraph of at least two units as one coherent text, and the question it answers."""
    return run.result(run.execute(), preview=run.preview("question, answer"))


@stage_asset(QA_MULTI_HOP)
def qa_multi_hop(run: StageRun) -> dg.MaterializeResult:
    """A question over at least two relations of a subgraph, with the reasoning path that answers it."""
    return run.result(run.execute(), preview=run.preview("question, answer"))
