"""One run on documents as they come, good and bad: what the pipeline promises of every row and every file.

The run, as a process of its own, and a second one with nothing new are made once for all tests here.
"""

import html
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import networkx as nx
import pytest

from dagster_project.definitions import defs
from kg_assets.stages import NAMES, STAGES
from kg_assets.synthesis.forms.table import FORMS
from tests.fake_model_server import FakeModelServer
from tests.pipeline.conftest import NewProject
from tests.pipeline.project import CANARY_KEY, CHINESE, ENGLISH, Project, Result, processes_that_stay

STAGE_FIELDS = [
    "rows_in", "new", "reused", "dropped", "calls", "calls_from_store", "prompt_tokens", "completion_tokens",
    "cost_usd", "seconds",
]  # fmt: skip
LINEAGE_FIELDS = ["qa_id", "form", "question", "answer", "difficulty", "loss", "units", "evidence"]
EVIDENCE_FIELDS = ["document", "document_version", "chunk_id", "start", "end", "text"]
EXPORTS = {
    "alpaca.json", "alpaca.jsonl", "sharegpt.json", "sharegpt.jsonl", "chatml.json", "chatml.jsonl",
    "dataset_info.json", "lineage.jsonl", "graph.graphml", "graph.json", "report.html",
}  # fmt: skip

ROW = "Marie Curie found polonium in Paris. Pierre Curie worked with Marie Curie at the Sorbonne."
CHUNKED = [
    {"content": "The Danube rises in the Black Forest. The Danube flows through Vienna and Budapest."},
    {"content": "Budapest was made from Buda and Pest in 1873. Pest lies east of the Danube."},
]
TEXTS = {
    "jupiter.txt": ENGLISH,
    "茶/龙井.md": CHINESE,
    "curie.jsonl#curie": ROW,
    "danube.json#1": "\n\n".join(chunk["content"] for chunk in CHUNKED),
}
BAD = {
    "curie.jsonl#2": "invalid_json",
    "bytes.txt": "undecodable",
    "empty.md": "empty",
    "huge.txt": "too_large",
    "picture.png": "unsupported",
}


@dataclass(frozen=True)
class Finished:
    """The project after its two runs, and what was asked of the models in each."""

    project: Project
    first: Result
    second: Result
    first_calls: int
    second_calls: int
    first_exports: dict[str, bytes]


@pytest.fixture(scope="module")
def finished(new_project: NewProject, model_server_process: FakeModelServer) -> Finished:
    model_server_process.reset()
    project = new_project("finished", corpus="library")
    project.configure(documents={"max_megabytes": 0.01})
    (project.documents / "茶").mkdir()
    project.write("jupiter.txt", ENGLISH)
    project.write("茶/龙井.md", "\ufeff" + CHINESE.replace("\n", "\r\n"))
    project.write(
        "curie.jsonl", json.dumps({"id": "curie", "content": ROW, "year": 1898}) + '\n{"content": \n'
    )
    project.write("danube.json", json.dumps([CHUNKED]))
    project.write("bytes.txt", b"caf\xe9 \xff\xfe\x80 au lait")
    project.write("empty.md", "\n \n")
    project.write("huge.txt", "All work and no play. " * 1000)
    project.write("picture.png", b"\x89PNG")
    first = project.process("run", "--json")
    assert first.exit_code == 0, first.stderr
    first_calls, exports = model_server_process.count(), project.export_bytes()
    # All stages by name: without a selection none would be asked, see test_nothing_new.
    second = project.call("run", "--select", "*")
    assert second.exit_code == 0, second.stderr
    return Finished(project, first, second, first_calls, model_server_process.count() - first_calls, exports)


@pytest.fixture(scope="module")
def project(finished: Finished) -> Project:
    return finished.project


@pytest.fixture(scope="module")
def pairs(project: Project) -> list[dict[str, Any]]:
    return project.lineage()


@pytest.fixture(scope="module")
def trace(finished: Finished, pairs: list[dict[str, Any]]) -> Result:
    return finished.project.call("trace", pairs[0]["qa_id"])


