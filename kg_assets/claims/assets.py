"""The claims group: what every chunk says."""

import dagster as dg

from kg_assets.claims.extract import CLAIMS_VERSION, extract_claims
from kg_assets.claims.plan import claim_items
from kg_assets.ingest.assets import chunks
from kg_assets.stage.checks import check_specs, result, stage_checks
from kg_assets.stage.run import OWNERS, StageRun, corpora
from resources.workbench import Workbench

MIN_QUOTED_SHARE = 0.5


@dg.asset(
    group_name="claims",
    partitions_def=corpora,
    code_version=CLAIMS_VERSION,
    owners=OWNERS,
    kinds={"openai", "duckdb"},
    deps=[chunks],
    check_specs=check_specs("claims", ("quotes_found", "Most evidence quotes stand in their chunk.")),
)
def claims(context: dg.AssetExecutionContext, workbench: Workbench) -> dg.MaterializeResult:
    """What each chunk says: entities and relations with the text that says so, read by the synthesizer."""
    with StageRun(context, workbench) as stage:
        if (same := stage.as_it_was()) is not None:
            return same
        settings = stage.settings.extraction
        items = claim_items(
            stage.warehouse,
            settings,
            stage.bench.endpoint("synthesizer").identity(),
            stage.settings.chunking.resolve_coreference,
        )
        row = stage.execute(
            items,
            lambda item, ask: extract_claims(item.payload.chunk, settings, ask, item.payload.before),
            "synthesizer",
        )
        quoted, total = stage.warehouse.frame(
            "SELECT count(*) FILTER (quoted), count(*) FROM current_claims"
        ).iloc[0]
        found = quoted / total if total else 1.0
        quotes = result(
            "quotes_found", found >= MIN_QUOTED_SHARE, f"{quoted} of {total} quotes stand in their chunk"
        )
        return stage.result(
            row,
            preview=stage.preview(
                "kind, coalesce(nullif(name, ''), source || ' – ' || target) AS unit, description, quoted"
            ),
            facts={"quotes not found in their chunk": int(total - quoted)},
            checks=[*stage_checks(row), quotes],
        )
