"""The code location that Dagster loads: assets, jobs, the sensor and the resource. Connects to nothing."""

import dagster as dg

from dagster_project.jobs import group_jobs, pipeline_job
from dagster_project.workbench_resource import WorkbenchResource
from kg_assets.claims import assets as claims
from kg_assets.comprehension import assets as comprehension
from kg_assets.enrichment import assets as enrichment
from kg_assets.entities import assets as entities
from kg_assets.export import assets as export
from kg_assets.graph import assets as graph
from kg_assets.ingest import assets as ingest
from kg_assets.quality import assets as quality
from kg_assets.stage.asset import corpora
from kg_assets.synthesis import assets as synthesis
from kg_assets.taxonomy import assets as taxonomy
from resources.workbench import Workbench, workbench_from_environment
from sensors.documents import documents_sensor

ASSET_MODULES = (
    ingest, claims, enrichment, entities, graph, comprehension, taxonomy, synthesis, quality, export,
)  # fmt: skip


def build_defs(workbench: Workbench) -> dg.Definitions:
    """Everything Dagster needs, working on the given documents and workspace."""
    return dg.Definitions(
        assets=dg.load_assets_from_modules(ASSET_MODULES),
        jobs=[pipeline_job, *group_jobs],
        sensors=[documents_sensor(pipeline_job.name, corpora)],
        resources={"workbench": WorkbenchResource.of(workbench)},
        # Steps share one DuckDB file, which one process may write at a time: processes would wait in turn.
        executor=dg.in_process_executor,
    )


defs = build_defs(workbench_from_environment())
