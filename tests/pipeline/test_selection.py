"""Running a part of the pipeline by Dagster's asset selection."""

import pytest

from kg_assets.stages import NAMES
from tests.fake_model_server import FakeModelServer
from tests.pipeline.project import ENGLISH, Project

UPSTREAM_OF_QUESTIONS = NAMES[: NAMES.index("subgraphs") + 1]


def test_a_part_is_run_and_the_rest_left_alone(quick_project: Project, fake_models: FakeModelServer) -> None:
    project = quick_project
    project.write("jupiter.txt", ENGLISH)
    upstream = project.run("--select", "+subgraphs")
    assert list(upstream.stages) == list(UPSTREAM_OF_QUESTIONS)
    assert upstream.json["exports"] == []
    asked = fake_models.count()

    one = project.run("--select", "qa_atomic")
    assert list(one.stages) == ["qa_atomic"]
    assert fake_models.count() - asked == one.stages["qa_atomic"]["calls"] > 0

    (status,) = project.call("status", "--json").json
    fresh = {stage["stage"]: stage["freshness"] for stage in status["stages"]}
    assert all(fresh[stage] == "fresh" for stage in [*UPSTREAM_OF_QUESTIONS, "qa_atomic"])
    assert fresh["qa_aggregated"] == "never run"


def test_a_part_whose_upstream_never_ran_says_so(quick_project: Project) -> None:
    quick_project.write("jupiter.txt", ENGLISH)
    alone = quick_project.call("run", "--select", "qa_atomic")
    assert "subgraphs never ran" in alone.stdout
    assert "--select +qa_atomic" in alone.stdout
    whole = quick_project.call("run", "--select", "+chunks")
    assert "never ran" not in whole.stdout


@pytest.mark.parametrize(
    "selection", ["nonsense", "qa_atomic,chunks", "+qa_atomc", "qa_atomic and (", "group:nothing", "key:"]
)
def test_a_selection_of_nothing_is_one_sentence(project: Project, selection: str) -> None:
    project.write("jupiter.txt", ENGLISH)
    result = project.call("run", "--select", selection)
    assert result.exit_code == 1
    assert "--select" in result.stderr
    assert result.stderr.count("\n") == 1
    assert "qa_atomic" in result.stderr


def test_the_trace_of_a_pair_whose_facts_are_gone_says_so(quick_project: Project) -> None:
    project = quick_project
    project.configure(comprehension={"statements": 1})
    project.write("jupiter.txt", ENGLISH)
    project.run()
    qa_id = project.lineage()[0]["qa_id"]
    assert project.call("trace", qa_id).exit_code == 0
    project.write("jupiter.txt", "The Danube rises in the Black Forest and flows through Vienna.")
    project.run("--select", "+knowledge_graph")
    late = project.call("trace", qa_id)
    assert late.exit_code == 1
    assert "call graphtutor run to bring the pairs in line" in late.stderr
    project.run()
    assert "No exported pair" in project.call("trace", qa_id).stderr
