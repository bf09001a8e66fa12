"""What all tests share: an environment without the user's settings, and one fake model server."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import kg_assets.stages  # noqa: F401  what stages, forms and formats there are
from tests.environment import without_our_variables
from tests.fake_model_server import FakeModelServer


@pytest.fixture(autouse=True)
def _isolated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each test runs in an empty folder, without the user's variables and `.env`."""
    for name in set(os.environ) - set(without_our_variables()):
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def model_server_process() -> Iterator[FakeModelServer]:
    """One fake model server for all tests; ask for `fake_models` where it must start as new."""
    with FakeModelServer() as server:
        yield server


@pytest.fixture
def fake_models(model_server_process: FakeModelServer) -> FakeModelServer:
    """The fake model server with default behaviour and an empty record."""
    model_server_process.reset()
    return model_server_process
