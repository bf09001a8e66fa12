"""One HTTP request to an OpenAI-compatible endpoint: sent, limited in time, and its outcome as plain data.

Retries, meaning and limits are elsewhere. The requests of all threads run in one event loop in a thread of
its own: only there can a request be given up at any point, be it while connecting or in the middle of a body.
"""

from __future__ import annotations

import asyncio
import base64
import concurrent.futures
import functools
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

import httpx2

from resources.errors import SettingsError
from resources.models.stopping import Stopped, StopScope
from resources.models.types import VARIABLES, Role

_CONNECT_TIMEOUT_S = 10.0
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer of any status, whole. Names of `headers` are found in any case."""

    status: int
    headers: Mapping[str, str]
    body: str
    latency_s: float


@dataclass(frozen=True, slots=True)
class NoReply:
    """No whole answer: the time was up, no connection was made, it broke, or the address makes no sense."""

    kind: Literal["timeout", "unreachable", "dropped", "misconfigured"]
    detail: str


def normalised_base_url(base_url: str, role: Role) -> str:
    """`base_url` as the client needs it, without the route that people copy along with it.

    Raises:
        SettingsError: not an HTTP address.
    """
    url = base_url.strip().rstrip("/").removesuffix("/chat/completions").removesuffix("/embeddings")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError(f"{VARIABLES[role]}_BASE_URL must look like https://host/v1: correct it.")
    return url


class Endpoint:
    """An endpoint and the connections to it. `base_url` comes from `normalised_base_url`; `api_key` is None
    for an endpoint that wants none; `timeout_s` limits one request from its start to its last byte.

    The client is the aiohttp one that the openai package brings. Its request layer is passed by: we send a
    body and read a body, and it costs as much CPU as all of the rest (figures in docs/performance.md).
    """

    def __init__(self, base_url: str, api_key: str | None, *, timeout_s: float, connections: int) -> None:
        url = httpx2.URL(base_url)
        self._url = url.copy_with(userinfo=b"")
        self._headers = [
            ("Host", url.netloc.decode("ascii")),
            ("Authorization", _basic(url) if url.userinfo else f"Bearer {api_key or 'not-needed'}"),
            ("Content-Type", "application/json"),
            ("Accept", "application/json"),
            ("Accept-Encoding", "gzip, deflate"),
        ]
        # Reading a URL costs as much as building the rest of a request.
        self._url_of = functools.cache(lambda route: httpx2.URL(f"{self._url}/{route}"))
        self._timeout_s = timeout_s
        self._connections = connections
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._client: httpx2.AsyncClient | None = None

    def post(self, route: str, body: str, scope: StopScope) -> Reply | NoReply:
        """Sends the JSON text `body` to the route below the base URL, such as `chat/completions`, and waits.
        Raises Stopped when the scope is aborted."""
        loop, client = self._started()
        future = asyncio.run_coroutine_threadsafe(self._post(client, route, body.encode()), loop)
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
        asyncio.run_coroutine_threadsafe(client.aclose(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

    def _started(self) -> tuple[asyncio.AbstractEventLoop, httpx2.AsyncClient]:
        with self._lock:
            if self._loop is None or self._client is None:
                self._client = self._new_client()
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(
                    target=self._loop.run_forever, name="model-requests", daemon=True
                )
                self._thread.start()
            return self._loop, self._client

    def _new_client(self) -> httpx2.AsyncClient:
        # Imported here: it takes half a second, and a run with nothing new asks no model.
        import openai

        return openai.DefaultAioHttpClient(
            limits=httpx2.Limits(max_connections=self._connections),
            # A proxy from the environment is for the world outside, never for a server on this machine.
            trust_env=self._url.host not in _LOOPBACK,
        )

    async def _post(self, client: httpx2.AsyncClient, route: str, content: bytes) -> Reply | NoReply:
        import aiohttp

        timeout = {"connect": min(_CONNECT_TIMEOUT_S, self._timeout_s), "read": None, "pool": None}
        request = httpx2.Request(
            "POST",
            self._url_of(route),
            headers=self._headers,
            content=content,
            extensions={"timeout": timeout},
        )
        started = time.monotonic()
        try:
            async with asyncio.timeout(self._timeout_s):
                response = await client.send(request)
        except TimeoutError:
            return NoReply("timeout", f"no complete answer within {self._timeout_s:g} s")
        except (httpx2.HTTPError, httpx2.InvalidURL, aiohttp.ClientError) as error:
            return _no_reply(error)
        return Reply(
            status=response.status_code,
            headers=response.headers,
            body=response.content.decode("utf-8", "replace"),
            latency_s=time.monotonic() - started,
        )


def _basic(url: httpx2.URL) -> str:
    """The credentials in an address, as a proxy in front of a model server asks for them."""
    return f"Basic {base64.b64encode(f'{url.username}:{url.password}'.encode()).decode('ascii')}"


def _no_reply(error: Exception) -> NoReply:
    """What went wrong, by the exception of aiohttp: what httpx2 makes of it calls broken connections slow."""
    import aiohttp

    cause = error if isinstance(error, aiohttp.ClientError) else error.__cause__ or error
    detail = f"{type(cause).__name__}: {cause}"
    if isinstance(cause, aiohttp.ClientConnectorCertificateError):
        return NoReply("misconfigured", f"the server's certificate is not trusted ({detail})")
    if isinstance(
        error, httpx2.UnsupportedProtocol | httpx2.InvalidURL | httpx2.LocalProtocolError
    ) or isinstance(cause, aiohttp.InvalidURL):
        return NoReply("misconfigured", detail)
    refused = aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError | aiohttp.ClientHttpProxyError
    return NoReply("unreachable" if isinstance(cause, refused) else "dropped", detail)
