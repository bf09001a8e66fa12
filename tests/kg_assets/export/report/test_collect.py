"""What is exported and reported, read from a warehouse that the stages have filled."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from kg_assets.comprehension.calibration import calibration
from kg_assets.comprehension.measure import store_calibration
from kg_assets.domain import (
    Chunk,
    Comprehension,
    Document,
    QaPair,
    Subgraph,
    entity_id,
    relation_id,
)
from kg_assets.export.pairs import export_pairs, mismatched_evidence
from kg_assets.export.plan import REPORT
from kg_assets.export.report.collect import report_data
from kg_assets.export.report.data import ReportData
from kg_assets.stage.costs import NO_COST, Cost
from kg_assets.stage.lost import dropped_rows, what_was_lost
from kg_assets.stage.stage import line_to
from kg_assets.stages import STAGES
from resources.bench import RunBench
from resources.configuration.load import Configuration, load_configuration
from resources.models.response_store import PaidCall
from resources.warehouse.warehouse import Warehouse, insert_rows
from resources.workspace.layout import WorkspaceLayout
from tests.kg_assets.stage_samples import entity, entity_claim, pair, relation, relation_claim, store

TEXT = "Harrow Works built the pump in Leeds."
WORKS, LEEDS = entity("Harrow Works"), entity("Leeds")
BUILT = relation("Harrow Works", "Leeds")
UNITS = (WORKS, LEEDS, BUILT)
FACTS = (BUILT.unit_id, WORKS.unit_id)
EASY = Subgraph("s1", (WORKS.unit_id, LEEDS.unit_id), (BUILT.unit_id,), 0.5, "easy", 10)


@dataclass(frozen=True)
class Run:
    """The part of a row of `stage_runs` that differs here."""

    stage: str
    rows_in: int = 1
    dropped: int = 0
    calls: int = 0
    cost_usd: float | None = None
    note: str = ""
    recipe: str = "{}"


def record(warehouse: Warehouse, *runs: Run) -> None:
    same = {"run_id": "r", "started_at": "t", "finished_at": "t", "new": 0, "reused": 0, "rows_out": 0}
    same |= {
        "calls_from_store": 0,
        "prompt_tokens": 7,
        "completion_tokens": 3,
        "seconds": 1.0,
        "data_version": "v",
    }
    with warehouse.transaction() as connection:
        for run in runs:
            insert_rows(connection, "stage_runs", [run], {name: [value] for name, value in same.items()})


def pay(warehouse: Warehouse, call: PaidCall) -> None:
    with warehouse.transaction() as connection:
        insert_rows(connection, "model_calls", [call])


@pytest.fixture
def configuration(tmp_path: Path) -> Configuration:
    (tmp_path / "graphtutor.yaml").write_text("extraction: {entity_types: [person, place]}")
    return load_configuration(tmp_path / "graphtutor.yaml", {})


@pytest.fixture(scope="module")
def filled_once(
    make_warehouse: Callable[[Path], Warehouse], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    warehouse = make_warehouse(tmp_path_factory.mktemp("filled"))
    store(
        warehouse, "documents", {"a.md": [Document("a.md", "v1", TEXT, {}, "en")]}, {"b.pdf": "unsupported"}
    )
    store(warehouse, "chunks", {"a.md": [Chunk("c1", "a.md", "v1", 0, 0, len(TEXT), TEXT, 8, (), "en")]})
    works = replace(entity_claim("Harrow Works").claim, evidence_start=0, evidence_end=12)
    leeds = replace(entity_claim("Leeds").claim, evidence_start=31, evidence_end=36)
    built = replace(relation_claim("Harrow Works", "Leeds").claim, evidence_start=0, evidence_end=len(TEXT))
    store(warehouse, "claims", {"c1": [works, leeds, built]}, document_id="a.md")
    store(warehouse, "knowledge_graph", {unit.unit_id: [unit] for unit in UNITS})
    measured = [
        Comprehension(BUILT.unit_id, "tiny", 0.8, 0.25, 4),
        Comprehension(WORKS.unit_id, "tiny", 0.4, 0.75, 4),
    ]
    store(warehouse, "comprehension", {c.unit_id: [c] for c in measured}, {LEEDS.unit_id: "no_judgement"})
    store(warehouse, "subgraphs", {"s1": [EASY]})
    store(
        warehouse,
        "curated_qa",
        {"s1": [pair("Who built it?", form="aggregated", unit_ids=FACTS)]},
        {"s1/x": "language"},
    )
    return warehouse.path


@pytest.fixture
def filled(filled_once: Path, tmp_path: Path) -> Iterator[Warehouse]:
    copied = Warehouse(Path(shutil.copy(filled_once, tmp_path / "corpus.duckdb")))
    with copied.connect():
        yield copied


def _shown(warehouse: Warehouse, configuration: Configuration) -> ReportData:
    folder = warehouse.path.parent
    bench = RunBench(configuration, folder, WorkspaceLayout(folder), "pumps")
    bench.warehouse = warehouse
    return report_data(REPORT.bench(bench), line_to(REPORT), [])


def test_a_pair_is_exported_with_its_difficulty_its_loss_and_the_text_that_says_so(filled: Warehouse) -> None:
    (exported,) = export_pairs(filled)
    assert (exported.difficulty, exported.loss, exported.unit_ids) == ("easy", 0.5, FACTS)
    assert [(e.document, e.text) for e in exported.evidence] == [("a.md", TEXT), ("a.md", "Harrow Works")]
    assert all(TEXT[e.start : e.end] == e.text for e in exported.evidence)
    assert mismatched_evidence(filled, [exported]) == []


def test_a_loss_is_the_mean_of_what_was_measured_and_absent_where_nothing_was(filled: Warehouse) -> None:
    pairs = {
        "s1/a": [pair("Which city?", unit_ids=[LEEDS.unit_id])],
        "s1/b": [pair("Who and where?", unit_ids=[WORKS.unit_id, LEEDS.unit_id])],
    }
    store(filled, "curated_qa", pairs)
    assert [exported.loss for exported in export_pairs(filled)] == [None, 0.75]


def test_evidence_that_is_not_the_documents_text_is_found(filled: Warehouse) -> None:
    (exported,) = export_pairs(filled)
    store(filled, "documents", {"a.md": [Document("a.md", "v2", "X" + TEXT, {}, "en")]})
    assert mismatched_evidence(filled, [exported]) == [exported.qa_id]
    store(filled, "documents", {})
    assert mismatched_evidence(filled, [exported]) == [exported.qa_id]


def test_pairs_of_a_subgraph_that_is_gone_wait_for_the_question_stages(filled: Warehouse) -> None:
    """After `--select subgraphs` alone the curated pairs are those of the subgraphs before."""
    store(filled, "subgraphs", {"s2": [replace(EASY, subgraph_id="s2")]})
    assert export_pairs(filled) == []


def test_the_error_of_a_run_without_exports_says_which_stage_lost_what(warehouse: Warehouse) -> None:
    record(
        warehouse,
        Run("claims", rows_in=5, dropped=1),
        Run("claims", rows_in=5, dropped=3),
        Run("statements", rows_in=0, note="no trainee"),
        Run("qa_atomic", rows_in=2),
        Run("curated_qa", rows_in=2, dropped=2),
        Run("sft_datasets", rows_in=0),
    )
    assert what_was_lost(warehouse, STAGES) == (
        "claims dropped 3 of 5 rows; statements had no rows (no trainee); curated_qa dropped 2 of 2 rows"
    )


def test_a_drop_is_shown_by_the_name_of_its_fact_or_by_its_question(filled: Warehouse) -> None:
    with filled.transaction() as connection:
        for stage, item, raw in (
            ("statements", WORKS.unit_id, "{}"),
            ("statements", BUILT.unit_id, "{}"),
            ("curated_qa", "s1/x", "Q: Who built it?\nA: It."),
            ("judgements", "j1", ""),
        ):
            dropped = [stage, item, item, raw]
            connection.execute(
                "INSERT INTO drops VALUES (?, ?, ?, NULL, 'r', 'd', ?, false, 'run', 't')", dropped
            )
            connection.execute(
                "INSERT INTO current_items VALUES (?, 99, ?, ?, NULL, NULL)", [stage, item, item]
            )
    found = dropped_rows(filled, STAGES, 9)
    assert {"Harrow Works", "Harrow Works – Leeds", "Who built it?", "j1"} <= {row.where for row in found}


def test_one_drop_of_every_reason_is_shown_before_a_second(filled: Warehouse) -> None:
    with filled.transaction() as connection:
        for number in range(6):
            row = ["documents", f"0{number}.odt"]
            connection.execute(
                "INSERT INTO drops VALUES (?, ?, ?, NULL, 'unsupported', 'd', '', false, 'run', 't')",
                [*row, row[1]],
            )
            connection.execute("INSERT INTO current_items VALUES (?, 99, ?, ?, NULL, NULL)", [*row, row[1]])
    shown = dropped_rows(filled, STAGES, 4)
    assert [(row.stage, row.reason) for row in shown] == [
        ("documents", "unsupported"),
        ("documents", "unsupported"),
        ("comprehension", "no_judgement"),
        ("curated_qa", "language"),
    ]


def test_the_report_tells_what_went_in_what_came_out_and_what_was_dropped(
    filled: Warehouse, configuration: Configuration
) -> None:
    data = _shown(filled, configuration)
    (document,) = data.documents
    assert (document.document_id, document.chars, document.chunks, document.claims) == (
        "a.md",
        len(TEXT),
        1,
        3,
    )
    assert [(drop.stage, drop.reason, drop.rows) for drop in data.drops] == [
        ("documents", "unsupported", 1),
        ("comprehension", "no_judgement", 1),
        ("curated_qa", "language", 1),
    ]
    assert data.drops[0].examples == ("It is of no use. raw of b.pdf",)
    assert data.pair_counts == {"aggregated": 1}
    assert data.trainee == "tiny"
    assert ("entity types", "person, place") in data.parameters


def test_rows_of_a_stage_add_up_and_stand_in_the_order_of_the_stages(
    filled: Warehouse, configuration: Configuration
) -> None:
    stages = _shown(filled, configuration).stages
    assert [row.asset for row in stages] == [
        stage.name for stage in STAGES if stage.name in {row.asset for row in stages}
    ]
    assert all(row.rows_in == row.kept + row.dropped for row in stages)
    documents = next(row for row in stages if row.asset == "documents")
    assert (documents.rows_in, documents.dropped) == (2, 1)


def test_of_a_thing_that_every_document_mentions_a_pair_shows_the_spans_near_its_other_facts(
    filled: Warehouse,
) -> None:
    names = [f"d{number:02}.md" for number in range(60)]
    store(filled, "documents", {name: [Document(name, "v1", TEXT, {}, "en")] for name in names})
    store(filled, "chunks", {n: [Chunk(f"c-{n}", n, "v1", 0, 0, 9, TEXT[:9], 2, (), "en")] for n in names})
    water, fact = (
        replace(entity_claim(name).claim, evidence_end=end) for name, end in (("Water", 5), ("Fact", 9))
    )
    few = {"d55.md", "d05.md"}
    said = {f"c-{name}": [water, *([fact] if name in few else ())] for name in names}
    store(filled, "claims", said)
    units = {"both": [fact, water], "one": [water], "few": [fact], "none": []}
    pairs = {
        f"s1/{name}": [pair(f"{name}?", unit_ids=["e-unknown", *(each.unit_id for each in about)])]
        for name, about in units.items()
    }
    store(filled, "curated_qa", pairs)
    shown = {found.question: [(e.document, e.end) for e in found.evidence] for found in export_pairs(filled)}
    assert shown["both?"][:4] == [("d05.md", 9), ("d55.md", 9), ("d05.md", 5), ("d55.md", 5)]
    assert shown["both?"][4:] == [(name, 5) for name in names if name not in few][:18]
    assert shown["one?"] == [(name, 5) for name in names[:20]]
    assert shown["few?"] == [("d05.md", 9), ("d55.md", 9)]
    assert shown["none?"] == []


def test_what_stages_cost_is_what_the_store_holds_in_whichever_run_it_was_paid(
    filled: Warehouse, configuration: Configuration
) -> None:
    pay(filled, PaidCall(1, True, "claims", "synthesizer", "m", "c1", "a.txt", 10, 5, 0.5))
    pay(filled, PaidCall(2, True, "claims", "synthesizer", "m", "c2", "a.txt", 11, 4, 0.25))
    pay(filled, PaidCall(3, True, "probe", "trainee", "t", "", None, 1, 1, None))
    stages = {row.asset: row for row in _shown(filled, configuration).stages}
    assert stages["claims"].cost == Cost(2, 21, 9, 0.75)
    assert stages["probe"].cost == Cost(1, 1, 1, None)
    assert stages["chunks"].cost == NO_COST


def test_the_calibration_shown_is_the_current_trainees_last(
    filled: Warehouse, configuration: Configuration
) -> None:
    store_calibration(filled, "r1", "tiny", calibration([(0.9, True), (0.2, True)]))
    store_calibration(filled, "r2", "tiny", calibration([(0.9, True), (0.2, False)]))
    store_calibration(filled, "r3", "other", calibration([(0.1, True)]))
    (result,) = _shown(filled, configuration).results
    assert (result.trainee, result.judgements, result.accuracy) == ("tiny", 2, 1.0)
    assert (result.units, result.mean_loss) == (2, 0.5)
    assert len(result.bins) == 15


def test_without_a_trainee_the_report_says_that_nothing_was_measured(
    filled: Warehouse, configuration: Configuration
) -> None:
    store(filled, "comprehension", {})
    data = _shown(filled, replace(configuration, trainee=None))
    assert (data.trainee, data.results) == (None, ())
    assert "every difficulty is medium" in data.comprehension_note


@pytest.mark.parametrize(
    ("losses", "note"),
    [((0.5, 0.5), "All losses are equal"), ((), "No comprehension could be measured"), ((0.5, 0.6), "")],
)
def test_losses_that_say_nothing_are_said_to(
    filled: Warehouse, configuration: Configuration, losses: tuple[float, ...], note: str
) -> None:
    rows = {f"e{i}": [Comprehension(f"e{i}", "tiny", 0.5, loss, 2)] for i, loss in enumerate(losses)}
    store(filled, "comprehension", rows)
    said = _shown(filled, configuration).comprehension_note
    assert said.startswith(note)
    assert bool(said) == bool(note)


def test_examples_are_the_worst_known_of_each_form(filled: Warehouse, configuration: Configuration) -> None:
    def one(question: str, unit_id: str) -> QaPair:
        return pair(question, unit_ids=[unit_id])

    pairs = {
        "s1/a": [one("Known?", BUILT.unit_id)],
        "s1/b": [one("Unknown?", WORKS.unit_id)],
        "s1/c": [one("Unmeasured?", LEEDS.unit_id)],
    }
    store(filled, "curated_qa", pairs)
    examples = _shown(filled, configuration).examples
    assert [example.question for example in examples] == ["Unknown?", "Known?", "Unmeasured?"]


def test_ids_of_the_sample_are_those_of_the_names() -> None:
    assert (WORKS.unit_id, BUILT.unit_id) == (entity_id("harrow works"), relation_id("leeds", "Harrow Works"))
