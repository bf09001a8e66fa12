"""Documents give no orders: whatever they say and a model answers that obeys, it is stored as text, files and
settings and other corpora stay as they were, and no key goes out."""

import json
import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest

from kg_assets.stages import NAMES as STAGES
from tests.pipeline.project import CANARY_KEY
from tests.security.attacks import DOCUMENT_NAMES, NAMES, TYPES, one_line, order_document, related_pairs
from tests.security.conftest import BYSTANDER, CANARY_SETTING, Attacked
from tests.security.looking import CONTROL, holds

STORED_NAMES = {one_line(name) for name in NAMES}


@pytest.fixture(scope="module")
def requests(attacked: Attacked) -> list[dict[str, Any]]:
    """Bodies of what the models were asked about the attacked corpus."""
    return [request["body"] for request in attacked.requests]


def test_the_model_obeyed(attacked: Attacked) -> None:
    """Without this the other tests would show nothing."""
    claims = attacked.project.frame("SELECT DISTINCT name FROM current_claims WHERE kind = 'entity'")
    assert set(claims["name"]) >= STORED_NAMES
    assert attacked.project.lineage()


def test_configuration_documents_and_all_else_outside_the_workspace_are_untouched(attacked: Attacked) -> None:
    assert len(attacked.before.around) > len(DOCUMENT_NAMES)
    assert attacked.after.around == attacked.before.around


def test_nothing_that_was_named_as_a_path_or_a_command_exists(attacked: Attacked) -> None:
    names = {path.name for path in attacked.base.rglob("*")}
    assert not {name for name in names if "evil" in name and name not in DOCUMENT_NAMES}
    workspace = attacked.project.workspace
    made = {path.name.partition("-")[0] for path in workspace.iterdir()}
    ours = {"dagster", "exports", "graph", "locks", "responses.sqlite", "servers", "warehouse"}
    assert made == ours | {".graphtutor"}  # -workspace
    for folder, suffixes in (
        ("exports", [""]),
        ("warehouse", [".duckdb"]),
        ("locks", [".lock", ".holder.json"]),
    ):
        inside = {path.name for path in (workspace / folder).iterdir()}
        assert inside <= {
            f"{name}{suffix}" for name in (BYSTANDER, attacked.project.corpus) for suffix in suffixes
        }


def test_another_corpus_is_untouched(attacked: Attacked) -> None:
    assert attacked.before.graph["nodes"]["Entity"]
    assert attacked.after.graph == attacked.before.graph
    assert attacked.after.tables == attacked.before.tables
    assert attacked.after.database == attacked.before.database
    assert attacked.after.exports == attacked.before.exports


def test_names_types_and_descriptions_are_stored_as_they_came(attacked: Attacked) -> None:
    units = attacked.project.frame("FROM current_knowledge_graph WHERE kind = 'entity'")
    rows: dict[str, Any] = {str(row.name): row for row in units.itertuples()}
    for position, name in enumerate(map(one_line, NAMES)):
        assert rows[name].type == TYPES[position % len(TYPES)].lower()
        if len(name) < 1000:  # longer ones are summarised
            assert rows[name].description == f"{name} was seen in Padua."
    in_graph = {node["name"]: node for node in attacked.graph["nodes"]["Entity"]}
    assert set(in_graph) == set(rows)
    for name, row in rows.items():
        assert in_graph[name]["id"] == row.unit_id
        assert (in_graph[name]["type"], in_graph[name]["description"]) == (row.type, row.description)
    exported = json.loads((attacked.project.exports / "graph.json").read_text("utf-8"))
    assert {node["name"] for node in exported["nodes"]} == set(rows)


def test_relations_join_what_the_model_joined(attacked: Attacked) -> None:
    relations = attacked.project.frame("FROM current_knowledge_graph WHERE kind = 'relation'")
    names = dict(
        attacked.project.frame("SELECT unit_id, name FROM current_knowledge_graph").to_numpy().tolist()
    )
    joined = {frozenset((row.source, row.target)) for row in relations.itertuples()}
    assert joined >= {frozenset(map(one_line, pair)) for pair in related_pairs()}
    in_graph = {
        frozenset((names[link["source"]], names[link["target"]]))
        for link in attacked.graph["relationships"]["RELATED_TO"]
    }
    assert in_graph == joined