NOT_BY_DEFAULT = {form.stage for form in FORMS if not form.by_default}
MAYBE_WITHOUT_ROWS = {stage.name for stage in STAGES if not stage.needs_rows} | NOT_BY_DEFAULT
"""Stages that have no rows where nothing is looked up, no two names are alike, and there are no tags."""


def test_json_is_one_object_of_the_promised_form(finished: Finished) -> None:
    report = finished.first.json
    assert list(report) == ["corpus", "stages", "exports"]
    assert report["corpus"] == "library"
    assert list(report["stages"]) == list(NAMES)
    for stage in report["stages"].values():
        assert list(stage) == STAGE_FIELDS
        assert stage["cost_usd"] is None
    assert {Path(path).name for path in report["exports"]} == EXPORTS
    assert all(Path(path).is_file() for path in report["exports"])


def test_every_row_that_goes_into_a_stage_is_new_reused_or_dropped(finished: Finished) -> None:
    for name, stage in finished.first.stages.items():
        assert stage["rows_in"] > 0 or name in MAYBE_WITHOUT_ROWS
        assert stage["rows_in"] == stage["new"] + stage["reused"] + stage["dropped"], name
    table = finished.project.frame("SELECT * FROM stage_runs ORDER BY number")
    assert len(table) == 2 * len(NAMES)
    assert (table["rows_in"] == table["new"] + table["reused"] + table["dropped"]).all()


def test_calls_of_the_stages_are_the_requests_that_were_made(finished: Finished) -> None:
    stages = finished.first.stages.values()
    assert sum(stage["calls"] for stage in stages) == finished.first_calls - 1  # the probe for logprobs
    assert sum(stage["prompt_tokens"] > 0 for stage in stages) == 6
    assert finished.first.stages["qa_aggregated"]["calls"] > finished.first.stages["qa_aggregated"]["rows_in"]


def test_bad_files_and_rows_are_drops_with_a_reason(project: Project) -> None:
    drops = project.frame("SELECT * FROM current_drops WHERE stage = 'documents'")
    assert dict(zip(drops["item_id"], drops["reason"], strict=True)) == BAD
    assert drops["detail"].str.len().min() > 10
    assert set(project.frame("SELECT document_id FROM current_documents")["document_id"]) == set(TEXTS)


def test_every_drop_keeps_what_was_dropped(project: Project) -> None:
    drops = project.frame("SELECT stage, reason, detail, raw FROM current_drops WHERE stage <> 'documents'")
    assert len(drops)
    assert (drops["raw"].str.len() > 0).all()


def test_chunks_given_by_the_input_are_the_chunks(project: Project) -> None:
    chunks = project.frame("SELECT text FROM current_chunks WHERE document_id = 'danube.json#1'")
    assert list(chunks["text"]) == [chunk["content"] for chunk in CHUNKED]


def test_other_keys_of_a_row_are_metadata(project: Project) -> None:
    metadata = project.warehouse.scalar(
        "SELECT metadata FROM current_documents WHERE document_id = 'curie.jsonl#curie'"
    )
    assert json.loads(metadata) == {"id": "curie", "year": 1898}


def test_evidence_is_the_documents_own_text_in_every_language(pairs: list[dict[str, Any]]) -> None:
    seen = set()
    for pair in pairs:
        assert list(pair) == LINEAGE_FIELDS
        assert pair["evidence"]
        for evidence in pair["evidence"]:
            assert list(evidence) == EVIDENCE_FIELDS
            text = TEXTS[evidence["document"]]
            assert evidence["text"] == text[evidence["start"] : evidence["end"]] != ""
            seen.add(evidence["document"])
    assert seen == set(TEXTS)


def test_every_pair_leads_back_to_claims_chunks_and_document_versions(
    project: Project, pairs: list[dict[str, Any]]
) -> None:
    units = set(project.frame("SELECT unit_id FROM current_knowledge_graph")["unit_id"])
    claims = project.frame("SELECT chunk_id, unit_id FROM current_claims")
    versions = set(project.frame("SELECT version FROM current_documents")["version"])
    claimed = set(claims.itertuples(index=False, name=None))
    for pair in pairs:
        assert set(pair["units"]) <= units
        for evidence in pair["evidence"]:
            assert evidence["document_version"] in versions
            assert any((evidence["chunk_id"], unit) in claimed for unit in pair["units"])


