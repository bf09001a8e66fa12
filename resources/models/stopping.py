"""How calls in many threads are told to stop. No network and no limits here."""

import threading
from concurrent.futures import Future
from typing import Any


class Stopped(Exception):
    """The batch or gateway that a call belongs to has stopped. Never yielded as a result, never a drop."""


class StopScope:
    """Calls that stop together: those of one batch, or all of one gateway.

    `stop` lets requests that are under way finish (they are paid for) and ends every wait;
    `abort` also gives up what is under way.
    """

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._flying: set[Future[Any]] = set()
        self._aborted = False

    @property
    def stopped(self) -> bool:
        return self._event.is_set()

    def check(self) -> None:
        """Raises Stopped after `stop`."""
        if self._event.is_set():
            raise Stopped("stopped")

    def wait(self, seconds: float) -> None:
        """Sleeps, unless stopped meanwhile: then raises Stopped."""
        if self._event.wait(max(seconds, 0.0)):
            raise Stopped("stopped")

    def stop(self) -> None:
        self._event.set()

    def abort(self) -> None:
        self._event.set()
        with self._lock:
            self._aborted = True
            flying = list(self._flying)
        for future in flying:
            future.cancel()

    def track(self, future: Future[Any]) -> None:
        """Cancels `future` when the scope is aborted, at once if it already is."""
        with self._lock:
            self._flying.add(future)
            aborted = self._aborted
        if aborted:
            future.cancel()

    def untrack(self, future: Future[Any]) -> None:
        with self._lock:
            self._flying.discard(future)
