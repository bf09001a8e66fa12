"""A run that is stopped or killed: what came back from the models is kept, and the next run goes on."""

import signal
import subprocess
import time

import pytest

from tests.fake_model_server import FakeModelServer
from tests.pipeline.conftest import NewProject
from tests.pipeline.project import CHINESE, ENGLISH, GRAPHTUTOR, Project, processes_that_stay

IN_FLIGHT = 4
SETTINGS = {
    "comprehension": {"statements": 1},
    "models": {"synthesizer": {"concurrency": IN_FLIGHT}, "trainee": {"concurrency": IN_FLIGHT}},
}


def _stopped_after(
    project: Project, server: FakeModelServer, calls: int, by: signal.Signals
) -> tuple[int, str]:
    """Start a run, stop it when the endpoint has had so many requests; its exit code and standard error."""
    process = subprocess.Popen(
        [*GRAPHTUTOR, "run"],
        cwd=project.folder,
        env=project.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    while server.count() < calls:
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(by)
    _, stderr = process.communicate(timeout=60)
    return process.returncode, stderr


@pytest.fixture(scope="module")
def uninterrupted(new_project: NewProject, model_server_process: FakeModelServer) -> tuple[Project, int]:
    """A project that ran through, and how many requests that took."""
    model_server_process.reset()
    project = new_project("uninterrupted")
    _fill(project)
    project.run()
    return project, model_server_process.count()


@pytest.mark.parametrize("stopped_at", [2, 30])
def test_killed_it_repeats_only_what_had_not_come_back(
    project: Project, fake_models: FakeModelServer, uninterrupted: tuple[Project, int], stopped_at: int
) -> None:
    whole, calls = uninterrupted
    fake_models.reset()
    fake_models.configure(latency_s=0.2)
    _fill(project)
    exit_code, _ = _stopped_after(project, fake_models, stopped_at, signal.SIGKILL)
    assert exit_code == -signal.SIGKILL
    fake_models.configure(latency_s=0.0)
    project.run()
    assert calls <= fake_models.count() <= calls + IN_FLIGHT
    assert project.export_bytes("report.html") == whole.export_bytes("report.html")
    assert processes_that_stay(project.workspace) == []


def test_interrupted_it_says_so_in_one_sentence(project: Project, fake_models: FakeModelServer) -> None:
    fake_models.configure(latency_s=0.2)
    _fill(project)
    exit_code, stderr = _stopped_after(project, fake_models, 10, signal.SIGINT)
    assert exit_code == 1
    assert "Traceback" not in stderr
    assert stderr.splitlines()[-1] == (
        "graphtutor: Stopped. What is done is kept; the next run goes on from there."
    )
    assert processes_that_stay(project.workspace) == []


def _fill(project: Project) -> None:
    project.configure(**SETTINGS)
    project.write("jupiter.txt", ENGLISH)
    project.write("tea.md", CHINESE)
