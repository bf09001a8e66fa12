"""Jobs: the whole pipeline, and each group alone."""

import dagster as dg

from kg_assets.stages import GROUPS

pipeline_job = dg.define_asset_job(
    "pipeline",
    selection=dg.AssetSelection.all(),
    description="Documents in, fine-tuning data out: every stage of a corpus.",
)

group_jobs = [
    dg.define_asset_job(
        f"{group}_only",
        selection=dg.AssetSelection.groups(group),
        description=f"The {group} stages of a corpus alone.",
    )
    for group in GROUPS
]
