"""What `status` and `run --dry-run` say before a run, and that the run then does just that."""

import pytest

from tests.fake_model_server import FakeModelServer
from tests.pipeline.conftest import NewProject
from tests.pipeline.project import CHINESE, ENGLISH, Project

SETTINGS = {"comprehension": {"statements": 1}}


@pytest.fixture(scope="module")
def finished(new_project: NewProject, model_server_process: FakeModelServer) -> Project:
    project = new_project("finished")
    project.configure(**SETTINGS)
    project.write("jupiter.txt", ENGLISH)
    project.run()
    return project


def freshness(project: Project) -> dict[str, str]:
    (status,) = project.call("status", "--json").json
    return {stage["stage"]: stage["freshness"] for stage in status["stages"]}


def dry(project: Project) -> dict[str, dict[str, float]]:
    result = project.call("run", "--dry-run", "--json")
    assert result.exit_code == 0, result.stderr
    (report,) = result.json
    return {stage["stage"]: stage for stage in report["stages"]}


@pytest.mark.parametrize(
    ("settings", "stage", "reason"),
    [
        ({"chunking": {"max_tokens": 256}}, "chunks", "chunking.max_tokens 1024 → 256"),
        ({"chunking": {"strategy": "tokens"}}, "chunks", "chunking.strategy structure → tokens"),
        (
            {"chunking": {"resolve_coreference": True}},
            "claims",
            "chunking.resolve_coreference False → True",
        ),
        ({"extraction": {"entity_types": ["moon"]}}, "claims", "extraction.entity_types"),
        (
            {"extraction": {"description_tokens": 64}},
            "knowledge_graph",
            "extraction.description_tokens 512 → 64",
        ),
        ({"models": {"synthesizer": {"temperature": 0.5}}}, "claims", "synthesizer temperature 0.0 → 0.5"),
        ({"models": {"trainee": {"revision": "sft"}}}, "judgements", "trainee revision  → sft"),
        ({"comprehension": {"statements": 3}}, "statements", "comprehension.statements 1 → 3"),
        ({"traverse_strategy": {"max_depth": 1}}, "subgraphs", "traverse_strategy.max_depth 2 → 1"),
        ({"export": {"system_prompt": "Be brief."}}, "sft_datasets", "export.system_prompt  → Be brief."),
    ],
)
def test_status_says_which_setting_makes_which_stage_stale(
    finished: Project, settings: dict[str, dict[str, object]], stage: str, reason: str
) -> None:
    assert set(freshness(finished).values()) == {"fresh"}
    finished.configure(**SETTINGS | settings)
    try:
        found = freshness(finished)
    finally:
        finished.configure(**SETTINGS)
    stale = [name for name, why in found.items() if why != "fresh"]
    assert stale[0] == stage
    assert reason in found[stage]
    assert found["report"] != "fresh"


def test_with_nothing_changed_nothing_is_to_do(finished: Project, fake_models: FakeModelServer) -> None:
    stages = dry(finished)
    assert {stage["pending"] for stage in stages.values()} == {0}
    assert all(stage["exact"] for stage in stages.values())
    assert fake_models.count() == 0


def test_a_dry_run_counts_what_it_can_estimates_the_rest_and_changes_nothing(
    new_project: NewProject, fake_models: FakeModelServer
) -> None:
    project = new_project("planned")
    prices = {"prompt_usd_per_million": 1.0, "completion_usd_per_million": 2.0}
    project.configure(**SETTINGS, models={"synthesizer": prices, "trainee": prices})
    project.write("jupiter.txt", ENGLISH)
    before = dry(project)
    assert (before["claims"]["pending"], before["claims"]["exact"]) == (1, True)
    assert before["qa_atomic"]["calls"] > 0
    assert not before["qa_atomic"]["exact"]
    assert before["claims"]["cost_usd"] > 0
    assert fake_models.count() == 0
    assert not project.warehouse.exists()

    unreadable = project.write("slides.pdf", "no text")
    jupiter = (project.documents / "jupiter.txt").rename(project.folder / "aside.txt")
    assert project.call("run").exit_code == 1
    unreadable.unlink()
    jupiter.rename(project.documents / "jupiter.txt")
    assert dry(project) == before

    project.run()
    asked = fake_models.count()
    project.write("tea.txt", CHINESE)
    added = dry(project)
    assert (added["claims"]["rows"], added["claims"]["pending"]) == (2, 1)
    assert 0 < added["statements"]["pending"] < added["statements"]["rows"]
    assert fake_models.count() == asked
    assert project.frame("SELECT count(*) AS n FROM current_documents")["n"][0] == 1
    text = project.call("run", "--dry-run").stdout
    assert "counted" in text
    assert "estimated" in text


def test_a_changed_model_is_counted_exactly_where_only_it_changed(
    finished: Project, fake_models: FakeModelServer
) -> None:
    finished.configure(**SETTINGS, models={"trainee": {"revision": "sft"}})
    try:
        stages = dry(finished)
    finally:
        finished.configure(**SETTINGS)
    assert stages["statements"]["pending"] == 0
    texts = finished.frame("SELECT count(DISTINCT text) AS n FROM current_statements")["n"][0]
    assert stages["judgements"]["pending"] == texts > 0
    assert stages["judgements"]["exact"]
    assert not stages["qa_atomic"]["exact"]
