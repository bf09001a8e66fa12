"""Projects for the tests of the whole pipeline."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from resources.embedded.graph_server import GraphLease, lease_graph
from tests.fake_model_server import FakeModelServer
from tests.pipeline.project import Project, processes_that_stay

NewProject = Callable[..., Project]


@pytest.fixture(scope="session")
def graph_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GraphLease]:
    """One graph server for the projects that need not start their own; each has another corpus in it."""
    with lease_graph(tmp_path_factory.mktemp("graph_server")) as lease:
        yield lease


@pytest.fixture(scope="session")
def new_project(
    tmp_path_factory: pytest.TempPathFactory, model_server_process: FakeModelServer
) -> Iterator[NewProject]:
    """Makes projects whose models are the fake server, `new_project(name, **fields of Project)`.

    No process of theirs may be left when the session ends.
    """
    made: list[Project] = []

    def new(name: str, trainee: bool = True, **fields: Any) -> Project:
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
def quick_project(new_project: NewProject, fake_models: FakeModelServer, graph_server: GraphLease) -> Project:
    """As `project`, on the graph server of all tests."""
    return new_project("project", server=graph_server)


@pytest.fixture
def empty_folder(tmp_path: Path) -> Path:
    """A folder with nothing in it."""
    folder = tmp_path / "empty"
    folder.mkdir()
    return folder
