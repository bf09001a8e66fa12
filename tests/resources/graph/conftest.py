"""A real graph server for all tests: Neo4j where NEO4J_URI is set, otherwise the embedded one."""

import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from resources.embedded.graph_server import lease_graph
from resources.graph.connection import Connection
from resources.graph.store import GraphStore


@dataclass(frozen=True)
class Server:
    """How to reach the graph server, in the order of GraphStore's arguments."""

    uri: str
    username: str
    password: str
    database: str

    def store(self, **changes: str) -> GraphStore:
        """A new store, with some of its arguments changed."""
        return GraphStore(**{**vars(self), **changes})


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if "NEO4J_URI" in os.environ:
        yield Server(
            uri=os.environ["NEO4J_URI"],
            username=os.environ.get("NEO4J_USERNAME", ""),
            password=os.environ.get("NEO4J_PASSWORD", ""),
            database=os.environ.get("NEO4J_DATABASE", "neo4j"),
        )
        return
    lease = lease_graph(tmp_path_factory.mktemp("workspace"))
    yield Server(lease.uri, lease.username, lease.password, lease.database)
    lease.close()


@pytest.fixture(scope="session")
def store(server: Server) -> Iterator[GraphStore]:
    with server.store() as store:
        yield store


@pytest.fixture
def new_corpus(store: GraphStore) -> Iterator[Callable[[], str]]:
    """Makes names of corpora that nobody else uses, and removes what the test put there."""
    names: list[str] = []

    def new() -> str:
        names.append(f"test {uuid.uuid4().hex}")
        return names[-1]

    yield new
    for name in names:
        store.remove_corpus(name)


@pytest.fixture
def corpus(new_corpus: Callable[[], str]) -> str:
    return new_corpus()


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Collects the statements of every data transaction from now on."""
    seen: list[Any] = []
    write = Connection.write

    def spy(self: Connection, *statements: Any, corpus: str) -> None:
        seen.append(statements)
        write(self, *statements, corpus=corpus)

    monkeypatch.setattr(Connection, "write", spy)
    return seen
