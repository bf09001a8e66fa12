"""Reading documents: characters a second, and what of headings, tables and order is kept.

Real files are from Debian packages, fetched once with apt-get into the cache folder; what cannot be fetched
is left out of the table. The HTML edition of a book says which headings and cells its other editions have.
"""

import gzip
import os
import re
import subprocess
import tempfile
import unicodedata
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from bs4 import BeautifulSoup, XMLParsedAsHTMLWarning

from benchmarks.table import Measured, spent
from kg_assets.ingest.formats.parsed import Parsed
from kg_assets.ingest.formats.sandbox import Sandbox
from tests.kg_assets.ingest.formats import made_files as made

CACHE = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "graphtutor" / "debian-documents"
PACKAGES = (
    "debian-handbook",
    "debian-reference-en",
    "debian-reference-zh-cn",
    "developers-reference",
    "debian-policy",
    "debian-history",
)
LEAST_KEPT = 0.95
LEAST_CELLS = 0.9
LEAST_KCHARS_S = 10.0
_DOC = "usr/share/doc"
_REFERENCE = "usr/share/debian-reference"
_DEVELOPERS = "usr/share/developers-reference"


@dataclass(frozen=True, slots=True)
class Book:
    """Files to read, and the HTML pages that tell what is in them (the same files where they are HTML)."""

    name: str
    files: Sequence[Path]
    pages: Sequence[Path]


@dataclass(frozen=True, slots=True)
class Truth:
    """Headings and cells of tables in order, letters and digits only."""

    headings: Sequence[str]
    cells: Sequence[str]


def run() -> list[Measured]:
    """Made files of every kind (with the time to load their libraries), then real books."""
    # Pages of XHTML are read as HTML on purpose.
    warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)
    rows: list[Measured] = []
    with Sandbox(seconds=600, megabytes=3000) as sandbox, tempfile.TemporaryDirectory() as folder:
        chapters = Truth(["chapternumber1", "sectionof1"], [_letters(c) for row in made.CELLS for c in row])
        for suffix, make in made.MAKERS.items():
            path = make(Path(folder) / f"made{suffix}")
            truth = Truth(chapters.headings[:1], chapters.cells) if suffix == ".xlsx" else chapters
            rows += _measured(f"made {suffix}", _read(sandbox, [path]), truth, None)
        for book in _books():
            rows += _measured(book.name, _read(sandbox, book.files), _truth(book.pages), LEAST_KCHARS_S)
    return rows


def _read(sandbox: Sandbox, files: Sequence[Path]) -> Callable[[], str]:
    def read() -> str:
        found = [sandbox.parse(path, path.suffix) for path in files]
        return "\n\n".join(part.text for part in found if isinstance(part, Parsed))

    return read


def _measured(name: str, read: Callable[[], str], truth: Truth, least: float | None) -> list[Measured]:
    with spent() as it:
        text = read()
    headings = [_letters(line.lstrip("#")) for line in text.splitlines() if line.startswith("#")]
    cells = [
        _letters(cell)
        for line in text.splitlines()
        if line.startswith("| ") and " --- " not in line
        for cell in re.split(r"(?<!\\)\|", line)
    ]
    rows = [
        Measured(f"{name}, {len(text):,} characters", len(text) / it.wall_s / 1000, "k/s", least, True),
        Measured("  headings kept", _share(truth.headings, headings), "", LEAST_KEPT, True),
        Measured("  headings in order", _in_order(truth.headings, headings), "", LEAST_KEPT, True),
    ]
    if truth.cells:
        rows.append(Measured("  cells kept", _share(truth.cells, cells), "", LEAST_CELLS, True))
    return rows


def _share(wanted: Sequence[str], found: Sequence[str]) -> float:
    """How many of the wanted are among the found, numbers before them aside: editions number differently."""
    there = {_unnumbered(text) for text in found}
    return sum(_unnumbered(text) in there for text in wanted) / len(wanted)


