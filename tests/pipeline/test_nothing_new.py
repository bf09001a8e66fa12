"""A run with nothing new is over at once: it starts neither Dagster nor a server. Whatever could give it
something to do lets it go the normal way."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

from dagster_project import cli
from kg_assets.stages import NAMES
from resources.errors import EmptyResultError, SettingsError
from resources.workspace.layout import WorkspaceLayout
from tests.fake_model_server import FakeModelServer
from tests.pipeline.conftest import NewProject
from tests.pipeline.project import CHINESE, ENGLISH, Project, Result, processes_that_stay

HEAVY = ("dagster", "neo4j", "openai", "arcadedb")
IN_A_PROCESS = """\
import json, sys
from dagster_project import cli
cli.main(sys.argv[1:])
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})), file=sys.stderr)
"""
NORMAL = "the stages would run"
SETTINGS: dict[str, Any] = {"comprehension": {"statements": 1}}


@pytest.fixture(scope="module")
def first(new_project: NewProject, model_server_process: FakeModelServer) -> tuple[Project, Result]:
    """A finished project with its graph in the workspace, and its run."""
    model_server_process.reset()
    project = new_project("nothing_new")
    project.configure(**SETTINGS)
    project.write("jupiter.txt", ENGLISH)
    project.write("tea.md", CHINESE)
    return project, project.run()


@pytest.fixture
def project(first: tuple[Project, Result], tmp_path: Path) -> Iterator[Project]:
    """The finished project, which is put back as it was after each test."""
    project, kept = first[0], tmp_path / "kept"
    assert not processes_that_stay(project.folder)  # a graph server that stops still writes
    shutil.copytree(project.folder, kept)
    yield project
    assert not processes_that_stay(project.folder)
    shutil.rmtree(project.folder)
    shutil.copytree(kept, project.folder)


def _goes_the_normal_way(project: Project, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> bool:
    def run_stages(*_: object) -> NoReturn:
        raise SettingsError(NORMAL)

    with monkeypatch.context() as patched:
        patched.setattr(cli, "_run_stages", run_stages)
        result = project.call("run", *arguments)
    assert result.exit_code == int(NORMAL in result.stderr), result.stderr
    return NORMAL in result.stderr


def _traces(project: Project) -> tuple[int, dict[str, int]]:
    """What a run leaves: rows of stages, and the times of all that servers and Dagster write."""
    files = [*(project.workspace / "servers").iterdir(), *(project.workspace / "dagster").rglob("*")]
    rows = project.warehouse.scalar("SELECT count(*) FROM stage_runs")
    return rows, {str(path): path.stat().st_mtime_ns for path in files if path.exists()}


@pytest.mark.parametrize("command", [("run",), ("run", "--offline", "--json"), ("status",)])
def test_neither_dagster_nor_a_server_is_started(project: Project, command: tuple[str, ...]) -> None:
    before = _traces(project)
    done = subprocess.run(
        [sys.executable, "-c", IN_A_PROCESS, *command],
        cwd=project.folder,
        env=project.environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert not set(HEAVY) & set(json.loads(done.stderr))
    assert _traces(project) == before


def test_the_summary_is_that_of_a_run_and_says_that_nothing_was_to_be_done(
    project: Project, first: tuple[Project, Result], fake_models: FakeModelServer
) -> None:
    said = project.call("run")
    assert (said.exit_code, said.stderr) == (0, "")
    assert said.stdout.startswith("Nothing of corpus default has changed since its last run")
    assert f"Exports and report.html are in {project.exports}" in said.stdout
    again, before = project.run().json, first[1].json
    assert list(again) == list(before)
    assert again["exports"] == before["exports"]
    assert list(again["stages"]) == list(NAMES)
    for name, stage in again["stages"].items():
        assert list(stage) == list(before["stages"][name])
        assert (stage["rows_in"], stage["new"]) == (before["stages"][name]["rows_in"], 0)
        assert stage["rows_in"] == stage["reused"] + stage["dropped"]
    assert fake_models.count() == 0


def test_a_run_of_all_stages_would_find_nothing_either(
    project: Project, fake_models: FakeModelServer
) -> None:
    found = project.run("--select", "*").stages
    assert list(found) == list(NAMES)
    assert sum(stage["new"] + stage["calls"] for stage in found.values()) == fake_models.count() == 0


def _sql(statement: str) -> Callable[[Project], None]:
    def change(project: Project) -> None:
        with project.warehouse.transaction() as connection:
            connection.execute(statement)

    return change


def _settings(**changed: Any) -> Callable[[Project], None]:
    return lambda project: project.configure(**SETTINGS, **changed)


def _another_graph(project: Project) -> None:
    (mark,) = (project.workspace / "graph").rglob("*.run")
    mark.write_text("an earlier run")


CHANGES: dict[str, Callable[[Project], Any]] = {
    "a changed document": lambda project: project.write("tea.md", CHINESE + "西湖有白堤。\n"),
    "a new document": lambda project: project.write("tea2.md", "# 白茶\n\n白茶产于福建省。\n"),
    "a document that is gone": lambda project: (project.documents / "tea.md").unlink(),
    "an export that is gone": lambda project: (project.exports / "alpaca.json").unlink(),
    "an edited export": lambda project: (project.exports / "report.html").write_text("mine"),
    "a changed setting": _settings(chunking={"max_tokens": 300}),
    "another model": lambda project: project.variables.update(TRAINEE_MODEL="another"),
    "remote documents": _settings(
        documents={"sources": [{"url": "http://127.0.0.1:9/a.html", "corpus": "default"}]}
    ),
    "a Neo4j": lambda project: project.variables.update(NEO4J_URI="bolt://127.0.0.1:9"),
    "a graph that is gone": lambda project: shutil.rmtree(project.workspace / "graph"),
    "a database that is gone": lambda project: shutil.rmtree(project.workspace / "graph" / "databases"),
    "the graph of an earlier run": _another_graph,
    "a drop that is to be tried again": _sql(
        "INSERT INTO drops SELECT stage, key, item_id, document_id, 'timeout', '', '', true, '', '' "
        "FROM current_items WHERE stage = 'claims' LIMIT 1"
    ),
    "a stage that was killed before its end": _sql("DELETE FROM materializations WHERE stage = 'report'"),
    "a stage that was stopped": _sql("UPDATE stage_runs SET note = 'stopped' WHERE stage = 'report'"),
    "a stage that never ran": _sql("DELETE FROM stage_runs WHERE stage = 'report'"),
    "a warehouse that is gone": lambda project: project.warehouse.path.unlink(),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_what_gives_a_run_something_to_do(
    project: Project, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    assert not _goes_the_normal_way(project, monkeypatch)
    monkeypatch.setattr(project, "variables", dict(project.variables))
    CHANGES[change](project)
    assert _goes_the_normal_way(project, monkeypatch)


def test_a_run_at_work_is_waited_for(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = WorkspaceLayout(project.workspace).corpus_lock(project.corpus)
    with lock.held("another", "2026-01-01T00:00:00+00:00", print):
        assert _goes_the_normal_way(project, monkeypatch)
    assert not _goes_the_normal_way(project, monkeypatch)


def test_a_selection_is_run(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _goes_the_normal_way(project, monkeypatch, "--select", "chunks")


def test_each_corpus_is_asked_by_itself(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def run_stages(_workbench: object, corpus: str, _select: object) -> NoReturn:
        raise EmptyResultError(f"{corpus} would run.")

    monkeypatch.setattr(cli, "_run_stages", run_stages)
    (project.documents / "other").mkdir()
    (project.documents / "other" / "new.txt").write_text(ENGLISH)
    both = project.call("run")
    assert both.exit_code == 1
    assert "Nothing of corpus default has changed" in both.stdout
    assert both.stderr.endswith("graphtutor: other would run.\n")


def test_a_graph_that_is_gone_is_made_again(project: Project, fake_models: FakeModelServer) -> None:
    with project.graph() as graph:
        before = graph.dump(project.corpus)
    assert before["nodes"]["Entity"]
    shutil.rmtree(project.workspace / "graph")
    project.run()
    with project.graph() as graph:
        assert graph.dump(project.corpus) == before
    assert fake_models.count() == 0
