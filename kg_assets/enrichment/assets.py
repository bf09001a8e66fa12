"""The enrichment group: pages of an encyclopedia, and what they say."""

import dagster as dg

from kg_assets.claims.assets import claims
from kg_assets.enrichment.choose import ENRICHMENT_VERSION, find_page
from kg_assets.enrichment.plan import PAGE_CLAIMS_VERSION, enrichment_items, page_claim_items, read_page
from kg_assets.stage.checks import check_specs, stage_checks
from kg_assets.stage.run import OWNERS, StageRun, corpora
from resources.workbench import Workbench


@dg.asset(
    group_name="enrichment",
    partitions_def=corpora,
    code_version=ENRICHMENT_VERSION,
    owners=OWNERS,
    kinds={"openai", "duckdb"},
    deps=[claims],
    check_specs=check_specs("enrichment"),
)
def enrichment(context: dg.AssetExecutionContext, workbench: Workbench) -> dg.MaterializeResult:
    """Pages of an encyclopedia about what the documents name; off unless the settings ask for it."""
    with StageRun(context, workbench) as stage:
        if (same := stage.as_it_was()) is not None:
            return same
        settings, count = stage.settings.extraction, stage.bench.tokenizer.count
        identity = stage.bench.endpoint("synthesizer").identity()
        items = enrichment_items(stage.warehouse, settings, identity)
        search = stage.bench.encyclopedia().search if items else None
        row = stage.execute(
            items,
            lambda item, ask: [find_page(item.payload, search, ask, count)] if search else [],
            "synthesizer" if items else None,
            "extraction.enrich is off" if settings.enrich == "off" else "",
        )
        return stage.result(
            row, preview=stage.preview("entity, title, text, document_id"), checks=stage_checks(row)
        )


@dg.asset(
    group_name="enrichment",
    partitions_def=corpora,
    code_version=PAGE_CLAIMS_VERSION,
    owners=OWNERS,
    kinds={"openai", "duckdb"},
    deps=[enrichment],
    check_specs=check_specs("enrichment_claims"),
)
def enrichment_claims(context: dg.AssetExecutionContext, workbench: Workbench) -> dg.MaterializeResult:
    """What the pages of the encyclopedia say, read as the documents are."""
    with StageRun(context, workbench) as stage:
        if (same := stage.as_it_was()) is not None:
            return same
        settings = stage.settings.extraction
        items = page_claim_items(stage.warehouse, settings, stage.bench.endpoint("synthesizer").identity())
        row = stage.execute(
            items,
            lambda item, ask: read_page(item.payload, settings, ask),
            "synthesizer" if items else None,
            "extraction.enrich is off" if settings.enrich == "off" else "",
        )
        return stage.result(
            row,
            preview=stage.preview(
                "kind, coalesce(nullif(name, ''), source || ' – ' || target) AS unit, description"
            ),
            checks=stage_checks(row),
        )
