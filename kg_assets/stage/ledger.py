"""The row ledger every stage uses: which rows are memoised, which are pending, which were dropped and why.

A stage hands over work items with their keys, or the query that finds them, and a function that does one; the
ledger runs it for the pending ones only, stores results in transactions, and counts. It knows nothing of
Dagster and of what a row means.
"""

import time
from collections.abc import Callable, Coroutine, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from resources.errors import CallFailed
from resources.models.types import Ask
from resources.warehouse.warehouse import Connection, Warehouse, insert_rows

T = TypeVar("T")

FLUSH_ROWS = 500
FLUSH_ROWS_UNPAID = 5000
FLUSH_SECONDS = 2.0
TRANSIENT_REASONS = frozenset(
    {"timeout", "server_error", "connection", "rate_limited", "bad_vectors", "no_reader"}
)
"""Failures of the surroundings, not of the row: tried again in the next run although the key is the same."""


class Dropped(Exception):
    """Raised by a stage for one row that cannot be used; the ledger records it.

    Args:
        reason: machine-readable, snake case.
        detail: one sentence for people.
        raw: what the model answered, or the offending input.
    """

    def __init__(self, reason: str, detail: str, raw: str = "") -> None:
        super().__init__(detail)
        self.reason = reason
        self.raw = raw


@dataclass(frozen=True, slots=True)
class DroppedPart:
    """Returned by a stage among the rows of one item: a part of it that cannot be used, while the rest can.
    It is a drop like any other, but the item counts as done. `raw` is what was left out."""

    reason: str
    detail: str
    raw: str = ""


@dataclass(frozen=True, slots=True)
class WorkItem(Generic[T]):
    """One row in. `item_id` is its identity now, `key` the fingerprint of all that can change its result;
    `parent_id` is the row upstream that it belongs to now, such as a question's subgraph."""

    item_id: str
    key: str
    payload: T
    document_id: str | None = None
    parent_id: str | None = None


@dataclass(frozen=True, slots=True)
class Query(Generic[T]):
    """Work items that DuckDB finds and keys by itself, so that only the pending ones ever become objects.

    `sql` selects `position` (unique), `item_id` and `key`; `load` gives the payloads of item ids.
    """

    sql: str
    parameters: Mapping[str, object]
    load: Callable[[Sequence[str]], Mapping[str, T]]


@dataclass(frozen=True, slots=True)
class Drop:
    """A row that could not be used: why, and what came back. `retry` rows are tried again in the next run."""

    stage: str
    key: str
    item_id: str
    document_id: str | None
    reason: str
    detail: str
    raw: str
    retry: bool
    run_id: str = ""
    dropped_at: str = ""


@dataclass(frozen=True, slots=True)
class Counts:
    """rows_in = new + reused + dropped, always; `rows_out` are the rows that came of them."""

    rows_in: int
    new: int
    reused: int
    dropped: int
    rows_out: int


Items = Sequence[WorkItem[T]] | Query[T]
Work = Callable[[WorkItem[T], Ask], Coroutine[Any, Any, Sequence[Any]]]
Outcome = Sequence[Any] | Dropped | CallFailed
OutcomeWork = Callable[[WorkItem[T], Ask], Coroutine[Any, Any, Outcome]]
MapCalls = Callable[[Iterable[WorkItem[T]], OutcomeWork[T]], Iterator[tuple[WorkItem[T], Outcome]]]
"""How work is run: `serially`, or a model gateway's `map`. Yields in order of completion."""


def serially(items: Iterable[WorkItem[T]], work: OutcomeWork[T]) -> Iterator[tuple[WorkItem[T], Outcome]]:
    """Run work that asks no model and so waits for nothing, one item after the other."""
    for item in items:
        yield item, _at_once(work(item, _no_model))


def _at_once(coroutine: Coroutine[Any, Any, Outcome]) -> Outcome:
    """The result of a coroutine that never waits: an event loop would cost more than most of the work."""
    try:
        coroutine.send(None)
    except StopIteration as returned:
        outcome: Outcome = returned.value
        return outcome
    coroutine.close()
    raise RuntimeError("this stage was started without a model, and its work waits for something")


async def _no_model(_request: object) -> Any:
    raise RuntimeError("this stage was started without a model")


async def as_it_is(item: WorkItem[Any], _ask: Ask) -> list[Any]:
    """Work of stages whose rows are planned already: the payload is the row."""
    return [item.payload]


