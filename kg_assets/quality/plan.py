"""The stages of the quality group, and what they would do."""

from collections.abc import Sequence
from typing import Any

from kg_assets.domain import QaPair
from kg_assets.quality.balance import TaggedPair
from kg_assets.quality.curate import CURATION_VERSION, Judged, curation_items, pass_or_drop
from kg_assets.quality.gates.gate import Asking, Comparison, Gate, Rule, Verdict
from kg_assets.quality.gates.table import GATES
from kg_assets.quality.tags import PAIR_TAGS_VERSION, keep_or_leave_out, pair_items
from kg_assets.quality.verdicts import VERDICTS, Before, Looked, asked_items, comparisons, look, rules
from kg_assets.stage.bench import StageBench
from kg_assets.stage.ledger import as_it_is
from kg_assets.stage.stage import Plan, Stage
from kg_assets.synthesis.plan import QA_STAGES
from kg_assets.taxonomy.plan import CHUNK_TAGS, OFF
from kg_assets.taxonomy.types import PairTag


def _versions(kind: type) -> str:
    """The versions of all gates of a kind: if one changes, the stage must look again, not each pair."""
    return "; ".join(gate.identity for gate in GATES if isinstance(gate.by, kind))


def _plan_rules(bench: StageBench) -> Plan[Looked]:
    return Plan(rules(GATES, bench.warehouse), look)


RULE_VERDICTS = Stage(
    name="rule_verdicts",
    group="quality",
    row_type=Verdict,
    shared_table=VERDICTS,
    upstream=QA_STAGES,
    version=_versions(Rule),
    plan=_plan_rules,
    may_drop=False,
)


def _asking_stages() -> tuple[Stage, ...]:
    """A stage for each gate that asks a model; each asks about what none before has stopped."""
    stages: list[Stage] = []
    for gate in GATES:
        if isinstance(gate.by, Asking):
            stages.append(_asking_stage(gate, gate.by, (RULE_VERDICTS, *stages)))
    return tuple(stages)


def _before(stages: Sequence[Stage]) -> Before:
    stopping = {gate.stage for gate in GATES if gate.then == "stop"}
    return {stage.name: stage.name in stopping for stage in stages}


def _asking_stage(gate: Gate, asking: Asking, before: tuple[Stage, ...]) -> Stage:
    judged = _before(before)

    def plan(bench: StageBench) -> Plan[Any]:
        items, judge = asked_items(gate, asking, bench, judged)
        return Plan(items, judge, asking.role if items else None)

    return Stage(
        name=gate.stage,
        group="quality",
        row_type=Verdict,
        shared_table=VERDICTS,
        upstream=before,
        version=gate.identity,
        plan=plan,
        role=asking.role,
        prompts=asking.prompts,
        settings=asking.settings,
        further=asking.further,
        usual=lambda _settings: asking.usual,
        kinds=frozenset({"openai", "duckdb"}),
    )


ASKING_STAGES = _asking_stages()
ASKING_GATES = tuple(gate for gate in GATES if isinstance(gate.by, Asking))
_JUDGED_BEFORE = (RULE_VERDICTS, *ASKING_STAGES)


def _plan_comparisons(bench: StageBench) -> Plan[Verdict]:
    return Plan(comparisons(GATES, bench, _before(_JUDGED_BEFORE)), as_it_is)


COMPARISON_VERDICTS = Stage(
    name="comparison_verdicts",
    group="quality",
    row_type=Verdict,
    shared_table=VERDICTS,
    upstream=_JUDGED_BEFORE,
    version=_versions(Comparison),
    plan=_plan_comparisons,
    settings=tuple(path for gate in GATES if isinstance(gate.by, Comparison) for path in gate.by.settings),
    may_drop=False,
    needs_rows=False,
)


def _plan_curated(bench: StageBench) -> Plan[Judged]:
    stopping = {gate.stage: gate.name for gate in ASKING_GATES if gate.then == "stop"}
    return Plan(curation_items(bench.warehouse, [gate.name for gate in GATES], stopping), pass_or_drop)


def _plan_tagged(bench: StageBench) -> Plan[tuple[TaggedPair, str]]:
    off = bench.settings.taxonomy.source == "off"
    return Plan(pair_items(bench.warehouse, bench.settings), keep_or_leave_out, note=OFF if off else "")


CURATED_QA = Stage(
    name="curated_qa",
    group="quality",
    row_type=QaPair,
    upstream=(*_JUDGED_BEFORE, COMPARISON_VERDICTS),
    version=CURATION_VERSION,
    plan=_plan_curated,
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
