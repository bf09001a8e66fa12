"""The stages of the quality group, and what they would do."""

from kg_assets.domain import QaPair
from kg_assets.quality.balance import TaggedPair
from kg_assets.quality.curate import Judged, curation_items, pass_or_drop
from kg_assets.quality.gates.table import GATES_VERSION
from kg_assets.quality.tags import PAIR_TAGS_VERSION, keep_or_leave_out, pair_items
from kg_assets.stage.bench import StageBench
from kg_assets.stage.stage import Plan, Stage
from kg_assets.synthesis.plan import QA_STAGES
from kg_assets.taxonomy.plan import CHUNK_TAGS, OFF
from kg_assets.taxonomy.types import PairTag


def _plan_curated(bench: StageBench) -> Plan[Judged]:
    return Plan(curation_items(bench.warehouse, bench.settings.export.include_enrichment), pass_or_drop)


def _plan_tagged(bench: StageBench) -> Plan[tuple[TaggedPair, str]]:
    off = bench.settings.taxonomy.source == "off"
    return Plan(pair_items(bench.warehouse, bench.settings), keep_or_leave_out, note=OFF if off else "")


CURATED_QA = Stage(
    name="curated_qa",
    group="quality",
    row_type=QaPair,
    upstream=QA_STAGES,
    version=GATES_VERSION,
    plan=_plan_curated,
    settings=("export.include_enrichment",),
    checks=(("has_evidence", "Every pair leads back to at least one span of source text."),),
)
TAGGED_QA = Stage(
    name="tagged_qa",
    group="quality",
    row_type=PairTag,
    upstream=(CURATED_QA, CHUNK_TAGS),
    version=PAIR_TAGS_VERSION,
    plan=_plan_tagged,
    settings=("taxonomy.source", "export.balance", "export.max_share"),
    may_drop=False,
    needs_rows=False,
)
