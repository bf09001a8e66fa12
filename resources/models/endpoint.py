"""One HTTP request to an OpenAI-compatible endpoint: sent, limited in time, and its outcome as plain data.

Retries, meaning and limits are elsewhere. The requests of all threads run in one event loop in a thread of
its
own: only there can a request be given up at any point, be it while connecting or in the middle of a body.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

import httpx2

from resources.errors import SettingsError
from resources.models.stopping import Stopped, StopScope

if TYPE_CHECKING:
    import openai

_CONNECT_TIMEOUT_S = 10.0
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer of any status, whole. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: str
    latency_s: float


@dataclass(frozen=True, slots=True)
class NoReply:
    """No whole answer: the time was up, no connection was made, it broke, or the address makes no sense."""

    kind: Literal["timeout", "unreachable", "dropped", "misconfigured"]
    detail: str


def normalised_base_url(base_url: str, role: str) -> str:
    """`base_url` as the client needs it, without the route that people copy along with it.

    Raises:
        SettingsError: not an HTTP address.
    """
    url = base_url.strip().rstrip("/").removesuffix("/chat/completions")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError(f"{role.upper()}_BASE_URL must look like https://host/v1: correct it.")
    return url


class Endpoint:
    """An endpoint and the connections to it. `base_url` comes from `normalised_base_url`; `api_key` is None
    for an endpoint that wants none; `timeout_s` limits one request from its start to its last byte."""

    def __init__(self, base_url: str, api_key: str | None, *, timeout_s: float, connections: int) -> None:
        self._base_url = base_url
        self._api_key = api_key or "not-needed"
        self._timeout_s = timeout_s
        self._connections = connections
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._client: openai.AsyncOpenAI | None = None

    def post(self, path: str, body: Mapping[str, Any], scope: StopScope) -> Reply | NoReply:
        """Sends `body` and waits. Raises Stopped when the scope is aborted."""
        loop, client = self._started()
        future = asyncio.run_coroutine_threadsafe(self._post(client, path, dict(body)), loop)
        scope.track(future)
        try:
            return future.result()
        except concurrent.futures.CancelledError:
            raise Stopped("the request was given up") from None
        finally:
            scope.untrack(future)

    def close(self) -> None:
        """Closes the connections and ends the thread; the next `post` starts them anew."""
        with self._lock:
            loop, thread, client = self._loop, self._thread, self._client
            self._loop = self._thread = self._client = None
        if loop is None or thread is None or client is None:
            return
        asyncio.run_coroutine_threadsafe(client.close(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

    def _started(self) -> tuple[asyncio.AbstractEventLoop, openai.AsyncOpenAI]:
        with self._lock:
            if self._loop is None or self._client is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(
                    target=self._loop.run_forever, name="model-requests", daemon=True
                )
                self._thread.start()
                self._client = self._new_client()
            return self._loop, self._client

    def _new_client(self) -> openai.AsyncOpenAI:
        # Imported here: it takes half a second, and a run with nothing new asks no model.
        import openai

        timeout = httpx2.Timeout(self._timeout_s, connect=min(_CONNECT_TIMEOUT_S, self._timeout_s), pool=None)
        limits = httpx2.Limits(max_connections=self._connections, max_keepalive_connections=self._connections)
        # A proxy from the environment is for the world outside, never for a server on this machine.
        outside = urlsplit(self._base_url).hostname not in _LOOPBACK
        return openai.AsyncOpenAI(
            api_key=self._api_key,
            base_url=self._base_url,
            timeout=timeout,
            max_retries=0,
            http_client=httpx2.AsyncClient(
                timeout=timeout, limits=limits, follow_redirects=True, trust_env=outside
            ),
        )

    async def _post(self, client: openai.AsyncOpenAI, path: str, body: dict[str, Any]) -> Reply | NoReply:
        import openai

        started = time.monotonic()
        try:
            async with asyncio.timeout(self._timeout_s):
                response = await client.post(path, body=body, cast_to=httpx2.Response)
        except TimeoutError:
            return NoReply("timeout", f"no complete answer within {self._timeout_s:g} s")
        except openai.APIStatusError as error:
            response = error.response
        except openai.APIConnectionError as error:
            return self._no_reply(error)
        return Reply(
            status=response.status_code,
            headers={name.lower(): value for name, value in response.headers.items()},
            body=response.content.decode("utf-8", "replace"),
            latency_s=time.monotonic() - started,
        )

    def _no_reply(self, error: openai.APIConnectionError) -> NoReply:
        cause = error.__cause__
        detail = f"{type(cause or error).__name__}: {cause or error}"
        if isinstance(cause, httpx2.ConnectError) and "CERTIFICATE_VERIFY_FAILED" in detail:
            return NoReply("misconfigured", f"the server's certificate is not trusted ({detail})")
        if isinstance(cause, httpx2.UnsupportedProtocol | httpx2.InvalidURL | httpx2.LocalProtocolError):
            return NoReply("misconfigured", detail)
        if isinstance(cause, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.ProxyError):
            return NoReply("unreachable", detail)
        if isinstance(cause, httpx2.TimeoutException):
            return NoReply("timeout", f"no complete answer within {self._timeout_s:g} s")
        return NoReply("dropped", detail)
