"""One page of a web server: asked for only if it has changed, redirects followed where that is safe."""

import email.utils
import ipaddress
import logging
import socket
import time
from collections.abc import Mapping
from pathlib import PurePosixPath
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

import httpx2

from resources.sources.addresses import WEB, Source
from resources.sources.kinds import FileKinds
from resources.sources.outcomes import Fetched, Limits, NotFetched, too_large, unsupported, within

USER_AGENT = "graphtutor (reads single pages that its user named)"
MAX_REDIRECTS = 10
TRIES = 3
LONGEST_PAUSE_S = 10.0
BLOCK_BYTES = 2**16
VAGUE = frozenset({"", "text/plain", "application/octet-stream", "binary/octet-stream", "application/json"})
"""What servers say of files whose kind they do not know better."""


class WebPages:
    """Fetches pages; usable from several threads. Close it when done.

    Args:
        limits: of one page.
        kinds: what is read.
    """

    def __init__(self, limits: Limits, kinds: FileKinds) -> None:
        logging.getLogger("httpx2").setLevel(logging.WARNING)  # its lines hold whole URLs
        self._limits = limits
        self._kinds = kinds
        headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "gzip, deflate"}
        self._client = httpx2.Client(headers=headers, timeout=limits.seconds)
        # What a proxy is asked for, it would look for on its own machine.
        self._near_client = httpx2.Client(headers=headers, timeout=limits.seconds, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()
        self._near_client.close()

    def fetch(self, source: Source, known: Mapping[str, str]) -> Fetched | None:
        """The page, or None if it is as it was when its state was `known`.

        Raises:
            NotFetched: there is no page, or it is not to be had now.
        """
        return within(self._limits.seconds, lambda: self._fetch(source, known))

    def _fetch(self, source: Source, known: Mapping[str, str]) -> Fetched | None:
        for attempt in range(1, TRIES + 1):
            try:
                return self._follow(source, known)
            except _Busy as busy:
                if attempt == TRIES or busy.pause_s > LONGEST_PAUSE_S:
                    raise NotFetched("unreachable", str(busy)) from None
                time.sleep(max(busy.pause_s, 0.25 * 2**attempt))
            except httpx2.InvalidURL:
                raise NotFetched("unreachable", "A redirect leads to what is no URL.") from None
            except httpx2.HTTPError as error:
                if attempt == TRIES or isinstance(error, httpx2.UnsupportedProtocol):
                    kind = type(error).__name__
                    raise NotFetched("unreachable", f"The server cannot be reached ({kind}).") from None
        raise AssertionError

    def _follow(self, source: Source, known: Mapping[str, str]) -> Fetched | None:
        start = urlsplit(source.url)
        url = urlunsplit((start.scheme, start.netloc.rpartition("@")[2], start.path, start.query, ""))
        own = _nearness(start.hostname or "")
        for _ in range(MAX_REDIRECTS):
            parts = urlsplit(url)
            if parts.scheme not in WEB:
                raise _redirect_refused(f"to {parts.scheme}://, which is not the web")
            host = parts.hostname or ""
            near = _nearness(host)
            if host != start.hostname and near > own:
                raise _redirect_refused("into a network that the page itself is not in")
            login = None
            if start.username and (parts.scheme, parts.netloc.rpartition("@")[2]) == (
                start.scheme,
                start.netloc.rpartition("@")[2],
            ):
                login = httpx2.BasicAuth(unquote(start.username), unquote(start.password or ""))
            client = self._near_client if near >= LOOPBACK else self._client
            with client.stream("GET", url, headers=_conditions(known), auth=login) as response:
                if not response.has_redirect_location:
                    return self._taken(response, parts.path, known)
                url = urljoin(url, response.headers["location"])
        raise NotFetched("unreachable", f"It redirects more than {MAX_REDIRECTS} times.")

    def _taken(self, response: httpx2.Response, path: str, known: Mapping[str, str]) -> Fetched | None:
        status = response.status_code
        if status == httpx2.codes.NOT_MODIFIED and known:
            return None
        if status in (httpx2.codes.NOT_FOUND, httpx2.codes.GONE):
            raise NotFetched(
                "gone", f"The server says that there is no such page (HTTP {status}).", gone=True
            )
        if status == httpx2.codes.TOO_MANY_REQUESTS or status >= httpx2.codes.INTERNAL_SERVER_ERROR:
            raise _Busy(f"The server answers HTTP {status}.", _pause_s(response.headers.get("retry-after")))
        if status in (httpx2.codes.UNAUTHORIZED, httpx2.codes.FORBIDDEN):
            raise NotFetched("unreachable", f"The server refuses (HTTP {status}): check the login.")
        if status != httpx2.codes.OK:
            raise NotFetched("unreachable", f"The server answers HTTP {status}.")
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        suffix = self._suffix(kind, path)
        content = self._content(response)
        if suffix in self._kinds.texts:
            content = _as_utf8(content, response.charset_encoding)
        state = {
            name: value
            for name in ("etag", "last-modified")
            if (value := response.headers.get(name, "")) and value.isprintable()
        }
        return Fetched(content, suffix, state)

    def _content(self, response: httpx2.Response) -> bytes:
        announced = response.headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > self._limits.bytes:
            raise too_large(self._limits)
        content = bytearray()
        for block in response.iter_bytes(BLOCK_BYTES):
            content += block
            if len(content) > self._limits.bytes:
                raise too_large(self._limits)
        return bytes(content)

    def _suffix(self, kind: str, path: str) -> str:
        """What the server says of the kind counts, unless it says next to nothing."""
        written = PurePosixPath(unquote(path)).suffix.lower()
        if kind in VAGUE and written in self._kinds.suffixes:
            return written
        suffix = self._kinds.by_mime_type.get(kind)
        if suffix is None:
            raise unsupported(f"A page of the kind {kind!r}" if kind else "A page whose server says no kind")
        return suffix


class _Busy(Exception):
    """The server may answer if asked again after `pause_s`."""

    def __init__(self, detail: str, pause_s: float) -> None:
        super().__init__(detail)
        self.pause_s = pause_s


GLOBAL, PRIVATE, LOOPBACK, LINK = range(4)
"""How near an address is. Link-local ones are nearest: there clouds give keys to whoever asks."""


def _nearness(host: str) -> int:
    """How near the nearest address of a host is; one without an address is far, and fails by itself."""
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):
        return GLOBAL
    return max((_nearness_of(ipaddress.ip_address(ip.partition("%")[0])) for ip in found), default=GLOBAL)


def _nearness_of(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> int:
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    if ip.is_link_local or ip.is_multicast:
        return LINK
    if ip.is_loopback or ip.is_unspecified:
        return LOOPBACK
    return GLOBAL if ip.is_global else PRIVATE


def _redirect_refused(where: str) -> NotFetched:
    return NotFetched(
        "redirect_refused",
        f"It redirects {where}; if that is meant to be read, name that address in documents.sources.",
        gone=True,
    )


def _conditions(known: Mapping[str, str]) -> dict[str, str]:
    asked = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}
    return {header: known[name] for name, header in asked.items() if name in known}


def _pause_s(retry_after: str | None) -> float:
    if not retry_after:
        return 0.0
    if retry_after.isdecimal():
        return float(retry_after)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(retry_after).timestamp() - time.time())
    except ValueError:
        return 0.0


def _as_utf8(content: bytes, said: str | None) -> bytes:
    """Text in the encoding that only the server's answer names, as UTF-8 with a mark. What is UTF-8 stays,
    whatever the server says, and so does a page that names its encoding itself."""
    if said is None or b"charset" in content[:4096].lower():
        return content
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        return content
    try:
        return content.decode(said).encode("utf-8-sig")
    except (UnicodeError, LookupError):
        return content
