"""An endpoint that goes away, or begins to refuse, in the middle of a run."""

import time

import pytest

from tests.fake_model_server import FakeModelServer
from tests.pipeline.conftest import NewProject
from tests.pipeline.project import CHINESE, ENGLISH, Project

IN_FLIGHT = 4
WITHIN_S = 75.0
"""A minute, and some time for a busy machine."""
SETTINGS = {
    "comprehension": {"statements": 1},
    "models": {"synthesizer": {"concurrency": IN_FLIGHT}, "trainee": {"concurrency": IN_FLIGHT}},
}


def _filled(new_project: NewProject, name: str, server: FakeModelServer) -> Project:
    project = new_project(name)
    project.use_models(server)
    project.configure(**SETTINGS)
    project.write("jupiter.txt", ENGLISH)
    project.write("tea.md", CHINESE)
    return project


def test_gone_for_good_it_stops_within_a_minute_and_a_later_run_goes_on(
    new_project: NewProject, fake_models: FakeModelServer
) -> None:
    whole = _filled(new_project, "with_endpoint", fake_models)
    whole.run()
    calls = fake_models.count()
    with FakeModelServer(latency_s=0.2) as leaving:
        project = _filled(new_project, "without_endpoint", leaving)
        process = project.start_and_wait(leaving, 12)
        made = leaving.count()
        began = time.monotonic()
    _, stderr = process.communicate(timeout=90)
    assert time.monotonic() - began < WITHIN_S
    assert process.returncode == 1
    assert "Traceback" not in stderr
    last = stderr.splitlines()[-1]
    assert last.startswith("graphtutor: The synthesizer")
    assert project.variables["SYNTHESIZER_BASE_URL"] in last
    fake_models.reset()
    project.use_models(fake_models)
    project.run()
    assert calls - made - IN_FLIGHT <= fake_models.count() <= calls - made + 2 * IN_FLIGHT
    assert project.export_bytes() == whole.export_bytes()


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_is_withdrawn_stops_the_run_at_once(
    new_project: NewProject, fake_models: FakeModelServer, status: int
) -> None:
    fake_models.configure(latency_s=0.2)
    project = _filled(new_project, f"withdrawn_{status}", fake_models)
    process = project.start_and_wait(fake_models, 12)
    fake_models.configure(latency_s=0.2, status=status, message="Your key was withdrawn")
    refused_from = fake_models.count()
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "SYNTHESIZER_API_KEY" in stderr.splitlines()[-1]
    assert fake_models.count() <= refused_from + 3 * IN_FLIGHT
    fake_models.configure(status=0)
    project.run()
