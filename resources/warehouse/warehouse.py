"""One DuckDB file of a corpus: opening and waiting for it, its schema, rows in and out as dataclasses.

What the rows mean and when they are current is the ledger's business, not this module's.
"""

import dataclasses
import json
import re
import threading
import time
import types
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import duckdb
import orjson
from filelock import FileLock

from resources.catalogue import catalogue
from resources.errors import WarehouseError
from resources.warehouse.schema import bring_up, schema_of

_HEADER_BYTES = 3 * 4096
KEYED_TABLES = frozenset({"done", "drops", "materializations"})
if TYPE_CHECKING:  # loading it takes as long as `graphtutor status` does altogether, which needs none of it
    import pandas as pd

Connection = duckdb.DuckDBPyConnection
Row = TypeVar("Row")

_process_locks: dict[Path, threading.RLock] = {}
_registry_lock = threading.Lock()


class Warehouse:
    """Short connections to one DuckDB file.

    DuckDB lets one process hold a file open for writing, so a connection lives for one unit of work and a
    locked file is waited for.

    Args:
        path: the file; made with its folder on first use.
        wait_s: how many seconds another process's lock is waited for.
    """

    def __init__(self, path: Path, wait_s: float = 60.0) -> None:
        self.path = path.resolve()
        self.wait_s = wait_s
        with _registry_lock:
            self._lock = _process_locks.setdefault(self.path, threading.RLock())
        self._opened: Connection | None = None

    def exists(self) -> bool:
        """Whether the file was ever made."""
        return self.path.exists()

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """A connection for one unit of work, with the schema in place.

        Opening takes some 40 ms: a unit of work inside another one of the same thread shares its connection.

        Raises:
            WarehouseError: locked for longer than `wait_s`, unwritable, full, damaged or of another version.
        """
        with self._lock:
            outer = self._opened
            connection = outer or self._open()
            try:
                if outer is None:
                    bring_up(connection, schema_of(catalogue()), self.path)
                    self._opened = connection
                yield connection
            except (duckdb.IOException, duckdb.FatalException) as error:
                raise _explained(error, self.path) from error
            except duckdb.TransactionException as error:
                # A full disk shows when a transaction is committed; other errors of this type are bugs.
                if "could not write" not in str(error).lower():
                    raise
                raise _explained(error, self.path) from error
            finally:
                if outer is None:
                    self._opened = None
                    connection.close()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A connection inside one transaction: all of it happens, or nothing."""
        with self.connect() as connection:
            connection.begin()
            try:
                yield connection
            except BaseException:
                connection.rollback()
                raise
            connection.commit()

    def rows(
        self, row_type: type[Row], sql: str, parameters: Sequence[object] | Mapping[str, object] = ()
    ) -> list[Row]:
        """Rows of a query as `row_type`; columns are matched by name, further columns are left out."""
        with self.connect() as connection:
            return read_rows(connection, row_type, sql, parameters)

    def tuples(
        self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()
    ) -> list[tuple[Any, ...]]:
        """Rows of a query as they come."""
        with self.connect() as connection:
            return connection.execute(sql, parameters).fetchall()

    def frame(self, sql: str, parameters: Sequence[object] = ()) -> "pd.DataFrame":
        """Rows of a query as a DataFrame."""
        with self.connect() as connection:
            return connection.execute(sql, parameters).df()

    def scalar(self, sql: str, parameters: Sequence[object] = ()) -> Any:
        """The first column of the first row, or None."""
        with self.connect() as connection:
            # All of it is fetched: a result that is left open blocks what comes next on this connection.
            rows = connection.execute(sql, parameters).fetchall()
            return rows[0][0] if rows else None

    def _open(self) -> Connection:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise WarehouseError(
                f"{self.path} cannot be written ({error.strerror}): choose another --workspace or mend its "
                "permissions."
            ) from error
        deadline = time.monotonic() + self.wait_s
        pause_s = 0.02
        while True:
            try:
                return duckdb.connect(str(self.path))
            except duckdb.IOException as error:
                if not _LOCKED.search(str(error)):
                    if self._made_anew():
                        continue
                    raise _explained(error, self.path) from error
                if time.monotonic() > deadline:
                    raise WarehouseError(
                        f"{self.path} has been locked by another program for {self.wait_s:g} s: close the "
                        "DuckDB shell or run that holds it open, then run again."
                    ) from error
            time.sleep(pause_s)
            pause_s = min(pause_s * 2, 0.5)

    def _made_anew(self) -> bool:
        """Replace a file whose maker was killed, or found the disk full, before its headers were whole: it
        never held anything. False for any other file."""
        with FileLock(f"{self.path}.lock"):
            if not self.path.is_file() or self.path.stat().st_size >= _HEADER_BYTES:
                return False
            if self.path.read_bytes()[8:12].strip(b"\0") not in (b"", b"DUCK"):
                return False  # somebody's own
            self.path.unlink()
            try:
                duckdb.connect(str(self.path)).close()
            except duckdb.IOException as error:
                raise _explained(error, self.path) from error
            return True


# The messages name the file, whose path may hold any word: blocks.duckdb, workspace/.
_LOCKED = re.compile(r"could not set lock|conflicting lock|used by another process", re.IGNORECASE)
_FULL = re.compile(r"no space left|disk quota exceeded|not enough space", re.IGNORECASE)


def _explained(error: duckdb.Error, path: Path) -> WarehouseError:
    first_line = str(error).splitlines()[0]
    if _FULL.search(first_line):
        return WarehouseError(
            f"The disk is full: free some space on the disk of {path} and run again; what is done is kept."
        )
    return WarehouseError(
        f"{path} cannot be used ({first_line}): check its permissions and the disk, then run again."
    )


def insert_rows(
    connection: Connection,
    table: str,
    rows: Sequence[Any],
    extra: Mapping[str, Sequence[object]] | None = None,
) -> None:
    """Write dataclass rows to `table`, replacing those of equal primary key; `extra` are further columns.

    Tuples, lists and mappings become JSON. `table` is a name of ours, never data.

    Raises:
        WarehouseError: a text holds half of a surrogate pair, which cannot be stored as UTF-8.
    """
    if not rows:
        return
    import pandas as pd

    names = [f.name for f in dataclasses.fields(rows[0])]
    columns: dict[str, Any] = {name: [_to_column(getattr(row, name)) for row in rows] for name in names}
    columns |= dict(extra or {})
    batch = pd.DataFrame({name: pd.Series(values, dtype="object") for name, values in columns.items()})
    connection.register("batch", batch)
    listed = ", ".join(batch.columns)
    replacing = "OR REPLACE " if table in KEYED_TABLES else ""
    try:
        connection.execute(f"INSERT {replacing}INTO {table} ({listed}) SELECT {listed} FROM batch")
    except duckdb.InvalidInputException as error:
        if "surrogate" not in str(error):
            raise
        raise WarehouseError(
            f"A text for the table {table} holds half of a surrogate pair (\\ud800 to \\udfff), which is no "
            "character: find it in the documents or the configuration and write it anew."
        ) from error
    connection.unregister("batch")


def read_rows(
    connection: Connection,
    row_type: type[Row],
    sql: str,
    parameters: Sequence[object] | Mapping[str, object] = (),
) -> list[Row]:
    """Rows of a query as instances of the dataclass `row_type`; JSON columns become tuples or dicts."""
    cursor = connection.execute(sql, parameters)
    position = {column[0]: i for i, column in enumerate(cursor.description or ())}
    hints = typing.get_type_hints(row_type)
    plan = [(position[f.name], _converter(hints[f.name])) for f in dataclasses.fields(row_type)]  # type: ignore[arg-type]
    return [
        row_type(*[row[i] if convert is None else convert(row[i]) for i, convert in plan])
        for row in cursor.fetchall()
    ]


def _to_column(value: object) -> object:
    if isinstance(value, tuple | list | Mapping):
        return json.dumps(value, ensure_ascii=False)
    return str(value) if isinstance(value, Path) else value


def _converter(hint: Any) -> Callable[[Any], Any] | None:
    """How a column of this type is read: JSON columns become tuples or dicts, paths become paths; None for
    all others."""
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        convert = _converter(next(arg for arg in typing.get_args(hint) if arg is not type(None)))
        return convert and (lambda value: None if value is None else convert(value))
    if origin is tuple:
        return lambda value: _tuples(orjson.loads(value))
    if origin in (Mapping, dict):
        return orjson.loads
    return Path if hint is Path else None


def _tuples(value: Any) -> Any:
    return tuple(_tuples(v) for v in value) if isinstance(value, list) else value