def test_answers_are_in_the_language_of_their_source(pairs: list[dict[str, Any]]) -> None:
    for pair in pairs:
        chinese = pair["evidence"][0]["document"] == "茶/龙井.md"
        assert bool(re.search("[\u3400-\u9fff]", pair["answer"])) == chinese


def test_all_three_forms_are_exported_with_measured_losses(pairs: list[dict[str, Any]]) -> None:
    assert {pair["form"] for pair in pairs} == {"atomic", "aggregated", "multi_hop"}
    assert {pair["difficulty"] for pair in pairs} == {"easy", "medium", "hard"}
    losses = [pair["loss"] for pair in pairs]
    assert all(isinstance(loss, float) and loss > 0 for loss in losses)
    assert len(set(losses)) > 3


def test_training_files_load_in_their_consumers_terms(project: Project, pairs: list[dict[str, Any]]) -> None:
    alpaca = json.loads((project.exports / "alpaca.json").read_text("utf-8"))
    sharegpt = json.loads((project.exports / "sharegpt.json").read_text("utf-8"))
    chatml = json.loads((project.exports / "chatml.json").read_text("utf-8"))
    for pair, a, s, c in zip(pairs, alpaca, sharegpt, chatml, strict=True):
        said = [pair["question"], pair["answer"]]
        assert [set(a), a["instruction"], a["output"]] == [
            {"instruction", "input", "output", "system"},
            *said,
        ]
        assert [(turn["from"], turn["value"]) for turn in s["conversations"]] == list(
            zip(["human", "gpt"], said, strict=True)
        )
        assert [(m["role"], m["content"]) for m in c["messages"]] == list(
            zip(["user", "assistant"], said, strict=True)
        )
    for name, rows in {"alpaca": alpaca, "sharegpt": sharegpt, "chatml": chatml}.items():
        lines = (project.exports / f"{name}.jsonl").read_text("utf-8").splitlines()
        assert [json.loads(line) for line in lines] == rows


def test_dataset_info_names_the_files_and_their_columns(project: Project) -> None:
    info = json.loads((project.exports / "dataset_info.json").read_text("ascii"))
    assert set(info) == {"library_alpaca", "library_sharegpt", "library_chatml"}
    for entry in info.values():
        rows = json.loads((project.exports / entry["file_name"]).read_text("utf-8"))
        assert set(entry["columns"].values()) <= set(rows[0])


def test_graph_files_load_and_agree_with_the_warehouse(project: Project) -> None:
    units = project.frame("SELECT unit_id, kind FROM current_knowledge_graph")
    graph = nx.read_graphml(project.exports / "graph.graphml")
    assert set(graph.nodes) == set(units[units["kind"] == "entity"]["unit_id"])
    assert graph.number_of_edges() == (units["kind"] == "relation").sum()
    assert json.loads((project.exports / "graph.json").read_text("utf-8"))


def test_the_graph_database_holds_the_graph_with_its_losses(project: Project) -> None:
    with project.graph() as graph:
        dump = graph.dump(project.corpus)
    units = project.frame("SELECT * FROM current_knowledge_graph").set_index("unit_id")
    losses = dict(project.frame("SELECT unit_id, loss FROM current_comprehension").itertuples(index=False))
    found = {node["id"]: node for node in dump["nodes"]["Entity"]}
    found |= {link["properties"]["id"]: link["properties"] for link in dump["relationships"]["RELATED_TO"]}
    assert set(found) == set(units.index)
    for unit_id, properties in found.items():
        assert properties["description"] == units.loc[unit_id, "description"]
        assert properties["loss"] == pytest.approx(losses[unit_id])
    chunks = project.frame("SELECT chunk_id, text FROM current_chunks")
    texts = {node["id"]: node["text"] for node in dump["nodes"]["Chunk"]}
    assert texts == dict(chunks.itertuples(index=False))
    assert {node["id"] for node in dump["nodes"]["Document"]} == set(TEXTS)
    supported = {(link["source"], link["target"]) for link in dump["relationships"]["FROM_CHUNK"]}
    claims = project.frame("SELECT DISTINCT unit_id, chunk_id FROM current_claims WHERE kind = 'entity'")
    assert set(claims.itertuples(index=False, name=None)) <= supported


