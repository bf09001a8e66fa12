"""The entities group: which names mean one thing."""

import dagster as dg

from kg_assets.enrichment.assets import enrichment_claims
from kg_assets.entities.embed import EMBEDDINGS_VERSION, embed
from kg_assets.entities.plan import (
    ALIASES_VERSION,
    PAIRS_VERSION,
    alias_items,
    decide_pairs,
    embedding_items,
    pair_items,
    store_moved_units,
)
from kg_assets.stage.checks import check_specs, stage_checks
from kg_assets.stage.run import OWNERS, StageRun, corpora
from kg_assets.stage.shown import markdown_table
from resources.workbench import Workbench


@dg.asset(
    group_name="entities",
    partitions_def=corpora,
    code_version=EMBEDDINGS_VERSION,
    owners=OWNERS,
    kinds={"openai", "duckdb"},
    deps=[enrichment_claims],
    check_specs=check_specs("entity_embeddings"),
)
def entity_embeddings(context: dg.AssetExecutionContext, workbench: Workbench) -> dg.MaterializeResult:
    """Names as vectors, by which those of one meaning are found; only with an embedder and entities.resolve:
    model."""
    with StageRun(context, workbench) as stage:
        if (same := stage.as_it_was()) is not None:
            return same
        embedder = stage.bench.configuration.name_embedder
        items = embedding_items(stage.warehouse, embedder.identity() if embedder else None)
        row = stage.execute(
            items,
            lambda item, ask: embed(item.payload, ask),
            "embedder" if items else None,
            "" if embedder else "no embedder, or entities.resolve is not model",
        )
        numbers = stage.warehouse.scalar(
            "SELECT octet_length(vector) // 2 FROM current_entity_embeddings LIMIT 1"
        )
        return stage.result(
            row,
            preview=stage.preview("text"),
            facts={"numbers in a vector": numbers or 0},
            checks=stage_checks(row),
        )


@dg.asset(
    group_name="entities",
    partitions_def=corpora,
    code_version=PAIRS_VERSION,
    owners=OWNERS,
    kinds={"openai", "duckdb"},
    deps=[entity_embeddings],
    check_specs=check_specs("entity_pairs"),
)
def entity_pairs(context: dg.AssetExecutionContext, workbench: Workbench) -> dg.MaterializeResult:
    """Pairs of names that may mean one thing, and whether they do: by rules, or by the synthesizer."""
    with StageRun(context, workbench) as stage:
        if (same := stage.as_it_was()) is not None:
            return same
        settings = stage.settings.entities
        items, asks = pair_items(stage.warehouse, settings, stage.bench.endpoint("synthesizer").identity())
        note = "entities.resolve is off" if settings.resolve == "off" else ""
        row = stage.execute(items, decide_pairs, "synthesizer" if asks else None, note)
        verdicts = stage.warehouse.frame(
            "SELECT verdict, method, count(*) AS pairs FROM current_entity_pairs GROUP BY ALL ORDER BY ALL"
        )
        return stage.result(
            row,
            preview=stage.preview("verdict, method, confidence, evidence"),
            facts={"verdicts": dg.MetadataValue.md(markdown_table(verdicts))},
            checks=stage_checks(row),
        )


@dg.asset(
    group_name="entities",
    partitions_def=corpora,
    code_version=ALIASES_VERSION,
    owners=OWNERS,
    kinds={"duckdb"},
    deps=[entity_pairs],
    check_specs=check_specs("entity_aliases"),
)
def entity_aliases(context: dg.AssetExecutionContext, workbench: Workbench) -> dg.MaterializeResult:
    """Names that mean what another name does, and why; what the user's own aliases.yaml says comes first."""
    with StageRun(context, workbench) as stage:
        if (same := stage.as_it_was()) is not None:
            return same
        items = alias_items(stage.warehouse, stage.bench.configuration.aliases)
        row = stage.execute(items, lambda item, _ask: [item.payload])
        store_moved_units(stage.warehouse, [item.payload for item in items])
        return stage.result(
            row,
            preview=stage.preview("canonical, alias, method, confidence, evidence"),
            checks=stage_checks(row),
        )
