"""Every model response on disk, durable before anybody sees it; the failed attempts beside them, and what was
learned about each endpoint. SQL stays in this module and `response_store.sql`; what a response means does
not."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from importlib.resources import files
from itertools import chain, groupby
from operator import attrgetter
from pathlib import Path
from typing import Any

from resources.errors import TutorError
from resources.models.group_commit import GroupCommit
from resources.models.loop import MODEL_CALLS

_SCHEMA_VERSION = 1
_BUSY_TIMEOUT_S = 60.0


class ResponseStoreError(TutorError):
    """The file of responses is locked, unreadable, full, or of a newer version."""


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """One row of `responses`. `request` is the body that was sent and `raw` the body that came back, both
    JSON text without secrets; `first_token` is a JSON list of `[token, logprob]`; `created_at` is ISO 8601
    in UTC. Of embeddings `text` holds the vectors (`embeddings.packed`) and `raw` the answer without them."""

    key: str
    created_at: str
    corpus: str
    stage: str
    item_id: str
    document_id: str | None
    role: str
    model: str
    revision: str
    request: str
    raw: str
    text: str
    reasoning: str
    finish_reason: str
    first_token: str
    prompt_tokens: int
    completion_tokens: int
    usage_estimated: bool
    latency_s: float
    cost_usd: float | None


@dataclass(frozen=True, slots=True)
class FailedAttempt:
    """One row of `attempts`: an HTTP request without a usable response. Its tokens are those it was billed
    for, 0 where nothing is known; `status` is the HTTP status, None where no answer came."""

    created_at: str
    corpus: str
    stage: str
    item_id: str
    role: str
    model: str
    key: str
    status: int | None
    reason: str
    detail: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = None


@dataclass(frozen=True, slots=True)
class PaidCall:
    """A response, or (not `answered`) a failed attempt that was billed; `number` is its row in the store."""

    number: int
    answered: bool
    stage: str
    role: str
    model: str
    item_id: str
    document_id: str | None
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over responses and failed attempts. `cost_usd` is None if no call had a price, and then and
    otherwise `unpriced_calls` says how many of the `calls` it leaves out. `calls` are requests with a
    response."""

    calls: int
    failed_attempts: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None
    unpriced_calls: int

    @property
    def tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens


def utc_now() -> str:
    """The time as the store writes it: ISO 8601, UTC, milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@dataclass(frozen=True, slots=True)
class KnownDialect:
    """One row of `dialects`: JSON text about how an endpoint is written to, so that the next run need not
    find it out by refusals."""

    endpoint: str
    model: str
    dialect: str
    updated_at: str


Row = StoredResponse | FailedAttempt | KnownDialect


@dataclass(frozen=True, slots=True)
class _Table:
    """How rows of one kind are written; `insert` is all of the SQL but the values."""

    insert: str
    row: str
    values: Callable[[Any], tuple[object, ...]]


def _table(name: str, row: type, insert: str = "INSERT") -> _Table:
    names = [field.name for field in fields(row)]
    places = f"({', '.join('?' * len(names))})"
    return _Table(f"{insert} INTO {name} ({', '.join(names)}) VALUES ", places, attrgetter(*names))


_TABLES: dict[type[Row], _Table] = {
    StoredResponse: _table("responses", StoredResponse, "INSERT OR IGNORE"),
    FailedAttempt: _table("attempts", FailedAttempt),
    KnownDialect: _table("dialects", KnownDialect, "INSERT OR REPLACE"),
}
_MOST_ROWS = 500
"""In one statement, which SQLite limits to 32,766 values."""
_RESPONSE_COLUMNS = [field.name for field in fields(StoredResponse)]
_SELECT_RESPONSE = f"SELECT {', '.join(_RESPONSE_COLUMNS)} FROM responses WHERE key = ?"
_SUMS = """
SELECT count(*), coalesce(sum(prompt_tokens), 0), coalesce(sum(completion_tokens), 0), sum(cost_usd),
    count(*) - count(cost_usd)
