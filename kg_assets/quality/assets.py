"""The quality group: the gates' verdicts, the pairs that none of them stops, and their tags."""

import dagster as dg

from kg_assets.quality.curate import unsupported_pairs
from kg_assets.quality.plan import (
    ASKING_GATES,
    ASKING_STAGES,
    COMPARISON_VERDICTS,
    CURATED_QA,
    RULE_VERDICTS,
    TAGGED_QA,
)
from kg_assets.stage.asset import stage_asset
from kg_assets.stage.checks import blocking
from kg_assets.stage.run import StageRun
from kg_assets.stage.shown import markdown_table


@stage_asset(RULE_VERDICTS)
def rule_verdicts(run: StageRun) -> dg.MaterializeResult:
    """What the gates that are rules say of each pair."""
    return _judged(run)


@stage_asset(COMPARISON_VERDICTS)
def comparison_verdicts(run: StageRun) -> dg.MaterializeResult:
    """What the gates say that look at all pairs together: of those that no gate before has stopped."""
    return _judged(run)


def _judged(run: StageRun) -> dg.MaterializeResult:
    """Counts by gate, and first of all what was found."""
    row = run.execute()
    found = run.warehouse.frame(
        "SELECT v.gate, v.outcome, q.question, v.detail "
        f"FROM current_{run.name} v JOIN written_qa q USING (qa_id) "
        "ORDER BY v.outcome = 'pass', v.position LIMIT 5"
    )
    counts = run.warehouse.frame(
        "SELECT gate, count(*) FILTER (outcome = 'pass') AS passed, "
        "count(*) FILTER (outcome = 'flag') AS flagged, "
        f"count(*) FILTER (outcome = 'stop') AS stopped FROM current_{run.name} GROUP BY gate ORDER BY gate"
    )
    return run.result(
        row,
        preview=found,
        facts={} if counts.empty else {"by gate": dg.MetadataValue.md(markdown_table(counts))},
    )


asking_verdicts = [
    stage_asset(stage, description=gate.description)(_judged)
    for stage, gate in zip(ASKING_STAGES, ASKING_GATES, strict=True)
]


@stage_asset(CURATED_QA)
def curated_qa(run: StageRun) -> dg.MaterializeResult:
    """Pairs of all forms that no gate stops; the others are drops with the gate's name as reason."""
    row = run.execute()
    missing = unsupported_pairs(run.warehouse)
    evidence = blocking(
        "has_evidence", not missing, f"{len(missing)} pairs have no evidence {', '.join(missing[:5])}"
    )
    return run.result(row, preview=run.preview("form, question, answer"), checks=[evidence])


@stage_asset(TAGGED_QA)
def tagged_qa(run: StageRun) -> dg.MaterializeResult:
    """The tag of each pair by the chunks that support it; what balancing leaves out is a drop."""
    return run.result(run.execute(), facts=run.counted("tag", "pairs"))
