"""The connection to the graph database: one lazily opened driver, the one helper that writes, clear errors.

No Cypher but the ping, nothing about documents, chunks or entities.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, LiteralString, TypeVar

import neo4j
from neo4j.exceptions import (
    AuthError,
    ClientError,
    ConstraintError,
    DriverError,
    Forbidden,
    ForbiddenOnReadOnlyDatabase,
    IncompleteCommit,
    Neo4jError,
    ServiceUnavailable,
    SessionExpired,
    WriteServiceUnavailable,
)

from resources.errors import GraphError
from resources.graph.cypher import PING

WRITE_LOCK: Final = threading.RLock()
"""All writes of this process go through this lock: concurrent relationship writes can make duplicates."""

ATTEMPTS: Final = 4
DRIVER_RETRY_S: Final = 15.0
CONNECT_TIMEOUT_S: Final = 10.0
_SCHEMES: Final = ("bolt://", "bolt+s://", "bolt+ssc://", "neo4j://", "neo4j+s://", "neo4j+ssc://")
# What the driver does not retry by itself: two writers that create the same node, and a commit whose answer
# was lost. Conflicts, deadlocks and lost connections it retries, with growing pauses, for DRIVER_RETRY_S.
_RETRIED: Final = (ConstraintError, IncompleteCommit)
_READ_ONLY: Final = (ForbiddenOnReadOnlyDatabase, WriteServiceUnavailable)
_READ_ONLY_CODES: Final = ("ReadOnly", "AccessMode", "NotALeader")

T = TypeVar("T")
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a write. `rows` become `$rows`; it must return `n`, the rows it reached.

    `expected` is the `n` without which the transaction is rolled back, None where any will do.
    """

    query: LiteralString
    rows: Sequence[Mapping[str, Any]]
    expected: int | None = None