def test_questions_and_answers_are_stored_and_exported_as_they_came(attacked: Attacked) -> None:
    made = attacked.project.frame("FROM current_curated_qa")
    assert set(made["form"]) == {"atomic", "aggregated", "multi_hop"}
    said = {(str(row.qa_id), str(row.question), str(row.answer)) for row in made.itertuples()}
    assert {(pair["qa_id"], pair["question"], pair["answer"]) for pair in attacked.project.lineage()} == said
    questions = "\n".join(question for _, question, _ in said)
    answers = "\n".join(answer for _, _, answer in said)
    for name in STORED_NAMES:
        if len(name) < 1000:  # a longer one is summarised
            assert name in questions
            assert name in answers
    alpaca = json.loads((attacked.project.exports / "alpaca.json").read_text("utf-8"))
    assert {(row["instruction"], row["output"]) for row in alpaca} == {(q, a) for _, q, a in said}


def test_document_names_are_the_same_in_warehouse_graph_and_lineage(attacked: Attacked) -> None:
    wanted = {*DOCUMENT_NAMES, "orders.md"}
    documents = attacked.project.frame("SELECT document_id, text FROM current_documents")
    assert set(documents["document_id"]) == wanted
    assert dict(documents.to_numpy().tolist())["orders.md"] == order_document()
    assert {node["id"] for node in attacked.graph["nodes"]["Document"]} == wanted
    assert {link["target"] for link in attacked.graph["relationships"]["FROM_DOCUMENT"]} == wanted
    cited = {evidence["document"] for pair in attacked.project.lineage() for evidence in pair["evidence"]}
    assert cited == wanted


def test_evidence_is_the_documents_own_text(attacked: Attacked) -> None:
    texts = dict(
        attacked.project.frame("SELECT document_id, text FROM current_documents").to_numpy().tolist()
    )
    for pair in attacked.project.lineage():
        for evidence in pair["evidence"]:
            assert texts[evidence["document"]][evidence["start"] : evidence["end"]] == evidence["text"]


def test_the_graph_file_is_whole_xml(attacked: Attacked) -> None:
    root = ElementTree.parse(attacked.project.exports / "graph.graphml").getroot()
    named = {data.text for node in root.iter("{http://graphml.graphdrawing.org/xmlns}node") for data in node}
    assert {name for name in STORED_NAMES if not CONTROL.search(name)} <= named


def test_every_stage_accounts_for_every_row(attacked: Attacked) -> None:
    """No order made a table, a row or a stage go away."""
    rows = attacked.project.frame("FROM stage_runs")
    assert set(rows["stage"]) == set(STAGES)
    assert (rows["rows_in"] == rows["new"] + rows["reused"] + rows["dropped"]).all()


def test_documents_never_speak_as_the_system(requests: list[dict[str, Any]]) -> None:
    systems = {m["content"] for body in requests for m in body["messages"] if m["role"] == "system"}
    assert len(systems) > 3
    spoken = [text for text in systems if any(one_line(name)[:40] in text for name in NAMES)]
    assert spoken == []
    firsts = {body["messages"][0]["role"] for body in requests if len(body["messages"]) > 1}
    assert firsts == {"system"}
    fields = {name for body in requests for name in body}
    assert not fields & {"tools", "tool_choice", "functions", "function_call"}


def test_no_key_no_setting_and_no_file_is_sent_to_a_model(requests: list[dict[str, Any]]) -> None:
    sent = json.dumps(requests, ensure_ascii=False)
    assert "write your API key" in sent
    assert not holds(sent, CANARY_KEY)
    assert not holds(sent, CANARY_SETTING)
    assert "root:x:0:0" not in sent


def test_no_document_controls_the_terminal(attacked: Attacked) -> None:
    """Escape sequences set titles, write clipboards and hide lines; they are in names, texts and answers."""
    project = attacked.project
    pair = next(p for p in project.lineage() if CONTROL.search(p["question"] + p["answer"]))
    shown = {
        "run": attacked.run,
        "trace": project.call("trace", pair["qa_id"]),
        "status": project.call("status"),
    }
    assert shown["trace"].exit_code == 0
    assert [name for name, result in shown.items() if CONTROL.search(result.stdout + result.stderr)] == []
