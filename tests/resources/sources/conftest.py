"""A web server, and the mirror of some sources."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from resources.sources.addresses import check_url, resolve_source
from resources.sources.kinds import FileKinds
from resources.sources.mirror import Mirror, Mirrored
from resources.sources.outcomes import Limits
from tests.page_server import PageServer

KINDS = FileKinds(
    suffixes=frozenset({".txt", ".md", ".html", ".json", ".jsonl", ".pdf", ".csv"}),
    by_mime_type={
        "text/plain": ".txt",
        "text/html": ".html",
        "application/json": ".json",
        "application/pdf": ".pdf",
    },
    texts=frozenset({".txt", ".md", ".html", ".json", ".jsonl", ".csv"}),
)


@dataclass
class Copies:
    """A mirror and the sources it is of, as in a configuration file."""

    folder: Path
    sources: list[str]
    limits: Limits
    variables: dict[str, str]

    def update(self, *sources: str) -> Mirrored:
        """Fetch what is new of `sources`, by default of those of the last time."""
        self.sources = list(sources) or self.sources
        mirror = Mirror(self.folder)
        resolved = [resolve_source(check_url(url), "default", self.variables) for url in self.sources]
        mirror.update(resolved, self.limits, KINDS)
        return mirror.found(resolved)

    def texts(self) -> dict[str, str]:
        """By URL, what the copies hold after an update."""
        return {name: path.read_text("utf-8-sig") for path, name in self.update().files.items()}

    def reasons(self) -> dict[str, str]:
        """By name, why something was not fetched in an update."""
        return {trouble.name: trouble.reason for trouble in self.update().troubles}


@pytest.fixture(scope="session")
def page_server() -> Iterator[PageServer]:
    with PageServer() as server:
        yield server


@pytest.fixture
def pages(page_server: PageServer) -> PageServer:
    """The web server, without pages."""
    page_server.serve({})
    return page_server


@pytest.fixture
def copies(tmp_path: Path) -> Copies:
    return Copies(tmp_path / "sources", [], Limits(100_000, 20.0), {})


@pytest.fixture
def of_pages(copies: Copies, pages: PageServer) -> Callable[..., Copies]:
    """The mirror of pages, by their paths."""

    def made(*paths: str) -> Copies:
        copies.sources = [pages.url(path) for path in paths]
        return copies

    return made
