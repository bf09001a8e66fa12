"""A rerun with nothing changed leaves every stage as it was, unless what it wrote is no longer there."""

from typing import Any

from tests.fake_model_server import FakeModelServer
from tests.pipeline.project import CHINESE, ENGLISH, Project

STAGES_THAT_READ = {"documents"}


def _ready(project: Project) -> None:
    project.write("jupiter.txt", ENGLISH)
    project.write("tea.md", CHINESE)
    project.configure(comprehension={"statements": 1})
    project.run()


def _shown(project: Project) -> dict[str, Any]:
    frame = project.frame("SELECT stage, metadata, checks FROM materializations")
    return {row.stage: (row.metadata, row.checks) for row in frame.itertuples()}


def test_every_file_stays_as_it_is_and_the_ui_shows_what_it_showed(quick_project: Project) -> None:
    _ready(quick_project)
    exports, shown = quick_project.export_bytes(), _shown(quick_project)
    times = {path.name: path.stat().st_mtime_ns for path in quick_project.exports.iterdir()}
    again = quick_project.run().stages
    assert sum(stage["new"] + stage["calls"] for stage in again.values()) == 0
    assert quick_project.export_bytes() == exports
    assert {path.name: path.stat().st_mtime_ns for path in quick_project.exports.iterdir()} == times
    after = _shown(quick_project)
    assert {stage: after[stage] for stage in shown.keys() - STAGES_THAT_READ} == {
        stage: shown[stage] for stage in shown.keys() - STAGES_THAT_READ
    }


def test_a_file_that_was_removed_or_edited_is_written_again(quick_project: Project) -> None:
    _ready(quick_project)
    exports = quick_project.export_bytes("report.html")
    (quick_project.exports / "alpaca.json").unlink()
    (quick_project.exports / "graph.json").write_text("{}")
    quick_project.run()
    assert quick_project.export_bytes("report.html") == exports


def test_a_graph_that_was_emptied_is_filled_again_losses_too(
    quick_project: Project, fake_models: FakeModelServer
) -> None:
    _ready(quick_project)
    calls = fake_models.count()
    with quick_project.graph() as graph:
        before = graph.dump(quick_project.corpus)
        graph.remove_corpus(quick_project.corpus)
        quick_project.run()
        assert graph.dump(quick_project.corpus) == before
        graph.set_losses(quick_project.corpus, {}, {}, "")
        quick_project.run()
        assert graph.dump(quick_project.corpus) == before
    assert fake_models.count() == calls


def test_a_stage_that_did_not_come_to_its_end_runs_again(quick_project: Project) -> None:
    _ready(quick_project)
    with quick_project.graph() as graph, quick_project.warehouse.transaction() as connection:
        before = graph.dump(quick_project.corpus)
        # As after a kill between its rows and the graph: the same counts, but not what it should be.
        connection.execute("DELETE FROM materializations WHERE stage = 'comprehension'")
        losses = {unit["id"]: 9.0 for unit in before["nodes"]["Entity"] if "loss" in unit}
        losses |= {r["properties"]["id"]: 9.0 for r in before["relationships"]["RELATED_TO"]}
        graph.set_losses(quick_project.corpus, losses, dict.fromkeys(losses, 0.5), "other")
    quick_project.run()
    with quick_project.graph() as graph:
        assert graph.dump(quick_project.corpus) == before


def test_what_failed_for_a_passing_reason_is_tried_again(
    quick_project: Project, fake_models: FakeModelServer
) -> None:
    quick_project.write("jupiter.txt", ENGLISH)
    quick_project.write("tea.md", CHINESE)
    quick_project.configure(comprehension={"statements": 1}, models={"synthesizer": {"max_retries": 0}})
    fake_models.configure(script=["server_error"])
    first = quick_project.run().stages
    assert (first["claims"]["new"], first["claims"]["dropped"]) == (1, 1)
    second = quick_project.run().stages
    assert (second["claims"]["new"], second["claims"]["dropped"]) == (1, 0)
    assert second["sft_datasets"]["new"] > 0
