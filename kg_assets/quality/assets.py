"""The quality group: pairs that passed every gate, and their tags."""

import dagster as dg

from kg_assets.quality.curate import unsupported_pairs
from kg_assets.quality.plan import CURATED_QA, TAGGED_QA
from kg_assets.stage.asset import stage_asset
from kg_assets.stage.checks import blocking
from kg_assets.stage.run import StageRun


@stage_asset(CURATED_QA)
def curated_qa(run: StageRun) -> dg.MaterializeResult:
    """Pairs of all forms that passed every gate; the others are drops with the gate's name as reason."""
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
