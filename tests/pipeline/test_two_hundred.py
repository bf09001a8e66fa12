"""A corpus of 200 documents: an endpoint with every fault loses next to nothing and says what, and one more
document leaves the questions about the others alone."""

import pytest

from tests.fake_model_server import FakeModelServer
from tests.many_documents import documents
from tests.pipeline.conftest import NewProject
from tests.pipeline.project import Project

DOCUMENTS = 200
FAULTS = {
    "rate_limit": 0.10,
    "server_error": 0.10,
    "hang": 0.02,
    "half": 0.03,
    "not_json": 0.03,
    "truncated": 0.02,
    "empty": 0.01,
}
MODEL = {"concurrency": 64, "timeout": 2.0}
SETTINGS = {
    "extraction": {"max_entities": 4, "max_relations": 3},
    "comprehension": {"statements": 1},
    "models": {"synthesizer": MODEL, "trainee": MODEL},
}
MOST_DROPPED = 0.01
LEAST_UNTOUCHED = 0.9
CALLS_OF_A_DOCUMENT = 100


@pytest.fixture(scope="module")
def survived(new_project: NewProject, model_server_process: FakeModelServer) -> Project:
    """The project after its run on the faulty endpoint, which is well again afterwards."""
    project = new_project("two_hundred")
    project.configure(**SETTINGS)
    for name, text in documents(DOCUMENTS):
        project.write(name, text)
    model_server_process.reset()
    model_server_process.configure(faults=FAULTS, hang_s=4.0)
    project.run()
    model_server_process.reset()
    return project


def test_next_to_nothing_is_lost_and_all_of_it_is_told(survived: Project) -> None:
    runs = survived.frame("SELECT * FROM stage_runs").set_index("stage")
    assert runs.loc["chunks", "rows_out"] >= DOCUMENTS
    assert runs.loc["claims", "dropped"] <= MOST_DROPPED * runs.loc["claims", "rows_in"]
    for stage, run in runs.iterrows():
        assert run["rows_in"] == run["new"] + run["reused"] + run["dropped"], stage
    drops = survived.frame("SELECT * FROM current_drops")
    told = drops.groupby("stage").size().to_dict()
    assert told == {stage: n for stage, n in runs["dropped"].items() if n}
    assert (drops["reason"] != "").all()
    assert (drops["detail"] != "").all()
    answered = drops[drops["reason"].isin(["invalid_json", "invalid_shape", "truncated"])]
    assert (answered["raw"] != "").all()


def test_one_document_more_leaves_the_other_questions_alone(
    survived: Project, fake_models: FakeModelServer
) -> None:
    survived.run()  # what the faults took is tried again
    before = {pair["qa_id"]: pair for pair in survived.lineage()}
    asked = fake_models.count()
    (*_, (name, text)) = documents(DOCUMENTS + 1)
    survived.write(name, text)
    survived.run()
    after = {pair["qa_id"]: pair for pair in survived.lineage()}
    untouched = [qa_id for qa_id, pair in before.items() if after.get(qa_id) == pair]
    same_words = [qa_id for qa_id in before if qa_id in after]
    assert len(same_words) >= LEAST_UNTOUCHED * len(before)
    assert len(untouched) >= LEAST_UNTOUCHED * len(before)
    assert len(after) > len(before)
    assert fake_models.count() - asked < CALLS_OF_A_DOCUMENT