def test_the_report_is_one_file_that_shows_what_was_made(project: Project) -> None:
    page = (project.exports / "report.html").read_text("utf-8")
    assert "<svg" in page
    assert html.escape("jupiter.txt") in page
    assert not re.search(r"(src|href)=.https?://", page)


def test_every_materialisation_shows_counts_preview_figures_and_versions(project: Project) -> None:
    with _instance(project) as instance:
        shown = {stage: _latest(instance, stage) for stage in NAMES}
    figures = {
        "knowledge_graph": {"degree distribution"},
        "comprehension": {"reliability curve", "loss histogram"},
        "subgraphs": {"subgraph sizes"},
    }
    for stage, event in shown.items():
        metadata = event.asset_materialization.metadata
        counts = [metadata[name].value for name in ("rows in", "new", "reused", "dropped")]
        assert counts[0] == sum(counts[1:])
        assert {"dagster/row_count", "model calls", "prompt tokens", "seconds"} <= set(metadata)
        shows_rows = stage != "report" and metadata["dagster/row_count"].value > 0
        assert ("preview" in metadata) == shows_rows
        for figure in figures.get(stage, set()):
            assert "](data:image/" in metadata[figure].value
        stored = project.warehouse.scalar(
            "SELECT data_version FROM stage_runs WHERE stage = ? ORDER BY number DESC LIMIT 1", [stage]
        )
        tags = event.asset_materialization.tags
        assert tags["dagster/data_version"] == stored != ""
        assert tags["dagster/code_version"] == _code_version(stage)


def test_nothing_new_gives_the_same_data_versions(project: Project) -> None:
    versions = project.frame("SELECT stage, count(DISTINCT data_version) AS n FROM stage_runs GROUP BY stage")
    assert (versions["n"] == 1).all()


def test_all_asset_checks_are_recorded(project: Project) -> None:
    keys = defs.resolve_asset_graph().asset_check_keys
    with _instance(project) as instance:
        latest = instance.event_log_storage.get_latest_asset_check_execution_by_key(list(keys))
    assert {key.asset_key.to_user_string() for key in keys} == set(NAMES)
    assert {key.name for key in keys} >= {
        "yields_rows", "drops_share", "off_format", "losses_vary", "has_evidence", "evidence_is_the_source",
    }  # fmt: skip
    status = {key: record.status.value for key, record in latest.items()}
    assert set(status) == set(keys)
    failed = {(key.asset_key.to_user_string(), key.name) for key, s in status.items() if s != "SUCCEEDED"}
    assert failed == {("documents", "drops_share")}


def test_progress_goes_to_standard_error_with_an_estimate(finished: Finished) -> None:
    lines = finished.first.stderr.splitlines()
    assert len(lines) < 3 * len(NAMES)
    shown = rf"\[\d+/{len(NAMES)}\] judgements 0 of \d+ · .* so far · about .* left"
    assert any(re.search(shown, line) for line in lines)
    assert any(re.search(r"✓ claims +\d+ rows in", line) for line in lines)
    assert "dagster" not in finished.first.stderr.lower()


def test_the_end_of_a_run_shows_stages_three_pairs_and_where_the_exports_are(finished: Finished) -> None:
    shown = finished.second.stdout
    idle = re.search(r"nothing to do: ((?:.|\n)*?)\n\n", shown)
    assert idle is not None
    for stage in NAMES:
        assert re.search(rf"^{stage} ", shown, re.MULTILINE) or re.search(rf"\b{stage}\b", idle[1])
    assert [form for form in ("atomic", "aggregated", "multi_hop") if f"\n{form} (" in shown] == [
        "atomic",
        "aggregated",
        "multi_hop",
    ]
    assert shown.count("\n  Q  ") == shown.count("\n  A  ") == 3
    assert str(finished.project.exports) in shown


