"""Without a trainee nothing is measured and nothing invented; the lessons are written all the same."""

import pytest

from resources.embedded.graph_server import GraphLease
from tests.fake_model_server import FakeModelServer
from tests.pipeline.conftest import NewProject
from tests.pipeline.project import ENGLISH, Project

UNMEASURED = ("statements", "judgements", "comprehension")


@pytest.fixture(params=["no trainee is named", "comprehension is switched off"])
def unexamined(
    request: pytest.FixtureRequest,
    new_project: NewProject,
    graph_server: GraphLease,
    fake_models: FakeModelServer,
) -> Project:
    switched_off = request.param == "comprehension is switched off"
    project: Project = new_project("unexamined", trainee=switched_off, server=graph_server)
    if switched_off:
        project.configure(comprehension={"enabled": False})
    project.write("jupiter.txt", ENGLISH)
    return project


def test_losses_are_absent_everywhere(unexamined: Project, fake_models: FakeModelServer) -> None:
    with unexamined.graph() as graph:
        stages = unexamined.run().stages
        dump = graph.dump(unexamined.corpus)
    assert {request["model"] for request in fake_models.bodies()} == {"fake-synthesizer"}
    assert all(stages[stage]["rows_in"] == 0 for stage in UNMEASURED)
    notes = unexamined.frame("SELECT stage, note FROM stage_runs").set_index("stage")["note"]
    assert all(notes[stage] for stage in (*UNMEASURED, "subgraphs"))
    pairs = unexamined.lineage()
    assert len(pairs) > 5
    assert {pair["difficulty"] for pair in pairs} == {"medium"}
    assert {pair["loss"] for pair in pairs} == {None}
    properties = dump["nodes"]["Entity"] + [
        link["properties"] for link in dump["relationships"]["RELATED_TO"]
    ]
    assert not any("loss" in found or "confidence" in found for found in properties)
    assert "no trainee" in (unexamined.exports / "report.html").read_text("utf-8").lower()
