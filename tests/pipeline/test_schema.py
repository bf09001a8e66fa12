"""A schema of the user's shapes the graph and its exports; what does not fit it is shown, and nothing is paid
twice for going back."""

import json
from typing import Any

import pytest

from resources.embedded.graph_server import GraphLease
from tests.fake_model_server import FakeModelServer
from tests.pipeline.conftest import NewProject
from tests.pipeline.project import CHINESE, ENGLISH, Project

PLAIN: dict[str, Any] = {"comprehension": {"statements": 1}}
TYPED: dict[str, Any] = PLAIN | {
    "extraction": {
        "schema": {
            "entities": [{"name": "body"}, {"name": "place"}],
            "relations": [{"name": "seen from", "pairs": [["body", "place"]]}, {"name": "close to"}],
        }
    }
}


@pytest.fixture(scope="module")
def project(
    new_project: NewProject, model_server_process: FakeModelServer, graph_server: GraphLease
) -> Project:
    model_server_process.reset()
    project = new_project("typed", server=graph_server)
    project.write("jupiter.txt", ENGLISH)
    project.write("tea.md", CHINESE)
    return project


def edges(project: Project) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((project.exports / "graph.json").read_text("utf-8"))["edges"]
    return found


def test_types_of_relations_reach_the_graph_and_its_exports_and_can_be_taken_back(project: Project) -> None:
    project.configure(**PLAIN)
    project.run()
    before = (project.exports / "graph.json").read_bytes()
    assert not any("type" in edge for edge in edges(project))

    project.configure(**TYPED)
    stages = project.run().stages
    typed = edges(project)
    assert stages["chunks"]["new"] == 0
    assert stages["claims"]["new"] == stages["claims"]["rows_in"] > 0
    assert {edge["type"] for edge in typed} <= {"seen from", "close to"}
    assert typed
    with project.graph() as graph:
        stored = graph.dump(project.corpus)["relationships"]["RELATED_TO"]
    assert sorted(each["properties"]["type"] for each in stored) == sorted(edge["type"] for edge in typed)

    left_out = project.frame("SELECT reason, detail, document_id FROM current_drops WHERE stage = 'claims'")
    assert "pair_not_in_schema" in set(left_out["reason"])
    assert set(left_out["document_id"]) <= {"jupiter.txt", "tea.md"}
    assert stages["claims"]["dropped"] == 0
    assert "is left out: the schema allows it for body" in (project.exports / "report.html").read_text(
        "utf-8"
    )
    assert sum(stage["calls"] + stage["new"] for stage in project.run().stages.values()) == 0

    project.configure(**PLAIN)
    assert sum(stage["calls"] for stage in project.run().stages.values()) == 0
    assert (project.exports / "graph.json").read_bytes() == before