@dataclass
class Ledger:
    """Memoised execution of one stage.

    Args:
        warehouse: the corpus' DuckDB file.
        stage: the asset's name.
        run_id: the Dagster run, kept beside each row.
        on_progress: called with the number of items that just finished.
        table: where its rows go; of the stage's own name if none is named.

    Attributes:
        rows_in: how many items the stage has, once `pending` has looked.
        data_version: hash of the ordered items and their keys, once `execute` has made them current.
    """

    warehouse: Warehouse
    stage: str
    run_id: str
    on_progress: Callable[[int], None] = lambda _n: None
    table: str = ""
    rows_in: int = field(default=0, init=False)
    data_version: str = field(default="", init=False)
    _planned_in: Connection | None = field(default=None, init=False)
    _finished: list[tuple[str, Sequence[Any]]] = field(default_factory=list)
    _dropped: list[Drop] = field(default_factory=list)
    _computed: set[str] = field(default_factory=set)
    _waiting: int = field(default=0, init=False)
    _flush_rows: int = field(default=FLUSH_ROWS, init=False)
    _flushed_at: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.table = self.table or self.stage

    def pending(self, items: Items[T]) -> list[WorkItem[T]]:
        """Items whose key was never finished, the first of each key, in order."""
        with self.warehouse.connect() as connection:
            self._plan(connection, items)
            ((self.rows_in,),) = connection.execute("SELECT count(*) FROM planned").fetchall()
            found = connection.execute(_PENDING, [self.stage, self.stage]).fetchall()
            if not isinstance(items, Query):
                return [items[position] for position, _, _ in found]
            payloads = items.load([item_id for _, item_id, _ in found]) if found else {}
            return [WorkItem(item_id, key, payloads[item_id]) for _, item_id, key in found]

    def execute(
        self,
        items: Items[T],
        pending: Sequence[WorkItem[T]],
        work: Work[T],
        run: MapCalls[T] = serially,
    ) -> Counts:
        """Do what is `pending` of `items`, make `items` the current rows of the stage, and count.

        Whatever was finished when an exception comes is stored before it goes on to the caller.

        Raises:
            RuntimeError: an item has neither a result nor a drop, so it would be lost silently.
        """

        async def dropping(item: WorkItem[T], ask: Ask) -> Outcome:
            def ask_for_stage(request: Any, /) -> Any:
                return ask(replace(request, stage=request.stage or self.stage))  # what it is charged to

            try:
                return await work(item, ask_for_stage)
            except Dropped as dropped:
                return dropped

        # Nothing is paid for what asks no model: it can be done again.
        self._flush_rows = FLUSH_ROWS_UNPAID if run is serially else FLUSH_ROWS
        outcomes = run(pending, dropping) if pending else iter(())
        try:
            for item, outcome in outcomes:
                self._take(item, outcome)
                self.on_progress(1)
        finally:
            # A traceback keeps a generator alive, and with it model calls that nobody would store.
            if isinstance(outcomes, Generator):
                outcomes.close()
            self._flush()
        return self._make_current(items)

    def _take(self, item: WorkItem[Any], outcome: Outcome) -> None:
        if isinstance(outcome, Dropped | CallFailed):
            retry = outcome.reason in TRANSIENT_REASONS
            self._dropped.append(
                Drop(
                    self.stage,
                    item.key,
                    item.item_id,
                    item.document_id,
                    outcome.reason,
                    str(outcome),
                    outcome.raw,
                    retry,
                )
            )
        else:
            self._finished.append((item.key, outcome))
            self._computed.add(item.key)
        self._waiting += 1 if isinstance(outcome, Dropped | CallFailed) else max(1, len(outcome))
        if self._waiting >= self._flush_rows or time.monotonic() - self._flushed_at > FLUSH_SECONDS:
            self._flush()

    def _flush(self) -> None:
        """Write what is finished in one transaction: a key is done exactly if all its rows are there."""
        if self._finished or self._dropped:
            with self.warehouse.transaction() as connection:
                self._write(connection)
            self._finished.clear()
            self._dropped.clear()
            self._waiting = 0
        self._flushed_at = time.monotonic()

    def _write(self, connection: Connection) -> None:
        now = utc_now()
        keys = [key for key, _ in self._finished] + [drop.key for drop in self._dropped]
        # Another process may have run the same stage meanwhile: its rows stay, ours would double them.
        there = _keys(
            connection, "SELECT key FROM done WHERE stage = ? AND key IN (SELECT unnest(?))", self.stage, keys
        )
        outcomes = {key: made for key, made in self._finished if key not in there}
        finished = {
            key: [row for row in made if not isinstance(row, DroppedPart)] for key, made in outcomes.items()
        }
        parts = [
            _StoredPart(self.stage, key, i, part.reason, part.detail, part.raw, now)
            for key, made in outcomes.items()
            for i, part in enumerate(row for row in made if isinstance(row, DroppedPart))
        ]
        rows = [row for made in finished.values() for row in made]
        key_of_row = [key for key, made in finished.items() for _ in made]
        order = [i for made in finished.values() for i in range(len(made))]
        insert_rows(connection, self.table, rows, {"key": key_of_row, "row_index": order})
        insert_rows(connection, "dropped_parts", parts)
        insert_rows(
            connection,
            "done",
            [_Done(self.stage, key, len(made), self.run_id, now) for key, made in finished.items()],
        )
        connection.execute(
            "DELETE FROM drops WHERE stage = ? AND key IN (SELECT unnest(?))",
            [self.stage, [key for key, _ in self._finished]],
        )
        dropped = [
            replace(d, run_id=self.run_id, dropped_at=now) for d in self._dropped if d.key not in there
        ]
        insert_rows(connection, "drops", dropped)

    def _plan(self, connection: Connection, items: Items[Any]) -> None:
        """Lay the items out in the table `planned`, which lasts as long as the connection."""
        if self._planned_in is connection:
            return
        connection.execute(_PLANNED)
        if isinstance(items, Query):
            found = f"SELECT position, item_id, key, NULL, NULL FROM ({items.sql})"
            connection.execute(f"INSERT INTO planned {found}", items.parameters)
        else:
            rows = [
                _Planned(i, item.item_id, item.key, item.document_id, item.parent_id)
                for i, item in enumerate(items)
            ]
            insert_rows(connection, "planned", rows)
        self._planned_in = connection

    def _make_current(self, items: Items[Any]) -> Counts:
        with self.warehouse.transaction() as connection:
            self._plan(connection, items)
            connection.execute("DELETE FROM current_items WHERE stage = ?", [self.stage])
            connection.execute("INSERT INTO current_items SELECT ?, * FROM planned", [self.stage])
            parameters = {"stage": self.stage, "computed": list(self._computed)}
            ((rows_in, dropped, lost, new, self.data_version),) = connection.execute(
                _COUNTS, parameters
            ).fetchall()
            if lost:
                raise RuntimeError(
                    f"{self.stage}: {lost} rows have neither a result nor a drop; this is a bug"
                )
            ((rows_out,),) = connection.execute(
                f"SELECT count(*) FROM {self.table} t JOIN planned USING (key)"
            ).fetchall()
        return Counts(rows_in, new, rows_in - new - dropped, dropped, rows_out)


