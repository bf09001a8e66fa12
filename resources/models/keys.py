"""The identity of a request: what makes two requests the same, and one call for requests that are."""

import hashlib
import json
import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from resources.models.settings import ModelSettings
from resources.models.stopping import Stopped, StopScope
from resources.models.types import ChatRequest, EmbeddingRequest, ModelRequest

T = TypeVar("T")

_KEY_VERSION = 1
_POLL_S = 0.2


def temperature_of(request: ChatRequest, settings: ModelSettings) -> float:
    """The request's own temperature, or the model's."""
    return settings.temperature if request.temperature is None else request.temperature


def request_key(model: str, settings: ModelSettings, request: ModelRequest) -> str:
    """64 hex digits (SHA-256) over all that can change the answer.

    Not part of it: the endpoint's address (the embedded server's port is another one each time), its dialect,
    and for which stage and row the request is made.
    """
    asked = (
        {"texts": request.texts}
        if isinstance(request, EmbeddingRequest)
        else _chat_parameters(settings, request)
    )
    canonical = json.dumps(
        {"version": _KEY_VERSION, "model": model, "revision": settings.revision, **asked},
        ensure_ascii=True,
        sort_keys=True,
        separators=(",", ":"),
    )
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def _chat_parameters(settings: ModelSettings, request: ChatRequest) -> dict[str, Any]:
    return {
        "temperature": float(temperature_of(request, settings)),
        "top_p": float(settings.top_p),
        "seed": settings.seed,
        "sample": request.sample,
        "messages": [[message.role, message.content] for message in request.messages],
        # As text: the order of its properties is the order in which a grammar makes the model write them.
        "schema": None if request.schema is None else json.dumps(request.schema),
        "max_tokens": request.max_tokens,
        "top_logprobs": request.top_logprobs,
    }


class _Flight(Generic[T]):
    def __init__(self) -> None:
        self.landed = threading.Event()
        self.result: list[T] = []
        self.error: Exception | None = None


class SingleFlight(Generic[T]):
    """Makes equal requests that are under way at once only once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flights: dict[str, _Flight[T]] = {}

    def run(self, key: str, make: Callable[[], T], scope: StopScope) -> tuple[T, bool]:
        """The result of `make`, and whether it was this call that made it. Raises what `make` raised.

        A caller whose leader was stopped makes the request itself: it may belong to a batch that goes on.
        """
        while True:
            with self._lock:
                flight = self._flights.get(key)
                leads = flight is None
                if flight is None:
                    flight = self._flights[key] = _Flight()
            if leads:
                return self._lead(key, flight, make), True
            while not flight.landed.wait(_POLL_S):
                scope.check()
            if flight.result:
                return flight.result[0], False
            if flight.error is not None and not isinstance(flight.error, Stopped):
                raise flight.error
            scope.check()

    def _lead(self, key: str, flight: _Flight[T], make: Callable[[], T]) -> T:
        try:
            result = make()
        except Exception as error:
            flight.error = error
            raise
        else:
            flight.result.append(result)
            return result
        finally:
            with self._lock:
                del self._flights[key]
            flight.landed.set()
