"""The synthesis group: subgraphs, and the forms of question written about them."""

import dagster as dg

from kg_assets.domain import Subgraph
from kg_assets.graph.reads import current_units
from kg_assets.stage.asset import stage_asset
from kg_assets.stage.charts import counts_svg
from kg_assets.stage.run import StageRun
from kg_assets.synthesis.forms.table import FORMS
from kg_assets.synthesis.plan import QA_STAGES, SUBGRAPHS


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


def _questions(run: StageRun) -> dg.MaterializeResult:
    return run.result(run.execute(), preview=run.preview("question, answer"))


questions = [
    stage_asset(stage, description=form.description)(_questions)
    for stage, form in zip(QA_STAGES, FORMS, strict=True)
]
