"""`graphtutor` in a process that is killed (SIGKILL) at a moment of its run, and that tells what it comes by.

What it comes by in a stage, by kind:

- `begin` and `end` of the stage; what comes before the first stage is one too, `start`;
- `transaction`: a statement was executed inside a transaction of DuckDB;
- `graph`: a statement was executed inside a transaction of the graph;
- `file`: a file of the exports is about to take its place.
"""

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Self
from unittest import mock

import neo4j

from dagster_project import cli
from kg_assets.export import files
from kg_assets.stage.run import StageRun
from resources.warehouse.warehouse import Warehouse
from tests.pipeline.project import CODE_ROOT

_FORKS = multiprocessing.get_context("forkserver")
# A third of a short run are its imports: these processes begin after them.
_FORKS.set_forkserver_preload([__name__, "dagster_project.run"])

START = "start"


@dataclass(frozen=True, slots=True)
class Event:
    """What a process came by, and when, in seconds of `time.time`."""

    stage: str
    kind: str
    at: float


@dataclass(frozen=True, slots=True)
class Moment:
    """The `number`-th event of a kind in a stage, or the stage's end if there are fewer."""

    stage: str
    kind: str
    number: int = 1


class Killable:
    """`graphtutor run` as a process of its own, which begins at once and is gone after the `with`; what it
    printed is in `output.txt`.

    Args:
        folder: where it runs.
        environment: all of its variables.
        last: when it kills itself.
    """

    def __init__(self, folder: Path, environment: dict[str, str], last: Moment | None = None) -> None:
        # The server, which begins with the first of them, imports our modules from where these tests are.
        with mock.patch.dict(os.environ, {"PYTHONPATH": str(CODE_ROOT)}):
            forkserver.ensure_running()
        self._events, told = _FORKS.Pipe(duplex=False)
        self._process = _FORKS.Process(target=_run, args=(folder, environment, last, told))
        self._process.start()
        told.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._process.join()
        self._events.close()

    def kill(self) -> None:
        """SIGKILL, from outside."""
        self._process.kill()

    def events(self) -> Iterator[Event]:
        """What it comes by, while it does, until it has ended."""
        try:
            while True:
                yield self._events.recv()
        except EOFError:
            self._process.join()

    @property
    def exit_code(self) -> int | None:
        """-9 if it was killed, None while it runs."""
        return self._process.exitcode


def _run(folder: Path, environment: dict[str, str], last: Moment | None, told: Connection) -> None:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    output = os.open("output.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(output, stream)
    _listen(_Told(told, last))
    cli.main(["run"])


class _Told:
    """Tells what this process comes by, until its last moment."""

    def __init__(self, told: Connection, last: Moment | None) -> None:
        self._told = told
        self._last = last
        self._left = last.number if last else 0
        self.begin(START)

    def begin(self, stage: str) -> None:
        self._stage = stage
        self.event("begin")

    def end_of_start(self) -> None:
        if self._stage == START:
            self.event("end")

    def event(self, kind: str) -> None:
        self._told.send(Event(self._stage, kind, time.time()))
        if self._last is None or self._stage != self._last.stage:
            return
        self._left -= kind == self._last.kind
        if not self._left or kind == "end":
            os.kill(os.getpid(), signal.SIGKILL)


def _listen(told: _Told) -> None:
    """Have the functions that a run comes by tell so."""
    init, leave = StageRun.__init__, StageRun.__exit__
    opened, run = Warehouse._open, neo4j.ManagedTransaction.run

    def begin(self: StageRun, *arguments: Any) -> None:
        told.end_of_start()
        init(self, *arguments)
        told.begin(self.name)

    def end(self: StageRun, *arguments: Any) -> None:
        leave(self, *arguments)
        told.event("end")

    def run_and_tell(self: Any, query: Any, *arguments: Any, **more: Any) -> Any:
        result = run(self, query, *arguments, **more)
        if "UNWIND $rows" in str(query):
            result.peek()
            told.event("graph")
        return result

    StageRun.__init__ = begin  # type: ignore[method-assign, assignment]
    StageRun.__exit__ = end  # type: ignore[method-assign]
    Warehouse._open = lambda self: _Connection(opened(self), told)  # type: ignore[method-assign, assignment, return-value]
    neo4j.ManagedTransaction.run = run_and_tell  # type: ignore[method-assign]
    files.os = _Os(told)  # type: ignore[assignment]


class _Connection:
    """A connection to DuckDB that tells of the statements inside its transactions."""

    def __init__(self, connection: Any, told: _Told) -> None:
        self._connection = connection
        self._told = told
        self._inside = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def begin(self) -> None:
        self._connection.begin()
        self._inside = True

    def commit(self) -> None:
        self._inside = False
        self._connection.commit()

    def rollback(self) -> None:
        self._inside = False
        self._connection.rollback()

    def execute(self, *arguments: Any) -> Any:
        result = self._connection.execute(*arguments)
        if self._inside:
            self._told.event("transaction")
        return result


class _Os:
    """`os` as the module of the export files sees it."""

    def __init__(self, told: _Told) -> None:
        self._told = told

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def replace(self, *arguments: Any) -> None:
        self._told.event("file")
        os.replace(*arguments)
