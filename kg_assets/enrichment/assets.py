"""The enrichment group: pages of an encyclopedia, and what they say."""

import dagster as dg

from kg_assets.enrichment.plan import ENRICHMENT_CLAIMS, ENRICHMENT_STAGE
from kg_assets.stage.asset import stage_asset
from kg_assets.stage.run import StageRun


@stage_asset(ENRICHMENT_STAGE)
def enrichment(run: StageRun) -> dg.MaterializeResult:
    """Pages of an encyclopedia about what the documents name; off unless the settings ask for it."""
    return run.result(run.execute(), preview=run.preview("entity, title, text, document_id"))


@stage_asset(ENRICHMENT_CLAIMS)
def enrichment_claims(run: StageRun) -> dg.MaterializeResult:
    """What the pages of the encyclopedia say, read as the documents are."""
    return run.result(
        run.execute(),
        preview=run.preview(
            "kind, coalesce(nullif(name, ''), source || ' – ' || target) AS unit, description"
        ),
    )
