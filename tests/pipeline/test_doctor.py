"""`graphtutor doctor` tries what a run needs, and says what to do about what does not work."""

import duckdb

from tests.fake_model_server import FakeModelServer
from tests.pipeline.project import CANARY_KEY, ENGLISH, Project


def test_all_is_well(project: Project, fake_models: FakeModelServer) -> None:
    project.write("jupiter.txt", ENGLISH)
    result = project.call("doctor")
    assert result.exit_code == 0, result.stdout
    lines = result.stdout.splitlines()
    assert all(line.startswith("✓ ") for line in lines)
    tried = [line[2:].split("  ")[0] for line in lines]
    assert tried == [
        "configuration",
        "workspace",
        "documents",
        "graph",
        "synthesizer",
        "structured output",
        "trainee",
        "trainee's logprobs",
    ]


def test_what_worked_before_is_tried_again(project: Project, fake_models: FakeModelServer) -> None:
    project.write("jupiter.txt", ENGLISH)
    assert project.call("doctor").exit_code == 0
    fake_models.configure(api_key="sk-another")
    result = project.call("doctor")
    assert result.exit_code == 1
    failed = [line for line in result.stdout.splitlines() if line.startswith("✗ ")]
    assert [line.split()[1] for line in failed] == ["synthesizer", "trainee"]
    assert "401" in result.stdout
    assert "SYNTHESIZER_API_KEY" in result.stdout
    assert "TRAINEE_API_KEY" in result.stdout
    assert CANARY_KEY not in result.stdout


def test_a_dead_endpoint_missing_documents_and_a_bad_graph_are_all_told_at_once(project: Project) -> None:
    project.documents.rmdir()
    project.variables["SYNTHESIZER_BASE_URL"] = f"http://user:{CANARY_KEY}@127.0.0.1:9/v1"
    project.variables["NEO4J_URI"] = "bolt://127.0.0.1:9"
    project.warehouse.path.parent.mkdir(parents=True)
    with duckdb.connect(str(project.warehouse.path)) as connection:
        connection.execute("CREATE TABLE notes (text VARCHAR)")
    result = project.call("doctor")
    assert result.exit_code == 1
    failed = [line.split()[1] for line in result.stdout.splitlines() if line.startswith("✗ ")]
    assert failed == ["workspace", "documents", "graph", "synthesizer"]
    for advice in ("no warehouse of this version", "--documents", "NEO4J_URI", "SYNTHESIZER_BASE_URL"):
        assert advice in result.stdout
    assert CANARY_KEY not in result.stdout


def test_an_embedder_is_tried_where_there_is_one(project: Project, fake_models: FakeModelServer) -> None:
    project.write("jupiter.txt", ENGLISH)
    project.use_embedder(fake_models)
    shown = project.call("doctor").stdout
    assert "gives vectors of 64 numbers; not asked unless entities.resolve is model" in shown
    project.configure(entities={"resolve": "model"})
    assert "not asked" not in project.call("doctor").stdout
    fake_models.configure(api_key="sk-another")
    failed = project.call("doctor").stdout
    assert "EMBEDDING_API_KEY" in failed
    assert CANARY_KEY not in failed


def test_without_a_trainee_it_says_what_that_means(project: Project, fake_models: FakeModelServer) -> None:
    project.write("jupiter.txt", ENGLISH)
    for name in ("MODEL", "BASE_URL", "API_KEY"):
        del project.variables[f"TRAINEE_{name}"]
    result = project.call("doctor")
    assert result.exit_code == 0
    assert "comprehension will not be measured" in result.stdout
