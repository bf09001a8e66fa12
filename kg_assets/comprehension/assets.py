"""The comprehension group: statements, the trainee's judgements of them, and how well it knows each unit."""

import dagster as dg

from kg_assets.comprehension.calibration import calibration
from kg_assets.comprehension.measure import store_calibration
from kg_assets.comprehension.plan import COMPREHENSION, JUDGEMENTS, STATEMENTS, trainee_name
from kg_assets.comprehension.reads import judged_pairs
from kg_assets.domain import Comprehension
from kg_assets.stage.asset import stage_asset
from kg_assets.stage.charts import loss_histogram_svg, reliability_svg
from kg_assets.stage.checks import MAX_OFF_FORMAT_SHARE, losses_vary, share
from kg_assets.stage.run import StageRun
from kg_assets.stage.shown import Materialization

LOSSES = "losses in the graph"


@stage_asset(STATEMENTS)
def statements(run: StageRun) -> dg.MaterializeResult:
    """True and negated wordings of each unit, written by the synthesizer, for the trainee to judge."""
    return run.result(run.execute(), preview=run.preview("label, text"))


@stage_asset(JUDGEMENTS)
def judgements(run: StageRun) -> dg.MaterializeResult:
    """The trainee's probability that a statement is true, from the log-probabilities of its yes and no."""
    row = run.execute()
    off_format = run.warehouse.scalar(
        "SELECT count(*) FROM current_drops WHERE stage = 'judgements' AND reason = 'off_format'"
    )
    methods = run.warehouse.frame(
        "SELECT method, count(*) AS judgements FROM current_judgements GROUP BY 1 ORDER BY 1"
    )
    return run.result(
        row,
        preview=run.preview("text, p_true, mass, method"),
        facts={"methods": ", ".join(f"{m.method}: {m.judgements}" for m in methods.itertuples()) or "none"},
        checks=[share("off_format", off_format, row.rows_in, MAX_OFF_FORMAT_SHARE, "judgements off-format")],
    )


def _losses_are_there(run: StageRun, last: Materialization) -> bool:
    return bool(run.bench.graph().count_losses(run.bench.corpus) == last.metadata[LOSSES][1])


@stage_asset(COMPREHENSION, holds=_losses_are_there)
def comprehension(run: StageRun) -> dg.MaterializeResult:
    """How well the trainee knows each unit: confidence and loss; for the corpus ECE and Brier score."""
    row = run.execute()
    trainee = run.bench.trainee
    name = trainee_name(trainee.identity()) if trainee else ""
    rows = run.warehouse.rows(Comprehension, "FROM current_comprehension")
    losses = {r.unit_id: r.loss for r in rows}
    run.bench.graph().set_losses(run.bench.corpus, losses, {r.unit_id: r.confidence for r in rows}, name)
    judged = judged_pairs(run.warehouse) if trainee else []
    measured = calibration(judged) if judged else None
    if measured is not None:
        store_calibration(run.warehouse, run.context.run.run_id, name, measured)
    return run.result(
        row,
        preview=run.warehouse.frame(
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
        checks=[losses_vary(list(losses.values()))],
    )
