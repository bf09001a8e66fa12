"""One HTTP request to an OpenAI-compatible endpoint: sent, limited in time, and its outcome as plain data.

Retries, meaning and limits are elsewhere. All of it runs in the event loop of the calls.
"""

from __future__ import annotations

import asyncio
import base64
import functools
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

import httpx2

from resources.errors import SettingsError
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
        self._client: httpx2.AsyncClient | None = None

    async def post(self, route: str, body: str) -> Reply | NoReply:
        """Sends the JSON text `body` to the route below the base URL, such as `chat/completions`."""
        import aiohttp

        client = self._client or self._opened()
        timeout = {"connect": min(_CONNECT_TIMEOUT_S, self._timeout_s), "read": None, "pool": None}
        request = httpx2.Request(
            "POST",
            self._url_of(route),
            headers=self._headers,
            content=body.encode(),
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

    async def close(self) -> None:
        """Closes the connections; the next `post` opens them anew."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    def _opened(self) -> httpx2.AsyncClient:
        # Imported here: it takes half a second, and a run with nothing new asks no model.
        import openai

        self._client = openai.DefaultAioHttpClient(
            limits=httpx2.Limits(max_connections=self._connections),
            # A proxy from the environment is for the world outside, never for a server on this machine.
            trust_env=self._url.host not in _LOOPBACK,
        )
        return self._client


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
