"""How calls are told to stop. No network and no limits here.

All of it happens in the event loop that the calls run in; other threads go through `call_soon_threadsafe`.
"""

import asyncio
from typing import Any, TypeVar

T = TypeVar("T")


class Stopped(Exception):
    """The batch or gateway that a call belongs to has stopped. Never yielded as a result, never a drop."""


class StopScope:
    """Calls that stop together: those of one batch, or all of one gateway.

    `stop` lets requests that are under way finish (they are paid for) and ends every wait;
    `abort` also gives up what is under way.
    """

    def __init__(self) -> None:
        self.stopped = False
        self._aborted = False
        self._waits: set[asyncio.Future[Any]] = set()
        self._tasks: set[asyncio.Task[Any]] = set()

    def check(self) -> None:
        """Raises Stopped after `stop`."""
        if self.stopped:
            raise Stopped("stopped")

    async def wait(self, future: "asyncio.Future[T]") -> T:
        """The result of a future that nobody else waits for; raises Stopped when stopped before it is
        there."""
        self.check()
        self._waits.add(future)
        try:
            return await future
        finally:
            self._waits.discard(future)

    async def sleep(self, seconds: float) -> None:
        """Sleeps, unless stopped meanwhile: then raises Stopped."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        timer = loop.call_later(max(seconds, 0.0), _wake, future)
        try:
            await self.wait(future)
        finally:
            timer.cancel()

    def stop(self) -> None:
        self.stopped = True
        for future in self._waits:
            if not future.done():
                future.set_exception(Stopped("stopped"))

    def abort(self) -> None:
        self.stop()
        self._aborted = True
        for task in list(self._tasks):
            task.cancel()

    def track(self, task: "asyncio.Task[Any]") -> None:
        """Cancels `task` when the scope is aborted, at once if it already is."""
        self._tasks.add(task)
        if self._aborted:
            task.cancel()

    def untrack(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)


def _wake(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)
