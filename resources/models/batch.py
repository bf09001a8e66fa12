"""Work on many items in the event loop, with results as they arrive and a clean stop. Knows nothing of HTTP.

The items' coroutines run in the loop's thread; whoever takes the results is in another. What passes between
them passes in lists: handing over one by one would wake a thread, and wait for the interpreter, for each.
"""

import asyncio
import queue
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, TypeVar

from resources.errors import CallFailed, EndpointError, TutorError
from resources.models.stopping import Stopped, StopScope
from resources.models.types import Ask

Item = TypeVar("Item")
Result = TypeVar("Result")
ItemWork = Callable[[Item, Ask], Coroutine[Any, Any, Result]]

# How many items are begun or done and not yet taken, for each request at a time: while a response is written
# to the disk or waits to be taken, another item makes use of the connection.
_WINDOW_PER_REQUEST = 2
# Requests under way are paid for; so long they may still come back when nobody can use them any more.
DRAIN_S = 5.0


@dataclass(frozen=True, slots=True)
class _Ended(Generic[Item, Result]):
    """An item whose work is over, with its result in a 1-tuple or the error that ended it."""

    item: Item
    result: tuple[Result, ...]
    error: BaseException | None = None

    @property
    def outcome(self) -> tuple[Item, Result | CallFailed]:
        """The item with its result or its failed call."""
        return self.item, self.error if isinstance(self.error, CallFailed) else self.result[0]

    @property
    def stops(self) -> bool:
        """Whether no other item may be begun after this."""
        return self.error is not None and not isinstance(self.error, CallFailed)


class _Batch(Generic[Item, Result]):
    """Items under way. They run in the loop; `begin`, `next_ended`, `drained` and the count of those
    `running` belong to the thread that takes the results."""

    def __init__(
        self, work: ItemWork[Item, Result], ask: Ask, scope: StopScope, loop: asyncio.AbstractEventLoop
    ) -> None:
        self.running = 0
        self._work = work
        self._ask = ask
        self._scope = scope
        self._loop = loop
        self._ending: list[_Ended[Item, Result]] = []
        self._ended: queue.SimpleQueue[list[_Ended[Item, Result]]] = queue.SimpleQueue()

    def begin(self, items: list[Item]) -> None:
        """Starts the work of `items`."""
        self.running += len(items)
        self._loop.call_soon_threadsafe(self._start, items)

    def next_ended(self, timeout_s: float | None = None) -> list[_Ended[Item, Result]]:
        """Waits until some have ended. Raises queue.Empty when the time is up."""
        ended = self._ended.get(timeout=timeout_s)
        self.running -= len(ended)
        return ended

    def drained(self, patience_s: float | None) -> list[_Ended[Item, Result]]:
        """Stops the batch and waits for all that are running; for ever without `patience_s`: they are paid
        for and come."""
        self._loop.call_soon_threadsafe(self._scope.stop)
        deadline = None if patience_s is None else time.monotonic() + patience_s
        ended: list[_Ended[Item, Result]] = []
        while self.running:
            try:
                ended += self.next_ended(None if deadline is None else max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                self._loop.call_soon_threadsafe(self._scope.abort)
                deadline = None
        return ended

    def _start(self, items: list[Item]) -> None:
        for item in items:
            self._scope.track(self._loop.create_task(self._to_its_end(item)))

    async def _to_its_end(self, item: Item) -> None:
        try:
            ended = _Ended(item, (await self._work(item, self._ask),))
        except BaseException as error:  # it is raised where results are taken
            ended = _Ended(item, (), error)
        task = asyncio.current_task()
        if task is not None:
            self._scope.untrack(task)
        if not self._ending:
            # Together with all that end in the same turn of the loop.
            self._loop.call_soon(self._hand_over)
        self._ending.append(ended)

    def _hand_over(self) -> None:
        ending, self._ending = self._ending, []
        self._ended.put(ending)


def run_batch(
    items: Iterable[Item],
    work: ItemWork[Item, Result],
    ask: Ask,
    scope: StopScope,
    requests: int,
    loop: asyncio.AbstractEventLoop,
) -> Iterator[tuple[Item, Result | CallFailed]]:
    """Runs `work(item, ask)` for every item in `loop` and yields `(item, result)` in the order of completion.

    At most twice as many items are under way as there may be `requests` at a time. A CallFailed is a result.
    Any other exception stops the batch: items not begun never are, requests under way may finish, what is
    finished is yielded, and then the exception is raised. Items are taken from the source only as they are
    needed, in the thread that takes the results. Closing the iterator early stops likewise.
    """
    batch = _Batch(work, ask, scope, loop)
    source = iter(items)
    try:
        while True:
            if begun := list(islice(source, requests * _WINDOW_PER_REQUEST - batch.running)):
                batch.begin(begun)
            if not batch.running:
                return
            ended = batch.next_ended()
            first = next((each.error for each in ended if each.stops), None)
            if first is not None:
                break
            for each in ended:
                yield each.outcome
        ended += batch.drained(patience_s=DRAIN_S if isinstance(first, EndpointError) else None)
        yield from _finished(ended, first)
        raise Stopped("the batch was given up") if isinstance(first, asyncio.CancelledError) else first
    finally:
        batch.drained(DRAIN_S)


def _finished(
    ended: list[_Ended[Item, Result]], first: BaseException
) -> Iterator[tuple[Item, Result | CallFailed]]:
    """Results that were still under way when the batch stopped because of `first`."""
    for each in ended:
        if not each.stops:
            yield each.outcome
        elif each.error is not first and not isinstance(
            each.error, Stopped | TutorError | asyncio.CancelledError
        ):
            # A second bug must not hide behind the first one.
            first.add_note(f"Meanwhile another item failed too: {each.error!r}")
