"""The fake model server, one process for all tests here, and gateways to it that do not wait long."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from resources.models.gateway import Gateway
from resources.models.response_store import ResponseStore
from resources.models.retry import RetryPolicy
from resources.models.settings import ModelSettings
from resources.models.types import ChatRequest, Message
from tests.fake_model_server import FakeModelServer

CANARY_KEY = "sk-canary-7f3a9b2c4d5e6f708192a3b4c5d6e7f8"
QUICK = RetryPolicy(scale=0.01, gone_after_s=1.5)

MakeGateway = Callable[..., Gateway]


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


def chat(text: str = "Hello", **changes: Any) -> ChatRequest:
    """A request for free text."""
    arguments: dict[str, Any] = {"messages": (Message("user", text),), "max_tokens": 100, "stage": "claims"}
    return ChatRequest(**arguments | changes)


STATEMENTS_SCHEMA: dict[str, Any] = {
    "title": "Statements",
    "type": "object",
    "properties": {
        "paraphrases": {"type": "array", "items": {"type": "string"}},
        "negations": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["paraphrases", "negations"],
    "additionalProperties": False,
}


def statements(fact: str = "Snow is white.", **changes: Any) -> ChatRequest:
    """A request with a schema."""
    text = f'<input>\n{{"statement": "{fact}", "n_true": 1, "n_false": 1}}\n</input>'
    return chat(text, schema=STATEMENTS_SCHEMA, **changes)


def judgement(statement: str = "Snow is white.", **changes: Any) -> ChatRequest:
    """A request for yes or no with the first token's candidates."""
    text = f"<input>\n{statement}\n</input>"
    return chat(text, **{"max_tokens": 1, "top_logprobs": 20} | changes)
