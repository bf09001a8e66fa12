"""The fake model server, one process for all tests here, and gateways to it that do not wait long."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from resources.models.gateway import Gateway
from resources.models.response_store import ResponseStore
from resources.models.settings import ModelSettings
from tests.fake_model_server import FakeModelServer
from tests.resources.models.asking import CANARY_KEY, QUICK, MakeGateway


@pytest.fixture(scope="session")
def server_process() -> Iterator[FakeModelServer]:
    with FakeModelServer() as server:
        yield server


@pytest.fixture
def server(server_process: FakeModelServer) -> FakeModelServer:
    """The fake model server with default behaviour and an empty record."""
    server_process.reset()
    return server_process


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ResponseStore]:
    with ResponseStore(tmp_path / "responses.sqlite") as store:
        yield store


@pytest.fixture
def make_gateway(server: FakeModelServer, store: ResponseStore) -> Iterator[MakeGateway]:
    """Makes gateways to the fake server; keywords `settings` and those of Gateway."""
    made: list[Gateway] = []

    def make(settings: dict[str, Any] | None = None, **changes: Any) -> Gateway:
        arguments: dict[str, Any] = {
            "role": "synthesizer",
            "settings": ModelSettings(**{"timeout_s": 10.0} | (settings or {})),
            "base_url": server.base_url,
            "api_key": CANARY_KEY,
            "model": "fake-model",
            "store": store,
            "corpus": "default",
            "count_tokens": lambda text: len(text.split()),
            "retry": QUICK,
        }
        made.append(Gateway(**arguments | changes))
        return made[-1]

    yield make
    for gateway in made:
        gateway.close()


@pytest.fixture
def gateway(make_gateway: MakeGateway) -> Gateway:
    return make_gateway()
