"""Work on many items in threads, with results as they arrive and a clean stop. Knows nothing of HTTP."""

import queue
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypeVar

from resources.errors import CallFailed, EndpointError, TutorError
from resources.models.stopping import Stopped, StopScope
from resources.models.types import Ask

Item = TypeVar("Item")
Result = TypeVar("Result")

# How many items are taken from the source ahead of the results, for each worker.
_WINDOW_PER_WORKER = 2
# Requests under way are paid for; so long they may still come back when nobody can use them any more.
DRAIN_S = 5.0


def run_batch(
    items: Iterable[Item], work: Callable[[Item, Ask], Result], ask: Ask, scope: StopScope, workers: int
) -> Iterator[tuple[Item, Result | CallFailed]]:
    """Runs `work(item, ask)` for every item and yields `(item, result)` in the order of completion.

    A CallFailed is a result. Any other exception stops the batch: items not begun are cancelled, requests
    under way may finish, what is finished is yielded, and then the exception is raised. Items are taken
    from the source only as they are needed. Closing the iterator early stops likewise.
    """
    pool = ThreadPoolExecutor(workers, thread_name_prefix="model-work")
    running: dict[Future[Result], Item] = {}
    done: queue.SimpleQueue[Future[Result]] = queue.SimpleQueue()
    try:
        source = iter(items)
        more = True
        while True:
            while more and len(running) < workers * _WINDOW_PER_WORKER:
                try:
                    item = next(source)
                except StopIteration:
                    more = False
                    break
                future = pool.submit(work, item, ask)
                running[future] = item
                future.add_done_callback(done.put)
            if not running:
                return
            future = done.get()
            error = future.exception()
            if error is not None and not isinstance(error, CallFailed):
                break
            yield running.pop(future), future.result() if error is None else error
        del running[future]
        _stop(running, scope, patience_s=DRAIN_S if isinstance(error, EndpointError) else None)
        yield from _finished(running, error)
        raise error
    finally:
        _stop(running, scope, patience_s=DRAIN_S)
        pool.shutdown(cancel_futures=True)


def _stop(running: dict[Future[Result], Item], scope: StopScope, *, patience_s: float | None) -> None:
    """Cancels what has not begun and waits for the rest; for ever without `patience_s`: it is paid for and
    comes."""
    scope.stop()
    for future in running:
        future.cancel()
    wait(running, timeout=patience_s)
    scope.abort()
    wait(running)


def _finished(
    running: dict[Future[Result], Item], first: BaseException
) -> Iterator[tuple[Item, Result | CallFailed]]:
    """Results that were still under way when the batch stopped because of `first`."""
    for future in list(running):
        item = running.pop(future)
        if future.cancelled():
            continue
        error = future.exception()
        if error is None:
            yield item, future.result()
        elif isinstance(error, CallFailed):
            yield item, error
        elif not isinstance(error, Stopped | TutorError):
            # A second bug must not hide behind the first one.
            first.add_note(f"Meanwhile another item failed too: {error!r}")
