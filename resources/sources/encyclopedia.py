"""Looking things up in an encyclopedia that speaks MediaWiki's API: a name in, pages and their summaries out.

What was answered once is kept, and is an input of the pipeline like a document: with the same answers a run
comes to the same result, and asks nobody. Which page is meant is not decided here.
"""

import json
import sqlite3
import threading
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx2

from resources.errors import CallFailed, EndpointError, SettingsError

USER_AGENT = "graphtutor (looks up single names, keeps every answer)"
CANDIDATES = 5
MOST_SUMMARY_CHARS = 4000
AT_ONCE = 2
TRIES = 3
LONGEST_PAUSE_S = 30.0
TIMEOUT_S = 20.0
_SENTENCE_ENDS = ("\n", ". ", "。", "！", "？", "! ", "? ")


@dataclass(frozen=True, slots=True)
class Page:
    """A page that a name may mean: its beginning as plain text, and the version that it was taken from.

    `url` leads to that very version. `description` is a few words, and may be empty.
    """

    title: str
    description: str
    summary: str
    url: str
    revision: int
    language: str


class Encyclopedia:
    """Searches by name; usable from several threads. Close it when done.

    Args:
        address: of the API, with `{language}` where that stands, such as
            `https://{language}.wikipedia.org/w/api.php`.
        kept: a file for the answers; made on first use.
        offline: only answers that are kept are given.
    """

    def __init__(self, address: str, kept: Path, offline: bool = False) -> None:
        self._address = address
        self._offline = offline
        self._few = threading.Semaphore(AT_ONCE)
        self._lock = threading.Lock()
        self._client = httpx2.Client(headers={"User-Agent": USER_AGENT}, timeout=TIMEOUT_S)
        try:
            kept.parent.mkdir(parents=True, exist_ok=True)
            self._kept = sqlite3.connect(kept, check_same_thread=False)
            with self._kept:
                self._kept.execute("PRAGMA journal_mode = WAL")
                self._kept.execute(
                    "CREATE TABLE IF NOT EXISTS answers (asked TEXT PRIMARY KEY, answer TEXT NOT NULL, "
                    "fetched_at TEXT NOT NULL)"
                )
        except (OSError, sqlite3.Error) as error:
            raise SettingsError(
                f"{kept} cannot be written ({error}): free disk space, or remove it."
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()
        self._kept.close()

    def search(self, name: str, language: str) -> list[Page]:
        """Pages that `name` may mean, the best first; pages that only list meanings are left out.

        Args:
            name: as a document writes it.
            language: ISO 639-1 code: which edition is asked.

        Raises:
            CallFailed: no answer could be had now; `connection`, `server_error` or `rate_limited`.
            EndpointError: offline, and not asked before.
        """
        parameters = {
            "action": "query",
            "format": "json",
            "formatversion": "2",
            "generator": "search",
            "gsrsearch": name,
            "gsrlimit": str(CANDIDATES),
            "gsrnamespace": "0",
            "prop": "extracts|description|info|pageprops",
            "ppprop": "disambiguation",
            "exintro": "1",
            "explaintext": "1",
            "exlimit": "max",
            "inprop": "url",
            "redirects": "1",
            "maxlag": "5",
        }
        return _pages(self._answer(self._address.replace("{language}", language), parameters), language)

    def _answer(self, url: str, parameters: Mapping[str, str]) -> Any:
        asked = json.dumps([url, parameters], ensure_ascii=False, sort_keys=True)
        with (
            self._lock,
            closing(self._kept.execute("SELECT answer FROM answers WHERE asked = ?", [asked])) as rows,
        ):
            found = rows.fetchone()
        if found is not None:
            return json.loads(found[0])
        if self._offline:
            raise EndpointError(
                f"{parameters['gsrsearch']!r} was never looked up, and nobody is asked with --offline."
            )
        with self._few:
            answer = self._asked(url, parameters)
        try:
            _pages(answer, "")
        except (KeyError, TypeError, AttributeError) as error:
            raise CallFailed(
                "server_error", "What answers is no MediaWiki API; check its address."
            ) from error
        with self._lock, self._kept:
            self._kept.execute(
                "INSERT OR IGNORE INTO answers VALUES (?, ?, strftime('%Y-%m-%dT%H:%M:%SZ'))",
                [asked, json.dumps(answer, ensure_ascii=False)],
            )
        return answer

    def _asked(self, url: str, parameters: Mapping[str, str]) -> Any:
        for attempt in range(1, TRIES + 1):
            try:
                response = self._client.get(url, params=dict(parameters))
                answer = response.json() if response.status_code == httpx2.codes.OK else None
            except httpx2.HTTPError as error:
                failed, said = CallFailed("connection", _unreachable(url, parameters["gsrsearch"], error)), ""
            except ValueError as error:
                raise CallFailed("server_error", "The encyclopedia answers with what is no JSON.") from error
            else:
                code = answer.get("error", {}).get("code", "") if isinstance(answer, dict) else ""
                if isinstance(answer, dict) and not code:
                    return answer
                failed = _failure(response.status_code, code)
                said = response.headers.get("retry-after", "")
            pause_s = float(said) if said.isdecimal() else 2**attempt / 4
            if attempt == TRIES or pause_s > LONGEST_PAUSE_S:
                raise failed
            time.sleep(pause_s)
        raise AssertionError


def _unreachable(url: str, name: str, error: Exception) -> str:
    return (
        f"“{name}” was not looked up: {urlsplit(url).hostname} cannot be reached ({type(error).__name__}). "
        "Check the network and extraction.wikipedia; the next run tries again."
    )


def _failure(status: int, code: str) -> CallFailed:
    said = f"HTTP {status}" + (f", {code}" if code else "")
    if status == httpx2.codes.TOO_MANY_REQUESTS or code in ("maxlag", "ratelimited"):
        return CallFailed("rate_limited", f"The encyclopedia is busy ({said}).")
    return CallFailed("server_error", f"The encyclopedia answers {said}.")


def _pages(answer: Mapping[str, Any], language: str) -> list[Page]:
    found = answer.get("query", {}).get("pages", [])
    meant = [page for page in found if "disambiguation" not in page.get("pageprops", {})]
    return [
        Page(
            title=page["title"],
            description=page.get("description", ""),
            summary=summary,
            url=f"{page['fullurl']}?oldid={page['lastrevid']}",
            revision=page["lastrevid"],
            language=language,
        )
        for page in sorted(meant, key=lambda page: page.get("index", 0))
        if (summary := _beginning(page.get("extract", "").strip())) and page["fullurl"].startswith("http")
    ]


def _beginning(text: str) -> str:
    """At most MOST_SUMMARY_CHARS of a text, to the end of a sentence where there is one."""
    if len(text) <= MOST_SUMMARY_CHARS:
        return text
    cut = text[:MOST_SUMMARY_CHARS]
    end = max(cut.rfind(mark) + len(mark.rstrip()) for mark in _SENTENCE_ENDS)
    return (cut[:end] if end > MOST_SUMMARY_CHARS // 2 else cut).strip()
