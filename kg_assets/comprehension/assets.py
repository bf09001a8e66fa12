"""The comprehension group: statements, the trainee's judgements of them, and how well it knows each unit."""

import dagster as dg

from kg_assets.checks import MAX_OFF_FORMAT_SHARE, check_specs, losses_vary, share, stage_checks
from kg_assets.comprehension.calibration import calibration
from kg_assets.comprehension.judge import (
    JUDGEMENTS_VERSION,
    judge_by_logprobs,
    judge_by_sampling,
)
from kg_assets.comprehension.measure import COMPREHENSION_VERSION, UnitJudgements, measure, store_calibration
from kg_assets.comprehension.plan import comprehension_items, judgement_items, statement_items, trainee_name
from kg_assets.comprehension.state import STATEMENTS_VERSION, write_statements
from kg_assets.domain import Comprehension, GraphUnit, Judgement, Statement
from kg_assets.export.report_charts import loss_histogram_svg, reliability_svg
from kg_assets.graph.assets import knowledge_graph
from kg_assets.ledger import Items, WorkItem
from kg_assets.materialize import OWNERS, StageRun, corpora
from kg_assets.warehouse_reads import judged_pairs
from resources.models.types import Ask
from resources.workbench import Workbench

LOSSES = "losses in the graph"
NO_TRAINEE = "no trainee: comprehension is not measured"


@dg.asset(
    group_name="comprehension",
    partitions_def=corpora,
    code_version=STATEMENTS_VERSION,
    owners=OWNERS,
    kinds={"openai", "duckdb"},
    deps=[knowledge_graph],
    check_specs=check_specs("statements"),
)
def statements(context: dg.AssetExecutionContext, workbench: Workbench) -> dg.MaterializeResult:
    """True and negated wordings of each unit, written by the synthesizer, for the trainee to judge."""
    with StageRun(context, workbench) as stage:
        if (same := stage.as_it_was()) is not None:
            return same
        asked = stage.settings.comprehension.statements
        identity = stage.bench.endpoint("synthesizer").identity()
        examined = stage.bench.configuration.trainee is not None
        items: Items[GraphUnit] = statement_items(stage.warehouse, asked, identity) if examined else []
        row = stage.execute(
            items,
            lambda item, ask: write_statements(item.payload, asked, ask),
            "synthesizer",
            note="" if examined else NO_TRAINEE,
        )
        return stage.result(row, preview=stage.preview("label, text"), checks=stage_checks(row))


@dg.asset(
    group_name="comprehension",
    partitions_def=corpora,
    code_version=JUDGEMENTS_VERSION,
    owners=OWNERS,
    kinds={"openai", "duckdb"},
    deps=[statements],
    check_specs=check_specs(
        "judgements", ("off_format", "The trainee answers yes or no where it is asked to.")
    ),
)
def judgements(context: dg.AssetExecutionContext, workbench: Workbench) -> dg.MaterializeResult:
    """The trainee's probability that a statement is true, from the log-probabilities of its yes and no."""
    with StageRun(context, workbench) as stage:
        if (same := stage.as_it_was()) is not None:
            return same
        settings, trainee = stage.settings.comprehension, stage.bench.configuration.trainee
        identity = trainee.identity() if trainee else {}
        name = trainee_name(identity) if trainee else ""

        async def judge(item: WorkItem[Statement], ask: Ask) -> list[Judgement]:
            if await stage.bench.gateway("trainee").supports_logprobs(ask):
                return [await judge_by_logprobs(item.payload, name, settings.min_mass, ask)]
            return [await judge_by_sampling(item.payload, name, settings.min_mass, settings.samples, ask)]

        items: Items[Statement] = judgement_items(stage.warehouse, settings, identity) if trainee else []
        row = stage.execute(items, judge, "trainee", note="" if trainee else NO_TRAINEE)
        off_format = stage.warehouse.scalar(
            "SELECT count(*) FROM current_drops WHERE stage = 'judgements' AND reason = 'off_format'"
        )
        methods = stage.warehouse.frame(
            "SELECT method, count(*) AS judgements FROM current_judgements GROUP BY 1 ORDER BY 1"
        )
        return stage.result(
            row,
            preview=stage.preview("text, p_true, mass, method"),
            facts={
                "methods": ", ".join(f"{m.method}: {m.judgements}" for m in methods.itertuples()) or "none"
            },
            checks=[
                *stage_checks(row),
                share("off_format", off_format, row.rows_in, MAX_OFF_FORMAT_SHARE, "judgements off-format"),
            ],
        )


@dg.asset(
    group_name="comprehension",
    partitions_def=corpora,
    code_version=COMPREHENSION_VERSION,
    owners=OWNERS,
    kinds={"duckdb", "neo4j"},
    deps=[judgements],
    check_specs=check_specs("comprehension", ("losses_vary", "Not all losses are equal.")),
)
def comprehension(context: dg.AssetExecutionContext, workbench: Workbench) -> dg.MaterializeResult:
    """How well the trainee knows each unit: confidence and loss; for the corpus ECE and Brier score."""
    with StageRun(context, workbench) as stage:
        if (
            same := stage.as_it_was(
                lambda last: stage.bench.graph().count_losses(stage.bench.corpus) == last.metadata[LOSSES][1]
            )
        ) is not None:
            return same
        trainee = stage.bench.configuration.trainee
        name = trainee_name(trainee.identity()) if trainee else ""
        items: Items[UnitJudgements] = comprehension_items(stage.warehouse, name) if trainee else []
        row = stage.execute(items, measure, note="" if trainee else NO_TRAINEE)
        rows = stage.warehouse.rows(Comprehension, "FROM current_comprehension")
        losses = {r.unit_id: r.loss for r in rows}
        stage.bench.graph().set_losses(
            stage.bench.corpus, losses, {r.unit_id: r.confidence for r in rows}, name
        )
        judged = judged_pairs(stage.warehouse) if trainee else []
        measured = calibration(judged) if judged else None
        if measured is not None:
            store_calibration(stage.warehouse, context.run.run_id, name, measured)
        return stage.result(
            row,
            preview=stage.warehouse.frame(
                "SELECT coalesce(nullif(u.name, ''), u.source || ' – ' || u.target) AS unit, c.loss, "
                "c.confidence, u.description FROM current_comprehension c "
                "JOIN current_knowledge_graph u USING (unit_id) ORDER BY c.loss DESC LIMIT 5"
            ),
            figures={
                "reliability curve": reliability_svg(measured.bins) if measured else None,
                "loss histogram": loss_histogram_svg(list(losses.values())),
            },
            facts={
                LOSSES: len(losses),
                **(
                    {"ECE": measured.ece, "Brier score": measured.brier, "accuracy": measured.accuracy}
                    if measured
                    else {}
                ),
            },
            checks=[*stage_checks(row), losses_vary(list(losses.values()))],
        )
