"""One HTTP request to an OpenAI-compatible endpoint: sent, limited in time, and its outcome as plain data.

Retries, meaning and limits are elsewhere. All of it runs in the event loop of the calls.
"""

from __future__ import annotations

import base64
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from yarl import URL

from resources.errors import SettingsError
from resources.models.types import VARIABLES, Role

if TYPE_CHECKING:
    import aiohttp

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
    try:
        sound = parts.scheme in ("http", "https") and URL(url).host
    except ValueError:  # a port or a host that is none
        sound = None
    if not sound:
        raise SettingsError(f"{VARIABLES[role]}_BASE_URL must look like https://host/v1: correct it.")
    return url


class Endpoint:
    """An endpoint and the connections to it. `base_url` comes from `normalised_base_url`; `api_key` is None
    for an endpoint that wants none; `timeout_s` limits one request from its start to its last byte.

    The client is aiohttp by itself: we send a body and read a body, and what clients for the protocol do
    around that costs as much CPU as all of the rest (figures in docs/performance.md).
    """

    def __init__(self, base_url: str, api_key: str | None, *, timeout_s: float, connections: int) -> None:
        url = URL(base_url)
        self._url = url.with_user(None)
        self._headers = {
            "Authorization": _basic(url) if url.user or url.password else f"Bearer {api_key or 'not-needed'}",
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Accept-Encoding": "gzip, deflate",
        }
        self._routes: dict[str, URL] = {}
        self._timeout_s = timeout_s
        self._connections = connections
        self._proxy = _proxy_of(self._url)
        self._session: aiohttp.ClientSession | None = None

    async def post(self, route: str, body: str) -> Reply | NoReply:
        """Sends the JSON text `body` to the route below the base URL, such as `chat/completions`."""
        import aiohttp

        session = self._session or self._opened()
        url = self._routes.get(route)
        if url is None:
            # Reading a URL costs as much as building the rest of a request.
            url = self._routes[route] = self._url / route
        started = time.monotonic()
        try:
            async with session.post(url, data=body.encode(), proxy=self._proxy) as response:
                content = await response.read()
        except aiohttp.ConnectionTimeoutError as error:
            return NoReply("unreachable", _detail(error))
        except TimeoutError:
            return NoReply("timeout", f"no complete answer within {self._timeout_s:g} s")
        except (aiohttp.ClientError, ValueError) as error:
            return _no_reply(error)
        return Reply(
            status=response.status,
            headers=response.headers,
            body=content.decode("utf-8", "replace"),
            latency_s=time.monotonic() - started,
        )

    async def close(self) -> None:
        """Closes the connections; the next `post` opens them anew."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _opened(self) -> aiohttp.ClientSession:
        # Imported here: it takes a while, and a run with nothing new asks no model.
        import aiohttp

        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._connections),
            headers=self._headers,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(
                total=self._timeout_s, sock_connect=min(_CONNECT_TIMEOUT_S, self._timeout_s)
            ),
        )
        return self._session


def _proxy_of(url: URL) -> str | None:
    """The proxy that the environment names for this address; it is for the world outside, never for a server
    on this machine."""
    host = url.host or ""
    if host in _LOOPBACK or urllib.request.proxy_bypass(host):
        return None
    proxies = urllib.request.getproxies()
    return proxies.get(url.scheme) or proxies.get("all")


def _basic(url: URL) -> str:
    """The credentials in an address, as a proxy in front of a model server asks for them."""
    credentials = f"{url.user or ''}:{url.password or ''}"
    return f"Basic {base64.b64encode(credentials.encode()).decode('ascii')}"


def _detail(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _no_reply(error: Exception) -> NoReply:
    """What went wrong, by the exception of the client."""
    import aiohttp

    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return NoReply("misconfigured", f"the server's certificate is not trusted ({_detail(error)})")
    if isinstance(error, ValueError):  # aiohttp.InvalidURL, a proxy of a kind that is not known
        return NoReply("misconfigured", _detail(error))
    refused = isinstance(error, aiohttp.ClientConnectorError | aiohttp.ClientHttpProxyError)
    return NoReply("unreachable" if refused else "dropped", _detail(error))
