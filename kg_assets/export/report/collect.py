"""What the report shows, and what a run lost: read from the warehouse."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence

from kg_assets.comprehension.calibration import ReliabilityBin
from kg_assets.domain import Comprehension
from kg_assets.export.files import ExportedFile
from kg_assets.export.pairs import worst_known_pairs
from kg_assets.export.report.data import (
    DropGroup,
    GateCount,
    ReportData,
    ReportDocument,
    ReportPage,
    ReportStage,
    TagCount,
    TraineeResult,
)
from kg_assets.export.report.view import FACT_ROWS, needs_evidence
from kg_assets.graph.reads import current_evidence, current_units
from kg_assets.quality.gates.table import GATES
from kg_assets.stage.bench import StageBench
from kg_assets.stage.costs import NO_COST, Cost, cost_by_document, cost_by_form, cost_by_model, cost_by_stage
from kg_assets.stage.stage import Stage
from kg_assets.synthesis.forms.table import FORMS
from kg_assets.synthesis.plan import current_subgraphs
from resources.configuration.settings import ExtractionSettings, Settings
from resources.warehouse.warehouse import Warehouse

DROP_EXAMPLES = 3
SHOWN_DOCUMENTS = 20


def report_data(bench: StageBench, stages: Sequence[Stage], files: Sequence[ExportedFile]) -> ReportData:
    """Everything the report shows of a corpus as it is now; `stages` in the order in which they run."""
    warehouse, order = bench.warehouse, [stage.name for stage in stages]
    units = tuple(current_units(warehouse).values())
    measured = {c.unit_id: c for c in warehouse.rows(Comprehension, "FROM current_comprehension")}
    shown = None if len(units) <= FACT_ROWS else [u.unit_id for u in needs_evidence(units, measured)]
    trainee = next((c.trainee for c in measured.values()), None)
    return ReportData(
        corpus=bench.corpus,
        synthesizer=str(bench.identity("synthesizer")["model"]),
        trainee=trainee,
        parameters=_parameters(bench.settings),
        documents=_documents(warehouse),
        pages=_pages(warehouse),
        stages=_stages(warehouse, order),
        model_costs=tuple(cost_by_model(warehouse).items()),
        document_costs=_costliest_documents(warehouse),
        form_costs=tuple(cost_by_form(warehouse, [form.name for form in FORMS])),
        drops=_drops(warehouse, order),
        units=units,
        evidence=current_evidence(warehouse, shown),
        comprehension=measured,
        results=_results(warehouse, trainee, measured),
        comprehension_note=_comprehension_note(bench.examined, measured),
        subgraphs=tuple(current_subgraphs(warehouse)),
        pair_counts=_pair_counts(warehouse),
        examples=tuple(worst_known_pairs(warehouse)),
        tags=_tags(warehouse),
        gates=_gates(warehouse),
        exports=tuple(files),
    )


def _parameters(settings: Settings) -> tuple[tuple[str, str], ...]:
    """Settings that differ between runs and change what is in the report."""
    s = settings
    strategy = s.traverse_strategy
    return (
        ("chunk size", f"{s.chunking.max_tokens} tokens, overlap {s.chunking.overlap_tokens}"),
        ("chunks cut by", s.chunking.strategy),
        ("entity types", ", ".join(s.extraction.type_names)),
        *_relation_types(s.extraction),
        ("gleaning rounds", str(s.extraction.max_gleanings)),
        ("statements of each kind", str(s.comprehension.statements)),
        ("traversal", f"{strategy.expand_method}, {strategy.edge_sampling}, depth {strategy.max_depth}"),
        ("question forms", ", ".join(s.qa_forms)),
    )


def _relation_types(extraction: ExtractionSettings) -> tuple[tuple[str, str], ...]:
    if extraction.of_schema is None:
        return ()
    return (("relation types", ", ".join(relation.name for relation in extraction.of_schema.relations)),)


def _documents(warehouse: Warehouse) -> tuple[ReportDocument, ...]:
    found = warehouse.tuples("""
        SELECT d.document_id, d.version, d.language, length(d.text) AS chars,
            (SELECT count(*) FROM current_chunks c WHERE c.document_id = d.document_id) AS chunks,
            (SELECT count(*) FROM current_claims k JOIN current_chunks c USING (chunk_id)
                WHERE c.document_id = d.document_id) AS claims,
            (SELECT count(*) FROM current_drops x WHERE x.document_id = d.document_id) AS drops
        FROM current_documents d ORDER BY d.document_id
    """)
    return tuple(ReportDocument(*row) for row in found)


def _pages(warehouse: Warehouse) -> tuple[ReportPage, ...]:
    """The pages of an encyclopedia that the graph was enriched with."""
    found = warehouse.tuples("""
        SELECT p.title, p.document_id AS url, p.entity,
            (SELECT count(*) FROM page_claims c WHERE c.chunk_id = p.chunk_id) AS claims
        FROM current_pages p ORDER BY p.title, p.document_id
    """)
    return tuple(ReportPage(*row) for row in found)


def _stages(warehouse: Warehouse, order: Sequence[str]) -> tuple[ReportStage, ...]:
    """Rows as they stand now, and the cost of all that the store holds, so that a rerun, a replay and a run
    that was killed and went on report the same."""
    with warehouse.connect() as connection:
        found = connection.execute("""
            SELECT i.stage, count(*) AS rows_in, count(d.key) AS dropped
            FROM current_items i LEFT JOIN drops d ON d.stage = i.stage AND d.key = i.key GROUP BY i.stage
        """).fetchall()
    by_stage, costs = {stage: rows for stage, *rows in found}, cost_by_stage(warehouse)
    rows = []
    for stage in order[:-1]:  # the last is the report itself
        if stage in by_stage:
            rows_in, dropped = by_stage[stage]
            rows.append(ReportStage(stage, rows_in, rows_in - dropped, dropped, costs.pop(stage, NO_COST)))
    # What was asked to learn about an endpoint, and what stages asked of which nothing is left.
    rows += [ReportStage(stage, 0, 0, 0, cost) for stage, cost in costs.items()]
    return tuple(rows)


def _costliest_documents(warehouse: Warehouse) -> tuple[tuple[str, Cost], ...]:
    def most(entry: tuple[str, Cost]) -> tuple[float, float, str]:
        name, cost = entry
        return (-(cost.usd or 0.0), -cost.prompt_tokens - cost.completion_tokens, name)

    return tuple(sorted(cost_by_document(warehouse).items(), key=most)[:SHOWN_DOCUMENTS])


def _drops(warehouse: Warehouse, order: Sequence[str]) -> tuple[DropGroup, ...]:
    found = warehouse.tuples("SELECT stage, reason, detail, raw FROM current_drops")
    grouped: dict[tuple[str, str], list[str]] = defaultdict(list)
    for stage, reason, detail, raw in found:
        grouped[stage, reason].append(f"{detail} {raw}".strip())
    place = {stage: i for i, stage in enumerate(order)}
    return tuple(
        DropGroup(stage, reason, len(texts), tuple(texts[:DROP_EXAMPLES]))
        for (stage, reason), texts in sorted(
            grouped.items(), key=lambda entry: (place[entry[0][0]], entry[0][1])
        )
    )


def _results(
    warehouse: Warehouse, trainee: str | None, measured: Mapping[str, Comprehension]
) -> tuple[TraineeResult, ...]:
    """The calibration of the current trainee."""
    if trainee is None:
        return ()
    with warehouse.connect() as connection:
        rows = connection.execute(
            "SELECT judgements, accuracy, ece, brier, bins FROM calibration WHERE trainee = ? "
            "ORDER BY number DESC LIMIT 1",
            [trainee],
        ).fetchall()
    if not rows:
        return ()
    judgements, accuracy, ece, brier, bins = rows[0]
    values = list(measured.values())
    return (
        TraineeResult(
            trainee=trainee,
            units=len(values),
            judgements=judgements,
            mean_confidence=sum(c.confidence for c in values) / len(values),
            mean_loss=sum(c.loss for c in values) / len(values),
            accuracy=accuracy,
            ece=ece,
            brier=brier,
            bins=tuple(ReliabilityBin(*b) for b in json.loads(bins)),
        ),
    )


def _comprehension_note(examined: bool, measured: Mapping[str, Comprehension]) -> str:
    if not examined:
        return (
            "There was no trainee, so no comprehension was measured: subgraphs were sampled at random and "
            "every difficulty is medium. Set TRAINEE_MODEL and TRAINEE_BASE_URL to measure it."
        )
    if not measured:
        return "No comprehension could be measured: the drops below say why."
    losses = [c.loss for c in measured.values()]
    if len(losses) > 1 and max(losses) == min(losses):
        return "All losses are equal, so they say nothing: check the trainee and its endpoint."
    return ""


def _pair_counts(warehouse: Warehouse) -> dict[str, int]:
    """Exported pairs by form."""
    found = warehouse.tuples("SELECT form, count(*) FROM exported_pairs GROUP BY form")
    return dict(found)


def _gates(warehouse: Warehouse) -> tuple[GateCount, ...]:
    """What each gate that has judged a pair said, in the order of the gates."""
    with warehouse.connect() as connection:
        found = connection.execute("""
            SELECT gate, count(*) FILTER (outcome = 'pass'), count(*) FILTER (outcome = 'flag'),
                count(*) FILTER (outcome = 'stop')
            FROM current_verdicts GROUP BY gate
        """).fetchall()
    counts = {gate: numbers for gate, *numbers in found}
    return tuple(
        GateCount(gate.name, gate.description, *counts[gate.name]) for gate in GATES if gate.name in counts
    )


def _tags(warehouse: Warehouse) -> tuple[TagCount, ...]:
    """Chunks and pairs of each tag in the order of the tree, those without one last; none without a tree."""
    with warehouse.connect() as connection:
        found = connection.execute("""
            WITH chunks AS (SELECT tag, count(*) AS n FROM current_chunk_tags GROUP BY tag),
                pairs AS (SELECT tag, count(*) AS n FROM current_tagged_qa GROUP BY tag),
                beyond AS (
                    SELECT tag, count(*) AS n FROM qa_tags
                    WHERE qa_id IN (SELECT item_id FROM current_drops WHERE stage = 'tagged_qa') GROUP BY tag
                ), tags AS (
                    SELECT tag, row_number() OVER () AS place FROM current_taxonomy
                    UNION ALL SELECT '', 1000000 WHERE EXISTS (FROM current_taxonomy)
                )
            SELECT t.tag, coalesce(c.n, 0), coalesce(p.n, 0), coalesce(b.n, 0) FROM tags t
            LEFT JOIN chunks c USING (tag) LEFT JOIN pairs p USING (tag) LEFT JOIN beyond b USING (tag)
            WHERE coalesce(c.n, p.n, b.n) IS NOT NULL ORDER BY t.place
        """).fetchall()
    return tuple(TagCount(*row) for row in found)
