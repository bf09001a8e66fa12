"""The quality group: pairs that passed every gate."""

import dagster as dg

from kg_assets.quality.curate import curation_items, pass_or_drop, unsupported_pairs
from kg_assets.quality.gates.table import GATES_VERSION
from kg_assets.quality.tags import PAIRS_VERSION, keep_or_leave_out, pair_items
from kg_assets.stage.checks import blocking, check_specs, stage_checks
from kg_assets.stage.run import OWNERS, StageRun, corpora
from kg_assets.synthesis.assets import qa_aggregated, qa_atomic, qa_multi_hop
from kg_assets.taxonomy.assets import OFF, by_tag, chunk_tags
from resources.workbench import Workbench


@dg.asset(
    group_name="quality",
    partitions_def=corpora,
    code_version=GATES_VERSION,
    owners=OWNERS,
    kinds={"duckdb"},
    deps=[qa_atomic, qa_aggregated, qa_multi_hop],
    check_specs=check_specs(
        "curated_qa", ("has_evidence", "Every pair leads back to at least one span of source text.")
    ),
)
def curated_qa(context: dg.AssetExecutionContext, workbench: Workbench) -> dg.MaterializeResult:
    """Pairs of all forms that passed every gate; the others are drops with the gate's name as reason."""
    with StageRun(context, workbench) as stage:
        if (same := stage.as_it_was()) is not None:
            return same
        items = curation_items(stage.warehouse, stage.settings.export.include_enrichment)
        row = stage.execute(items, pass_or_drop)
        missing = unsupported_pairs(stage.warehouse)
        evidence = blocking(
            "has_evidence", not missing, f"{len(missing)} pairs have no evidence {', '.join(missing[:5])}"
        )
        return stage.result(
            row, preview=stage.preview("form, question, answer"), checks=[*stage_checks(row), evidence]
        )


@dg.asset(
    group_name="quality",
    partitions_def=corpora,
    code_version=PAIRS_VERSION,
    owners=OWNERS,
    kinds={"duckdb"},
    deps=[curated_qa, chunk_tags],
    check_specs=check_specs("tagged_qa"),
)
def tagged_qa(context: dg.AssetExecutionContext, workbench: Workbench) -> dg.MaterializeResult:
    """The tag of each pair by the chunks that support it; what balancing leaves out is a drop."""
    with StageRun(context, workbench) as stage:
        if (same := stage.as_it_was()) is not None:
            return same
        off = stage.settings.taxonomy.source == "off"
        items = pair_items(stage.warehouse, stage.settings)
        row = stage.execute(items, keep_or_leave_out, note=OFF if off else "")
        return stage.result(
            row,
            facts=by_tag(stage, "current_tagged_qa", "pairs"),
            checks=stage_checks(row),
        )