FROM {table}
WHERE (?1 IS NULL OR corpus = ?1) AND (?2 IS NULL OR stage = ?2) AND (?3 IS NULL OR created_at >= ?3)
"""


class ResponseStore:
    """The SQLite file `path` (created with its folder), shared by threads and by processes.

    Reads change nothing in the file. Raises ResponseStoreError.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._group: GroupCommit[Row] = GroupCommit(self.put)
        self._writing = threading.Lock()
        self._reading = threading.Lock()
        with self._explained():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = self._connect()
            self._create()
            self._reader = self._connect()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    def _create(self) -> None:
        version = self._writer.execute("PRAGMA user_version").fetchone()[0]
        if version > _SCHEMA_VERSION:
            raise ResponseStoreError(f"{self.path} was written by a newer graphtutor: upgrade graphtutor.")
        if version == _SCHEMA_VERSION:
            return
        # SQLite does not wait for its busy timeout when two processes change the journal mode at once.
        deadline = time.monotonic() + _BUSY_TIMEOUT_S
        while True:
            try:
                self._writer.execute("PRAGMA journal_mode = WAL")
                break
            except sqlite3.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
        schema = files("resources.models").joinpath("response_store.sql").read_text(encoding="utf-8")
        self._writer.executescript(
            f"BEGIN IMMEDIATE; {schema} PRAGMA user_version = {_SCHEMA_VERSION}; COMMIT;"
        )

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise ResponseStoreError(
                f"The model responses in {self.path} cannot be read or written ({error}): check the disk "
                "space, the permissions, and that the file is on a local disk."
            ) from error

    def close(self) -> None:
        MODEL_CALLS.run(self._group.close())
        with self._writing, self._reading:
            self._writer.close()
            self._reader.close()

    def __enter__(self) -> "ResponseStore":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def get(self, key: str) -> StoredResponse | None:
        """The response to the request of this key, or None."""
        with self._explained(), self._reading:
            row = self._reader.execute(_SELECT_RESPONSE, (key,)).fetchone()
        if row is None:
            return None
        values = dict(zip(_RESPONSE_COLUMNS, row, strict=True))
        values["usage_estimated"] = bool(values["usage_estimated"])
        return StoredResponse(**values)

    async def keep(self, row: Row) -> bool:
        """`put` for the event loop of the calls: one transaction for all rows that arrived while the last
        was written."""
        return await self._group.put(row)

    def put(self, rows: Sequence[Row]) -> list[bool]:
        """Writes rows in one transaction; on the disk when this returns. False for a response whose key was
        there: the first one stays, so that all processes go on with the same."""
        with self._explained(), self._writing:
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                new = [is_new for _, some in groupby(rows, type) for is_new in self._insert(list(some))]
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise
        return new

    def _insert(self, rows: list[Row]) -> list[bool]:
        """Inserts rows of one kind, many in a statement: the thread has to win the interpreter back after
        each, which takes longer than the statement while the event loop is busy."""
        table = _TABLES[type(rows[0])]
        new: list[bool] = []
        for start in range(0, len(rows), _MOST_ROWS):
            some = rows[start : start + _MOST_ROWS]
            new += self._are_new(some)
            statement = table.insert + ", ".join([table.row] * len(some))
            self._writer.execute(statement, tuple(chain.from_iterable(map(table.values, some))))
        return new

    def _are_new(self, rows: Sequence[Row]) -> list[bool]:
        keys = [row.key for row in rows if isinstance(row, StoredResponse)]
        if not keys:
            return [True] * len(rows)
        places = ", ".join("?" * len(keys))
        found = self._writer.execute(f"SELECT key FROM responses WHERE key IN ({places})", keys).fetchall()
        there = {key for (key,) in found}
        new = []
        for key in keys:
            new.append(key not in there)
            there.add(key)
        return new

    def pack(self, target: Path) -> int:
        """Write all of the store into the one file `target`, for use elsewhere; returns its responses.

        It holds what was sent to the models, and so the text of the documents, but no keys.

        Raises:
            ResponseStoreError: `target` exists or cannot be written.
        """
        if target.exists():
            raise ResponseStoreError(f"{target} exists: name a file that does not.")
        with self._explained():
            target.parent.mkdir(parents=True, exist_ok=True)
            # Read from a connection of its own: others go on reading and writing meanwhile.
            with closing(self._connect()) as connection:
                connection.execute("VACUUM INTO ?", (str(target),))
            with closing(sqlite3.connect(target)) as packed:
                return int(packed.execute("SELECT count(*) FROM responses").fetchone()[0])

    def add(self, source: Path) -> int:
        """Take over the responses of a packed store, and what it knows of endpoints; returns how many were
        new. What is here already stays as it is.

        Raises:
            ResponseStoreError: `source` is no response store, or one of a newer version.
        """
        if not source.is_file():
            raise ResponseStoreError(f"There is no file {source}: name one that `responses pack` wrote.")
        names = ", ".join(_RESPONSE_COLUMNS)
        with self._explained(), closing(self._connect()) as connection:
            try:
                connection.execute("ATTACH ? AS other", (str(source),))
                version = connection.execute("PRAGMA other.user_version").fetchone()[0]
            except sqlite3.DatabaseError as error:
                raise ResponseStoreError(
                    f"{source} is no response store ({error}): name a file that `responses pack` wrote."
                ) from error
            if version != _SCHEMA_VERSION:
                raise ResponseStoreError(
                    f"{source} is no response store of this version of graphtutor (its version is {version}, "
                    f"{_SCHEMA_VERSION} is needed)."
                )
            added = connection.execute(
                f"INSERT OR IGNORE INTO main.responses ({names}) SELECT {names} FROM other.responses"
            ).rowcount
            connection.execute("INSERT OR IGNORE INTO main.dialects SELECT * FROM other.dialects")
        return int(added)

    def totals(
        self, corpus: str | None = None, stage: str | None = None, since: datetime | None = None
    ) -> Totals:
        """What was really called and paid, by corpus, stage and time; None means all. `since` is time-zone
        aware."""
        start = None if since is None else since.astimezone(UTC).isoformat(timespec="milliseconds")
        with self._explained(), self._reading:
            paid, lost = (
                self._reader.execute(_SUMS.format(table=table), (corpus, stage, start)).fetchone()
                for table in ("responses", "attempts")
            )
        calls, prompt, completion, cost, unpriced = paid
        failed, lost_prompt, lost_completion, lost_cost, _ = lost
        known = [c for c in (cost, lost_cost) if c is not None]
        return Totals(
            calls=calls,
            failed_attempts=failed,
            prompt_tokens=prompt + lost_prompt,
            completion_tokens=completion + lost_completion,
            cost_usd=sum(known) if known else None,
            unpriced_calls=unpriced,
        )

    def paid_calls(self, corpus: str, after: int = 0, failed_after: int = 0) -> list[PaidCall]:
        """The corpus' responses after row `after`, its billed failed attempts after row `failed_after`."""
        with self._explained(), self._reading:
            rows = self._reader.execute(
                "SELECT rowid, 1, stage, role, model, item_id, document_id, prompt_tokens, "
                "completion_tokens, cost_usd FROM responses WHERE corpus = ?1 AND rowid > ?2 "
                "UNION ALL SELECT rowid, 0, stage, role, model, item_id, NULL, prompt_tokens, "
                "completion_tokens, cost_usd FROM attempts "
                "WHERE corpus = ?1 AND rowid > ?3 AND prompt_tokens + completion_tokens > 0",
                (corpus, after, failed_after),
            ).fetchall()
        return [PaidCall(number, bool(answered), *rest) for number, answered, *rest in rows]

    def is_older_than(self, response: int, attempt: int) -> bool:
        """Whether the store has fewer rows than it once had: it was deleted and made anew."""
        with self._explained(), self._reading:
            rows = [
                self._reader.execute(f"SELECT coalesce(max(rowid), 0) FROM {table}").fetchone()[0]
                for table in ("responses", "attempts")
            ]
        return bool(rows[0] < response or rows[1] < attempt)

    def dialect(self, endpoint: str, model: str) -> str | None:
        """What is known of this endpoint and model, as JSON text."""
        with self._explained(), self._reading:
            row = self._reader.execute(
                "SELECT dialect FROM dialects WHERE endpoint = ? AND model = ?", (endpoint, model)
            ).fetchone()
        return None if row is None else str(row[0])

    def forget_dialect(self, endpoint: str, model: str) -> None:
        """For an endpoint that was upgraded: the next request finds out anew what it can do."""
        with self._explained(), self._writing:
            self._writer.execute("DELETE FROM dialects WHERE endpoint = ? AND model = ?", (endpoint, model))
