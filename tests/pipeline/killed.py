"""graphtutor that kills its own process (SIGKILL) at a named moment: `killed.py MOMENT NUMBER run …`.

Moments, of which the NUMBER-th is the last of the process:

- `rows:STAGE`: a row of the stage is finished;
- `transaction:STAGE`: inside a DuckDB transaction of the stage, something was written;
- `graph`: inside a transaction of the graph, a statement was executed;
- `export`: an export file is about to take its place.
"""

import os
import signal
import sys
from collections import Counter
from typing import Any

import neo4j

from dagster_project import cli
from kg_assets import ledger, materialize
from kg_assets.export import files

moment, number = sys.argv[1], int(sys.argv[2])
happened: Counter[str] = Counter()
stage = ""


def _die_if(name: str) -> None:
    happened[name] += 1
    if name == moment and happened[name] == number:
        os.kill(os.getpid(), signal.SIGKILL)


_execute = materialize.StageRun.execute
_on_progress = materialize.StageRun._on_progress
_insert_rows = ledger.insert_rows
_run = neo4j.ManagedTransaction.run
_replace = os.replace


def _execute_and_name(self: Any, *arguments: Any, **more: Any) -> Any:
    global stage
    stage = self.stage
    return _execute(self, *arguments, **more)


def _progress_and_die(self: Any, done: int) -> None:
    _on_progress(self, done)
    _die_if(f"rows:{self.stage}")


def _insert_and_die(*arguments: Any, **more: Any) -> None:
    _insert_rows(*arguments, **more)
    _die_if(f"transaction:{stage}")


def _run_and_die(self: Any, query: Any, *arguments: Any, **more: Any) -> Any:
    result = _run(self, query, *arguments, **more)
    if "UNWIND $rows" in str(query):
        result.peek()
        _die_if("graph")
    return result


class _Os:
    """`os` as the export files see it."""

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def replace(self, *arguments: Any) -> None:
        _die_if("export")
        _replace(*arguments)


# A stage that has nothing to do would be left as it was, and its moments would not come.
materialize.StageRun.as_it_was = lambda self, holds=None: None  # type: ignore[method-assign, assignment]
materialize.StageRun.execute = _execute_and_name  # type: ignore[method-assign]
materialize.StageRun._on_progress = _progress_and_die  # type: ignore[method-assign]
ledger.insert_rows = _insert_and_die
neo4j.ManagedTransaction.run = _run_and_die  # type: ignore[method-assign]
files.os = _Os()  # type: ignore[assignment]

cli.main(sys.argv[3:])
