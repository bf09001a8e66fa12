"""The graph group: claims of every chunk, merged into the knowledge graph in Neo4j."""

from dataclasses import asdict

import dagster as dg
import pandas as pd

from kg_assets.checks import check_specs, result, stage_checks
from kg_assets.domain import Chunk, Document, GraphUnit
from kg_assets.enrichment.choose import ENRICHMENT_VERSION, Wanted, find_page
from kg_assets.enrichment.pages import PageRow, page_chunk, page_document
from kg_assets.enrichment.plan import PAGE_CLAIMS_VERSION, enrichment_items, page_claim_items, read_page
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
from kg_assets.export.report_charts import counts_svg
from kg_assets.graph.extract import CLAIMS_VERSION, extract_claims
from kg_assets.graph.graph_state import degrees, graph_state
from kg_assets.graph.merge import MERGE_VERSION, MergedUnit, describe
from kg_assets.graph.plan import claim_items, unit_items
from kg_assets.ingest.assets import chunks
from kg_assets.ledger import WorkItem, as_it_is
from kg_assets.materialize import OWNERS, StageRun, corpora
from kg_assets.shown import markdown_table
from kg_assets.warehouse_reads import current_pages, current_spellings
from resources.graph.types import SyncCounts
from resources.models.types import Ask
from resources.workbench import Workbench

MIN_QUOTED_SHARE = 0.5
IN_THE_GRAPH = "nodes and relationships in the graph"


@dg.asset(
    group_name="graph",
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


@dg.asset(
    group_name="graph",
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

        async def look_up(item: WorkItem[Wanted], ask: Ask) -> list[PageRow]:
            return [await find_page(item.payload, search, ask, count)] if search else []

        row = stage.execute(
            items,
            look_up,
            "synthesizer" if items else None,
            "extraction.enrich is off" if settings.enrich == "off" else "",
        )
        return stage.result(
            row, preview=stage.preview("entity, title, text, document_id"), checks=stage_checks(row)
        )


@dg.asset(
    group_name="graph",
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


@dg.asset(
    group_name="graph",
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
    group_name="graph",
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
    group_name="graph",
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
        row = stage.execute(items, as_it_is)
        store_moved_units(stage.warehouse, [item.payload for item in items])
        return stage.result(
            row,
            preview=stage.preview("canonical, alias, method, confidence, evidence"),
            checks=stage_checks(row),
        )


@dg.asset(
    group_name="graph",
    partitions_def=corpora,
    code_version=MERGE_VERSION,
    owners=OWNERS,
    kinds={"neo4j", "duckdb"},
    deps=[entity_aliases],
    check_specs=check_specs("knowledge_graph"),
)
def knowledge_graph(context: dg.AssetExecutionContext, workbench: Workbench) -> dg.MaterializeResult:
    """Claims merged into entities and relations, and the graph database brought in line with them."""
    with StageRun(context, workbench) as stage:
        # The graph database may be another one, or have been emptied; counting is quick, reading is not.
        if (
            same := stage.as_it_was(
                lambda last: stage.bench.graph().counts(stage.bench.corpus) == last.metadata[IN_THE_GRAPH][1]
            )
        ) is not None:
            return same
        count, limit = stage.bench.tokenizer.count, stage.settings.extraction.description_tokens
        identity = stage.bench.endpoint("synthesizer").identity()
        items, asks = unit_items(stage.warehouse, limit, count, identity)

        async def describe_unit(item: WorkItem[MergedUnit], ask: Ask) -> list[GraphUnit]:
            return [await describe(item.payload, limit, count, ask)]

        row = stage.execute(items, describe_unit, "synthesizer" if asks else None)
        units = stage.warehouse.rows(GraphUnit, "FROM current_knowledge_graph")
        pages = current_pages(stage.warehouse)
        state = graph_state(
            [*stage.warehouse.rows(Document, "FROM current_documents"), *map(page_document, pages)],
            [*stage.warehouse.rows(Chunk, "FROM current_chunks"), *map(page_chunk, pages)],
            units,
            [item.payload for item in items],
            current_spellings(stage.warehouse),
        )
        written = stage.bench.graph().sync(stage.bench.corpus, state)
        return stage.result(
            row,
            preview=stage.preview(
                "kind, coalesce(nullif(name, ''), source || ' – ' || target) AS unit, type, description"
            ),
            figures={
                "degree distribution": counts_svg(
                    list(degrees(units).values()), "Degrees", "relations of an entity", "entities"
                )
            },
            facts={
                "entities": sum(unit.kind == "entity" for unit in units),
                "relations": sum(unit.kind == "relation" for unit in units),
                IN_THE_GRAPH: dg.MetadataValue.json(stage.bench.graph().counts(stage.bench.corpus)),
                "written to the graph": dg.MetadataValue.md(markdown_table(_tallies(written))),
            },
            checks=stage_checks(row),
        )


def _tallies(written: SyncCounts) -> pd.DataFrame:
    """One row for each kind of node and relationship: how many were created, updated, deleted, unchanged."""
    return pd.DataFrame(
        [{"kind": kind.replace("_", " "), **tally} for kind, tally in asdict(written).items()]
    )