def _in_order(wanted: Sequence[str], found: Sequence[str]) -> float:
    """The share of neighbours among the wanted that come in this order; only those that are there once."""
    places: dict[str, list[int]] = {}
    for place, text in enumerate(found):
        places.setdefault(_unnumbered(text), []).append(place)
    once = [places[key][0] for text in wanted if len(places.get(key := _unnumbered(text), [])) == 1]
    pairs = list(pairwise(once))
    return sum(a < b for a, b in pairs) / len(pairs) if pairs else 1.0


def _unnumbered(text: str) -> str:
    return re.sub(r"^(?:chapter|第)?\d+章?", "", text) or text


def _letters(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in folded if character.isalnum())


def _truth(pages: Sequence[Path]) -> Truth:
    headings: dict[str, None] = {}
    cells = []
    for page in pages:
        soup = BeautifulSoup(page.read_bytes(), "lxml")
        for tag in soup.select(
            "nav, .navheader, .navfooter, .toc, .headerlink, .sphinxsidebar, #banner, header, footer"
        ):
            tag.decompose()
        for tag in soup.find_all(re.compile(r"^h[1-6]$")):
            if text := _letters(tag.get_text()):
                headings[text] = None
        for table in soup.find_all("table"):
            if table.find("table") is None and table.find("img") is None and len(table.find_all("tr")) > 2:
                cells += [t for c in table.find_all(["td", "th"]) if (t := _letters(c.get_text()))]
    return Truth(list(headings), cells)


def _books() -> Iterator[Book]:
    _fetch()
    handbook = CACHE / "debian-handbook" / _DOC / "debian-handbook/html"
    for language in ("en-US", "zh-CN"):
        pages = sorted((handbook / language).glob("sect.*.html"))[:40]
        yield from _book(f"html, handbook {language}", pages, pages)
    for package, language in (("debian-reference-en", "en"), ("debian-reference-zh-cn", "zh-cn")):
        folder = CACHE / package / _REFERENCE
        pages = sorted(folder.glob(f"ch*.{language}.html"))
        yield from _book(f"html, reference {language}", pages, pages)
        yield from _book(f"pdf, reference {language}", [folder / f"debian-reference.{language}.pdf"], pages)
    folder = CACHE / "developers-reference" / _DEVELOPERS
    for ending in ("pdf", "epub"):
        yield from _book(
            f"{ending}, developers' reference",
            [folder / f"developers-reference.{ending}"],
            sorted(folder.glob("*.html")),
        )
    folder = CACHE / "debian-policy" / _DOC / "debian-policy"
    pages = sorted((folder / "policy.html").glob("*.html"))
    for name in ("policy.pdf", "policy.epub"):
        yield from _book(f"{name[7:]}, policy", [folder / name], pages)


def _book(name: str, files: Sequence[Path], pages: Sequence[Path]) -> Iterator[Book]:
    chapters = [page for page in pages if page.stem not in ("genindex", "search", "index")]
    if files and chapters and all(path.exists() for path in files):
        yield Book(name, files, chapters)


def _fetch() -> None:
    """Unpack the packages into the cache, compressed files too, once."""
    for package in PACKAGES:
        folder = CACHE / package
        if folder.exists():
            continue
        CACHE.mkdir(parents=True, exist_ok=True)
        try:
            subprocess.run(
                ["apt-get", "download", "-qq", package], cwd=CACHE, check=True, capture_output=True
            )
        except (OSError, subprocess.CalledProcessError):
            continue
        (archive,) = CACHE.glob(f"{package}_*.deb")
        folder.mkdir()
        subprocess.run(["dpkg-deb", "-x", str(archive), str(folder)], check=True)
        archive.unlink()
        for packed in [*folder.rglob("*.pdf.gz"), *folder.rglob("*.html.gz")]:
            packed.with_suffix("").write_bytes(gzip.decompress(packed.read_bytes()))
