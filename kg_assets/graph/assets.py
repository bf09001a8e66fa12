"""The graph group: claims merged into the knowledge graph in Neo4j."""

from dataclasses import asdict

import dagster as dg
import pandas as pd

from kg_assets.domain import Chunk, Document, GraphUnit
from kg_assets.enrichment.pages import page_chunk, page_document
from kg_assets.enrichment.reads import current_pages
from kg_assets.entities.assets import entity_aliases
from kg_assets.entities.reads import current_spellings
from kg_assets.graph.graph_state import degrees, graph_state
from kg_assets.graph.merge import MERGE_VERSION, describe
from kg_assets.graph.plan import unit_items
from kg_assets.stage.charts import counts_svg
from kg_assets.stage.checks import check_specs, stage_checks
from kg_assets.stage.run import OWNERS, StageRun, corpora
from kg_assets.stage.shown import markdown_table
from resources.graph.types import SyncCounts
from resources.workbench import Workbench

IN_THE_GRAPH = "nodes and relationships in the graph"


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
        row = stage.execute(
            items,
            lambda item, ask: [describe(item.payload, limit, count, ask)],
            "synthesizer" if asks else None,
        )
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
