"""The identity of a request: what makes two requests the same, and one call for requests that are."""

import asyncio
import hashlib
import json
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

from resources.models.settings import ModelSettings
from resources.models.stopping import Stopped, StopScope
from resources.models.types import ChatRequest, EmbeddingRequest, ModelRequest

T = TypeVar("T")

_KEY_VERSION = 1
_CANONICAL = json.JSONEncoder(ensure_ascii=True, sort_keys=True, separators=(",", ":"))


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
    canonical = _CANONICAL.encode(
        {"version": _KEY_VERSION, "model": model, "revision": settings.revision, **asked}
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


class _Landing(Generic[T]):
    """How a flight ended: its result in a list, or an error."""

    def __init__(self) -> None:
        self.result: list[T] = []
        self.error: Exception | None = None


class SingleFlight(Generic[T]):
    """Makes equal requests that are under way at once only once; all of them in one event loop."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[asyncio.Future[_Landing[T]]]] = {}

    async def run(
        self, key: str, make: Callable[[], Coroutine[Any, Any, T]], scope: StopScope
    ) -> tuple[T, bool]:
        """The result of `make`, and whether it was this call that made it. Raises what `make` raised.

        A caller whose leader was stopped makes the request itself: it may belong to a batch that goes on.
        """
        while (waiting := self._waiting.get(key)) is not None:
            landed: asyncio.Future[_Landing[T]] = asyncio.get_running_loop().create_future()
            waiting.append(landed)
            landing = await scope.wait(landed)
            if landing.result:
                return landing.result[0], False
            if landing.error is not None and not isinstance(landing.error, Stopped):
                raise landing.error
            scope.check()
        return await self._lead(key, make), True

    async def _lead(self, key: str, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        waiting = self._waiting[key] = []
        landing: _Landing[T] = _Landing()
        try:
            result = await make()
        except Exception as error:
            landing.error = error
            raise
        else:
            landing.result.append(result)
            return result
        finally:
            del self._waiting[key]
            for landed in waiting:
                if not landed.done():
                    landed.set_result(landing)