def test_nothing_new_makes_no_call_and_the_same_files(finished: Finished) -> None:
    assert finished.second_calls == 0
    table = finished.project.frame("SELECT * FROM stage_runs ORDER BY number").tail(len(NAMES))
    assert (table["new"] == 0).all()
    assert (table["reused"] + table["dropped"] == table["rows_in"]).all()
    assert (table[["calls", "calls_from_store", "prompt_tokens"]] == 0).all(axis=None)
    assert finished.project.export_bytes() == finished.first_exports


def test_the_key_is_nowhere(finished: Finished) -> None:
    secret = CANARY_KEY.encode()
    for result in (finished.first, finished.second):
        assert CANARY_KEY not in result.stdout + result.stderr
    files = [path for path in finished.project.folder.rglob("*") if path.is_file()]
    assert any(path.name == "index.db" for path in files)
    assert [path for path in files if secret in path.read_bytes()] == []


def test_no_process_of_the_run_is_left(finished: Finished) -> None:
    assert processes_that_stay(finished.project.workspace) == []


def test_trace_shows_the_facts_and_their_sentences_in_context(
    trace: Result, pairs: list[dict[str, Any]]
) -> None:
    assert trace.exit_code == 0
    for text in (pairs[0]["question"], pairs[0]["answer"], pairs[0]["qa_id"]):
        assert " ".join(text.split()) in " ".join(trace.stdout.split())
    evidence = pairs[0]["evidence"][0]
    assert f"{evidence['document']} [{evidence['start']}:{evidence['end']}]" in trace.stdout
    assert f"【{evidence['text']}】" in " ".join(trace.stdout.split())


def test_trace_as_json_has_the_whole_chain(project: Project, pairs: list[dict[str, Any]]) -> None:
    of_each_document = {pair["evidence"][0]["document"]: pair for pair in pairs}
    for pair in of_each_document.values():
        traced = project.call("trace", "--json", pair["qa_id"]).json
        assert traced["corpus"] == "library"
        assert [unit["unit_id"] for unit in traced["units"]] == pair["units"]
        for span in [span for unit in traced["units"] for span in unit["spans"]]:
            evidence = span["evidence"]
            text = TEXTS[evidence["document"]]
            before, after = span["before"].removeprefix("…"), span["after"].removesuffix("…")
            assert before + evidence["text"] + after in text


def test_trace_of_an_unknown_pair_says_where_the_ids_are(project: Project) -> None:
    result = project.call("trace", "q-nothing")
    assert result.exit_code == 1
    assert "lineage.jsonl" in result.stderr


def test_status_shows_rows_drops_calls_and_freshness(project: Project) -> None:
    text = project.call("status").stdout
    assert re.search(r"^documents +4 +5 ", text, re.MULTILINE)
    assert len([line for line in text.splitlines() if line.rstrip().endswith("fresh")]) == len(NAMES)
    (status,) = project.call("status", "--json").json
    assert status["corpus"] == "library"
    assert [stage["stage"] for stage in status["stages"]] == list(NAMES)
    claims = status["stages"][2]
    assert claims["calls"] == 5
    assert claims["freshness"] == "fresh"


def test_status_says_where_it_cannot_see_the_documents(project: Project) -> None:
    elsewhere = project.call("status", "--documents", str(project.folder / "elsewhere")).stdout
    assert "Whether documents have changed is not known" in " ".join(elsewhere.split())
    assert "is not known" not in project.call("status").stdout


def test_status_says_when_documents_changed(project: Project) -> None:
    added = project.write("new.txt", "Something new about Vienna and the Danube.")
    try:
        (status,) = project.call("status", "--json", "--corpus", "library").json
    finally:
        added.unlink()
    assert status["stages"][0]["freshness"] == "documents: 1 new"
    assert all(stage["freshness"] != "fresh" for stage in status["stages"])


def _instance(project: Project) -> dg.DagsterInstance:
    return dg.DagsterInstance.from_config(str(project.workspace / "dagster"))


def _latest(instance: dg.DagsterInstance, stage: str) -> Any:
    records = instance.fetch_materializations(
        dg.AssetRecordsFilter(dg.AssetKey(stage), asset_partitions=["library"]), limit=1
    ).records
    return records[0]


def _code_version(stage: str) -> str | None:
    return defs.resolve_asset_graph().get(dg.AssetKey(stage)).code_version
