"""The claims group: what every chunk says."""

import dagster as dg

from kg_assets.claims.plan import CLAIMS
from kg_assets.stage.asset import stage_asset
from kg_assets.stage.checks import result
from kg_assets.stage.run import StageRun

MIN_QUOTED_SHARE = 0.5


@stage_asset(CLAIMS)
def claims(run: StageRun) -> dg.MaterializeResult:
    """What each chunk says: entities and relations with the text that says so, read by the synthesizer."""
    row = run.execute()
    quoted, total = run.warehouse.frame("SELECT count(*) FILTER (quoted), count(*) FROM current_claims").iloc[
        0
    ]
    found = quoted / total if total else 1.0
    return run.result(
        row,
        preview=run.preview(
            "kind, coalesce(nullif(name, ''), source || ' – ' || target) AS unit, description, quoted"
        ),
        facts={"quotes not found in their chunk": int(total - quoted)},
        checks=[
            result(
                "quotes_found", found >= MIN_QUOTED_SHARE, f"{quoted} of {total} quotes stand in their chunk"
            )
        ],
    )
