"""A run that is stopped or killed: what came back from the models is kept, and the next run goes on."""

import signal

import dagster as dg

from tests.fake_model_server import FakeModelServer
from tests.pipeline.conftest import NewProject
from tests.pipeline.project import ENGLISH, Project, processes_that_stay

IN_FLIGHT = 4
SETTINGS = {
    "comprehension": {"statements": 1},
    "models": {"synthesizer": {"concurrency": IN_FLIGHT}, "trainee": {"concurrency": IN_FLIGHT}},
}


def _stopped_after(
    project: Project, server: FakeModelServer, calls: int, by: signal.Signals
) -> tuple[int, str]:
    """Start a run, stop it when the endpoint has had so many requests; its exit code and standard error."""
    process = project.start_and_wait(server, calls)
    process.send_signal(by)
    _, stderr = process.communicate(timeout=60)
    return process.returncode, stderr


def test_stopped_or_killed_the_next_run_repeats_only_what_had_not_come_back(
    new_project: NewProject, fake_models: FakeModelServer
) -> None:
    whole = new_project("uninterrupted")
    _fill(whole)
    whole.run()
    calls = fake_models.count()

    project = new_project("interrupted")
    _fill(project)
    fake_models.reset()
    fake_models.configure(latency_s=0.2)
    exit_code, stderr = _stopped_after(project, fake_models, 3, signal.SIGINT)
    assert exit_code == 1
    assert "Traceback" not in stderr
    assert stderr.splitlines()[-1] == (
        "graphtutor: Stopped. What is done is kept; the next run goes on from there."
    )
    exit_code, _ = _stopped_after(project, fake_models, 25, signal.SIGKILL)
    assert exit_code == -signal.SIGKILL

    fake_models.configure(latency_s=0.0)
    project.run()
    assert calls <= fake_models.count() <= calls + IN_FLIGHT
    assert project.export_bytes() == whole.export_bytes()
    assert processes_that_stay(project.workspace) == []
    with dg.DagsterInstance.from_config(str(project.workspace / "dagster")) as instance:
        ends = [run.status.value for run in instance.get_runs()]
    assert ends == ["SUCCESS", "FAILURE", "FAILURE"]


def _fill(project: Project) -> None:
    project.configure(**SETTINGS)
    project.write("jupiter.txt", ENGLISH)
