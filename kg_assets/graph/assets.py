"""The graph group: claims merged into the knowledge graph in Neo4j."""

from dataclasses import asdict

import dagster as dg
import pandas as pd

from kg_assets.domain import Chunk, Document, GraphUnit
from kg_assets.enrichment.pages import page_chunk, page_document
from kg_assets.enrichment.reads import current_pages
from kg_assets.entities.reads import current_spellings
from kg_assets.graph.graph_state import degrees, graph_state
from kg_assets.graph.plan import KNOWLEDGE_GRAPH
from kg_assets.stage.asset import stage_asset
from kg_assets.stage.charts import counts_svg
from kg_assets.stage.run import StageRun
from kg_assets.stage.shown import Materialization, markdown_table
from resources.graph.types import SyncCounts
from resources.workbench import GRAPH_WRITTEN_BY

IN_THE_GRAPH = "nodes and relationships in the graph"


def _is_there(run: StageRun, last: Materialization) -> bool:
    """The graph database may be another one, or have been emptied; counting is quick, reading is not."""
    corpus, (_, written_by) = run.bench.corpus, last.metadata.get(GRAPH_WRITTEN_BY, ("plain", ""))
    if run.workbench.graph_written_by(corpus) != written_by:
        return False
    return bool(run.bench.graph().counts(corpus) == last.metadata[IN_THE_GRAPH][1])


@stage_asset(KNOWLEDGE_GRAPH, holds=_is_there)
def knowledge_graph(run: StageRun) -> dg.MaterializeResult:
    """Claims merged into entities and relations, and the graph database brought in line with them."""
    plan = run.plan()
    row = run.execute(plan)
    units = run.warehouse.rows(GraphUnit, "FROM current_knowledge_graph")
    pages = current_pages(run.warehouse)
    state = graph_state(
        [*run.warehouse.rows(Document, "FROM current_documents"), *map(page_document, pages)],
        [*run.warehouse.rows(Chunk, "FROM current_chunks"), *map(page_chunk, pages)],
        units,
        plan.payloads(),
        current_spellings(run.warehouse),
    )
    written = run.bench.graph().sync(run.bench.corpus, state)
    run.workbench.mark_graph(run.bench.corpus, run.context.run.run_id)
    written_by = run.workbench.graph_written_by(run.bench.corpus)
    return run.result(
        row,
        preview=run.preview(
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
            IN_THE_GRAPH: dg.MetadataValue.json(run.bench.graph().counts(run.bench.corpus)),
            "written to the graph": dg.MetadataValue.md(markdown_table(_tallies(written))),
            **({GRAPH_WRITTEN_BY: written_by} if written_by else {}),
        },
    )


def _tallies(written: SyncCounts) -> pd.DataFrame:
    """One row for each kind of node and relationship: how many were created, updated, deleted, unchanged."""
    return pd.DataFrame(
        [{"kind": kind.replace("_", " "), **tally} for kind, tally in asdict(written).items()]
    )
