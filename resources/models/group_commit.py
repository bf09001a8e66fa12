"""Rows of many coroutines written together: what arrives while a write is under way goes into the next one.
Knows nothing of SQL."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Generic, TypeVar

Row = TypeVar("Row")


class GroupCommit(Generic[Row]):
    """Hands rows to `write`, which stores a list of them for good and says of each whether it was new.

    `write` runs in a thread of its own, so that the event loop never waits for the disk.
    """

    def __init__(self, write: Callable[[list[Row]], list[bool]]) -> None:
        self._write = write
        self._waiting: list[tuple[Row, asyncio.Future[bool]]] = []
        self._under_way: asyncio.Future[list[bool]] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="response-store")

    async def put(self, row: Row) -> bool:
        """Stored for good when this returns; stored all the same if the caller is cancelled meanwhile."""
        written: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((row, written))
        if self._under_way is None:
            self._begin()
        return await written

    async def close(self) -> None:
        """Waits until all rows are stored."""
        while self._under_way is not None:
            await asyncio.wait([self._under_way])
        self._thread.shutdown()

    def _begin(self) -> None:
        group, self._waiting = self._waiting, []
        rows = [row for row, _ in group]
        self._under_way = asyncio.get_running_loop().run_in_executor(self._thread, self._write, rows)
        self._under_way.add_done_callback(partial(self._ended, group))

    def _ended(
        self, group: list[tuple[Row, asyncio.Future[bool]]], write: "asyncio.Future[list[bool]]"
    ) -> None:
        self._under_way = None
        if self._waiting:
            self._begin()
        error = write.exception()
        news = [False] * len(group) if error is not None else write.result()
        for (_, written), new in zip(group, news, strict=True):
            if written.done():
                continue
            if error is not None:
                written.set_exception(error)
            else:
                written.set_result(new)
