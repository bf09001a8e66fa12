"""The event loop that all model calls of this process run in, and how other threads get work done in it.

One loop for all gateways: what they share, such as a budget, then needs no locks.
"""

import asyncio
import atexit
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_PATIENCE_S = 2.0


class LoopThread:
    """An event loop in a thread of its own, which starts on first use and ends with the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The running loop."""
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                thread = threading.Thread(target=self._loop.run_forever, name="model-calls", daemon=True)
                thread.start()
                atexit.register(_end, self._loop, thread)
            return self._loop

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Runs a coroutine in the loop and waits for its result; not to be called in the loop's thread.

        Raises:
            concurrent.futures.CancelledError: it was cancelled; else whatever it raised.
        """
        future = asyncio.run_coroutine_threadsafe(coroutine, self.loop)
        try:
            return future.result()
        finally:
            # Where the wait was interrupted, as by Ctrl-C, nobody wants the result any more.
            future.cancel()


def _end(loop: asyncio.AbstractEventLoop, thread: threading.Thread) -> None:
    """A thread that the end of the process meets at work would keep alive all that it refers to, of which
    extension modules complain."""
    loop.call_soon_threadsafe(loop.stop)
    thread.join(_PATIENCE_S)
    if not thread.is_alive():
        loop.close()


MODEL_CALLS = LoopThread()