_PLANNED = (
    "CREATE OR REPLACE TEMP TABLE planned "
    "(position INTEGER, item_id VARCHAR, key VARCHAR, document_id VARCHAR, parent_id VARCHAR)"
)
_PENDING = """
    SELECT position, item_id, key FROM planned p
    ANTI JOIN (SELECT key FROM done WHERE stage = ?) USING (key)
    ANTI JOIN (SELECT key FROM drops WHERE stage = ? AND NOT retry) USING (key)
    QUALIFY row_number() OVER (PARTITION BY key ORDER BY position) = 1 ORDER BY position
"""
_COUNTS = """
    WITH done_keys AS (SELECT key FROM done WHERE stage = $stage),
        dropped_keys AS (SELECT key FROM drops WHERE stage = $stage),
        computed_keys AS (SELECT unnest($computed::VARCHAR[]) AS key)
    SELECT
        (SELECT count(*) FROM planned),
        (SELECT count(*) FROM planned SEMI JOIN dropped_keys USING (key)),
        (SELECT count(DISTINCT key) FROM planned ANTI JOIN dropped_keys USING (key)
            ANTI JOIN done_keys USING (key)),
        (SELECT count(DISTINCT key) FROM planned SEMI JOIN computed_keys USING (key)
            ANTI JOIN dropped_keys USING (key)),
        (SELECT sha256(coalesce(string_agg(
            item_id || chr(31) || key || chr(31) || coalesce(parent_id, ''), chr(30) ORDER BY position
        ), ''))[:32] FROM planned)
"""


def _keys(connection: Connection, sql: str, *parameters: object) -> set[str]:
    return {key for (key,) in connection.execute(sql, parameters).fetchall()}


@dataclass(frozen=True, slots=True)
class _Done:
    stage: str
    key: str
    rows: int
    run_id: str
    finished_at: str


@dataclass(frozen=True, slots=True)
class _StoredPart:
    stage: str
    key: str
    part_index: int
    reason: str
    detail: str
    raw: str
    dropped_at: str


@dataclass(frozen=True, slots=True)
class _Planned:
    position: int
    item_id: str
    key: str
    document_id: str | None
    parent_id: str | None


def utc_now() -> str:
    """The time as ISO 8601 in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
