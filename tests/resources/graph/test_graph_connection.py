"""A database that cannot be used gives one sentence that helps, and never the password."""

import threading
import time
import traceback

import neo4j
import pytest
from neo4j.exceptions import ConstraintError, ForbiddenOnReadOnlyDatabase, IncompleteCommit

from resources.errors import GraphError
from resources.graph.store import GraphStore
from resources.graph.types import Tally
from tests.resources.graph.conftest import Server
from tests.resources.graph.states import two_documents

SECRET = "hunter2-very-secret"


def refusal(store: GraphStore) -> str:
    """What a first write says, after checking that the password is nowhere in it."""
    with store, pytest.raises(GraphError) as caught:
        store.sync("never written", two_documents())
    shown = "".join(traceback.format_exception(caught.value)) + repr(store)
    assert SECRET not in shown
    return str(caught.value)


def test_a_wrong_password_is_named_as_such(server: Server) -> None:
    assert "check NEO4J_USERNAME and NEO4J_PASSWORD" in refusal(server.store(password=SECRET))


def test_a_dead_port_is_reported_at_once(server: Server) -> None:
    started = time.monotonic()
    message = refusal(server.store(uri="bolt://127.0.0.1:1", password=SECRET))
    assert message.startswith(
        "No graph database answers at bolt://127.0.0.1:1: start it, or correct NEO4J_URI"
    )
    assert time.monotonic() - started < 5


def test_a_missing_database_is_named(server: Server) -> None:
    message = refusal(server.store(database="nosuchdatabase"))
    assert "has no database 'nosuchdatabase': create it or correct NEO4J_DATABASE" in message


@pytest.mark.parametrize("uri", ["http://127.0.0.1:7474", "localhost:7687", ""])
def test_an_address_that_is_not_bolt_is_refused(server: Server, uri: str) -> None:
    assert "must begin with one of bolt://" in refusal(server.store(uri=uri, password=SECRET))


def test_credentials_in_the_address_are_refused_and_not_repeated(server: Server) -> None:
    message = refusal(server.store(uri=f"bolt://neo4j:{SECRET}@127.0.0.1:7687"))
    assert "NEO4J_URI must not hold credentials" in message


def test_a_store_connects_at_first_use_only(server: Server) -> None:
    GraphStore("bolt://127.0.0.1:1", "user", SECRET, "db").close()


def test_a_closed_store_opens_again(server: Server) -> None:
    store = server.store()
    store.ping()
    store.close()
    assert store.server_agent().startswith("Neo4j/")
    store.close()


def test_stores_prepare_at_once_without_harm(server: Server) -> None:
    stores = [server.store() for _ in range(4)]
    errors: list[BaseException] = []

    def prepare(store: GraphStore) -> None:
        try:
            with store:
                store.prepare()
                store.prepare()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=prepare, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def failing(
    monkeypatch: pytest.MonkeyPatch, error: Exception, times: int, *, after_commit: bool = False
) -> list[int]:
    """Let the next transactions of the driver fail; returns a list that grows by one with each attempt."""
    attempts: list[int] = []
    execute_write = neo4j.Session.execute_write

    def fails(self: neo4j.Session, work: object, *args: object) -> object:
        attempts.append(1)
        if len(attempts) > times:
            return execute_write(self, work, *args)  # type: ignore[arg-type]
        if after_commit:
            execute_write(self, work, *args)  # type: ignore[arg-type]
        raise error

    monkeypatch.setattr(neo4j.Session, "execute_write", fails)
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    return attempts


def test_a_conflict_is_retried(store: GraphStore, corpus: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store.prepare()
    with monkeypatch.context() as patch:
        failing(patch, ConstraintError("conflict"), 3)
        assert store.sync(corpus, two_documents()).entities == Tally(created=3)
    assert store.counts(corpus)["RELATED_TO"] == 2


def test_a_commit_whose_answer_was_lost_is_repeated_without_harm(
    store: GraphStore, corpus: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.prepare()
    with monkeypatch.context() as patch:
        failing(patch, IncompleteCommit("connection lost"), 2, after_commit=True)
        store.sync(corpus, two_documents())
    assert store.sync(corpus, two_documents()).written == 0


def test_retries_are_bounded(store: GraphStore, corpus: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        attempts = failing(patch, ConstraintError("conflict"), 100)
        with pytest.raises(GraphError, match="failed, see its log"):
            store.sync(corpus, two_documents())
    assert len(attempts) == 4


def test_a_read_only_database_is_named_without_retries(
    store: GraphStore, corpus: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        attempts = failing(patch, ForbiddenOnReadOnlyDatabase("no"), 100)
        with pytest.raises(GraphError, match="is read-only or has no leader"):
            store.sync(corpus, two_documents())
    assert len(attempts) == 1
