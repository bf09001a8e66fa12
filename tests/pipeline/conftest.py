"""Projects for the tests of the whole pipeline."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fake_model_server import FakeModelServer
from tests.pipeline.project import Project, processes_that_stay

NewProject = Callable[..., Project]


@pytest.fixture(scope="session")
def new_project(
    tmp_path_factory: pytest.TempPathFactory, model_server_process: FakeModelServer
) -> Iterator[NewProject]:
    """Makes projects whose models are the fake server, `new_project(name, **fields of Project)`.

    No process of theirs may be left when the session ends.
    """
    made: list[Project] = []

    def new(name: str, trainee: bool = True, **fields: str) -> Project:
        project = Project(tmp_path_factory.mktemp(name), **fields)
        project.use_models(model_server_process, trainee)
        made.append(project)
        return project

    yield new
    left = [command for project in made for command in processes_that_stay(project.folder)]
    assert not left, left


@pytest.fixture
def project(new_project: NewProject, fake_models: FakeModelServer) -> Project:
    """A project without documents; the fake server is as new."""
    return new_project("project")


@pytest.fixture
def empty_folder(tmp_path: Path) -> Path:
    """A folder with nothing in it."""
    folder = tmp_path / "empty"
    folder.mkdir()
    return folder