class Connection:
    """A driver that connects at first use. Thread-safe; the password appears in no message and no repr."""

    def __init__(self, uri: str, username: str, password: str, database: str) -> None:
        self._uri, self._username, self._password, self._database = uri, username, password, database
        self._driver: neo4j.Driver | None = None
        self._open_lock = threading.Lock()

    def __repr__(self) -> str:
        return f"Connection(uri={self._shown_uri!r}, database={self._database!r})"

    def ping(self) -> str:
        """Run one trivial query, without retries.

        Returns:
            The server's own name and version, such as `Neo4j/5.26.0`.

        Raises:
            GraphError: says what is wrong: address, credentials or database name.
        """
        return self._agent(self._open())

    def read(self, query: LiteralString, **parameters: Any) -> list[dict[str, Any]]:
        """Run one reading query.

        Returns:
            The records as dictionaries.

        Raises:
            GraphError: it failed for good.
        """

        # In a write transaction on purpose: a cluster then asks the leader. A difference computed from a
        # follower's older state would leave the graph wrong.
        def work(tx: neo4j.ManagedTransaction) -> list[dict[str, Any]]:
            result = tx.run(query, parameters)
            names = result.keys()
            return [dict(zip(names, record.values(), strict=True)) for record in result]

        return self._managed(work)

    def write(self, *statements: Statement, corpus: str) -> None:
        """Run statements in one transaction, all or none, one writer at a time in this process.

        They may run again, even after a commit whose answer was lost: together they must be idempotent.

        Raises:
            GraphError: it failed for good, or a statement reached another number of rows than expected.
        """

        def work(tx: neo4j.ManagedTransaction) -> None:
            for statement in statements:
                record = tx.run(statement.query, corpus=corpus, rows=statement.rows).single(strict=True)
                if statement.expected not in (None, record["n"]):
                    raise GraphError(
                        f"The graph of corpus {corpus!r} changed while it was being written ({record['n']} "
                        f"of {statement.expected} rows were found): run again, with no other run on it."
                    )

        with WRITE_LOCK:
            self._managed(work)

    def write_schema(self, query: LiteralString) -> None:
        """Run one schema statement, which Neo4j wants in a transaction of its own.

        Raises:
            GraphError: it failed for good.
        """
        with WRITE_LOCK:
            self._managed(lambda tx: tx.run(query).consume())

    def close(self) -> None:
        """Close the driver; the next use opens it again."""
        with self._open_lock:
            if self._driver is not None:
                self._driver.close()
                self._driver = None

    def _managed(self, work: Callable[[neo4j.ManagedTransaction], T]) -> T:
        driver = self._open()
        attempt = 1
        while True:
            try:
                with driver.session(database=self._database) as session:
                    return session.execute_write(work)
            except (DriverError, Neo4jError) as error:
                if attempt == ATTEMPTS or not isinstance(error, _RETRIED):
                    raise self._explained(error) from error
                log.info("graph transaction failed (%s), attempt %d of %d", _name(error), attempt, ATTEMPTS)
            time.sleep(0.1 * 2**attempt * random.uniform(0.5, 1.5))
            attempt += 1

    def _open(self) -> neo4j.Driver:
        with self._open_lock:
            if self._driver is None:
                driver = self._new_driver()
                try:
                    self._agent(driver)  # fails at once where retries could not help
                except GraphError:
                    driver.close()
                    raise
                self._driver = driver
            return self._driver

    def _agent(self, driver: neo4j.Driver) -> str:
        try:
            with driver.session(database=self._database) as session:
                return str(session.run(PING).consume().server.agent)
        except (DriverError, Neo4jError) as error:
            raise self._explained(error) from error

    def _new_driver(self) -> neo4j.Driver:
        if "@" in self._uri:
            raise GraphError(
                "NEO4J_URI must not hold credentials: put them into NEO4J_USERNAME and NEO4J_PASSWORD."
            )
        if not self._uri.startswith(_SCHEMES):
            raise GraphError(
                f"NEO4J_URI is {self._uri!r}, but must begin with one of {', '.join(_SCHEMES)}: "
                "for example bolt://localhost:7687."
            )
        try:
            return neo4j.GraphDatabase.driver(
                self._uri,
                auth=(self._username, self._password) if self._username else None,
                user_agent="graphtutor",
                connection_timeout=CONNECT_TIMEOUT_S,
                initial_retry_delay=0.02,
                max_transaction_retry_time=DRIVER_RETRY_S,
                # Neo4j warns of each property that no node has yet; nothing a user could act on.
                notifications_min_severity="OFF",
            )
        except (DriverError, Neo4jError, ValueError) as error:
            raise self._explained(error) from error

    @property
    def _shown_uri(self) -> str:
        return self._uri.rpartition("@")[2]

    def _explained(self, error: Exception) -> GraphError:
        """Turn a driver's error into one sentence that says what to do."""
        code = getattr(error, "code", None) or ""
        if isinstance(error, AuthError) or ".Security.Auth" in code:
            return GraphError(
                f"The graph database at {self._shown_uri} refuses user {self._username!r}: "
                "check NEO4J_USERNAME and NEO4J_PASSWORD."
            )
        if isinstance(error, ClientError) and "DatabaseNotFound" in code:
            return GraphError(
                f"The graph database at {self._shown_uri} has no database {self._database!r}: create it or "
                "correct NEO4J_DATABASE."
            )
        if _is_read_only(error):
            return GraphError(
                f"Database {self._database!r} at {self._shown_uri} is read-only or has no leader: "
                "let NEO4J_URI and NEO4J_DATABASE point to one that can be written."
            )
        if isinstance(error, Forbidden):
            return GraphError(
                f"User {self._username!r} may not read and write database {self._database!r} at "
                f"{self._shown_uri}: grant it a role that may, constraints included."
            )
        detail = self._scrubbed(error)
        if isinstance(error, ServiceUnavailable | SessionExpired):
            return GraphError(
                f"No graph database answers at {self._shown_uri}: start it, or correct NEO4J_URI ({detail})."
            )
        return GraphError(f"The graph database at {self._shown_uri} failed, see its log: {detail}")

    def _scrubbed(self, error: Exception) -> str:
        text = (error.message if isinstance(error, Neo4jError) else None) or str(error)
        text = f"{_name(error)}: {' '.join(text.split())[:300]}"
        return text.replace(self._password, "…") if self._password else text


def _is_read_only(error: Exception) -> bool:
    code = getattr(error, "code", None) or ""
    return isinstance(error, _READ_ONLY) or any(part in code for part in _READ_ONLY_CODES)


def _name(error: Exception) -> str:
    return getattr(error, "code", None) or type(error).__name__
