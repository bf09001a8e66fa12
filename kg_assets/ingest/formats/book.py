"""EPUB: the chapters in reading order, each through the HTML reader."""

import posixpath
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from bs4 import Tag
from lxml import etree

from kg_assets.ingest.decode import Rejected
from kg_assets.ingest.formats.archive import open_archive
from kg_assets.ingest.formats.markdown import one_line
from kg_assets.ingest.formats.parsed import CORRUPT, ENCRYPTED, NO_TEXT, Parsed
from kg_assets.ingest.formats.safe_xml import parse_xml_bytes
from kg_assets.ingest.formats.web import markdown_of, soup_of

_OPF = "{http://www.idpf.org/2007/opf}"
_CONTAINER = "{urn:oasis:names:tc:opendocument:xmlns:container}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_METADATA = {
    "title": "title",
    "creator": "author",
    "language": "language",
    "date": "date",
    "publisher": "publisher",
}
_HTML = frozenset({"application/xhtml+xml", "text/html"})


def parse_epub(path: Path) -> Parsed | Rejected:
    """The linear chapters of a book; its table of contents is left out, since the headings say the same."""
    archive = open_archive(path)
    if isinstance(archive, Rejected):
        return archive
    with archive:
        try:
            if "META-INF/encryption.xml" in archive.namelist() and _is_locked(archive):
                return ENCRYPTED
            # Some books were packed with a folder around them.
            name = next(name for name in archive.namelist() if name.endswith("META-INF/container.xml"))
            root = parse_xml_bytes(archive.read(name)).find(f".//{_CONTAINER}rootfile")
            if root is None:
                return CORRUPT
            package_name = name.removesuffix("META-INF/container.xml") + root.get("full-path", "")
            package = parse_xml_bytes(archive.read(package_name))
            chapters = [_chapter(archive.read(name)) for name in _spine(package, package_name, archive)]
        except (StopIteration, KeyError, zipfile.BadZipFile, etree.XMLSyntaxError):
            return CORRUPT
    text = "\n\n".join(chapter for chapter in chapters if chapter)
    return Parsed(text, _metadata(package)) if text else NO_TEXT


def _is_locked(archive: zipfile.ZipFile) -> bool:
    """Whether texts are encrypted: fonts may be scrambled in a book that is free to read."""
    return b"html" in archive.read("META-INF/encryption.xml")


def _spine(package: Any, package_name: str, archive: zipfile.ZipFile) -> list[str]:
    folder = posixpath.dirname(package_name)
    items = {item.get("id"): item for item in package.iter(f"{_OPF}item")}
    names = []
    for reference in package.iter(f"{_OPF}itemref"):
        item = items.get(reference.get("idref"))
        if item is None or reference.get("linear") == "no" or item.get("media-type") not in _HTML:
            continue
        if "nav" in (item.get("properties") or "").split():
            continue
        name = posixpath.normpath(posixpath.join(folder, unquote(item.get("href", ""))))
        if name in archive.NameToInfo:
            names.append(name)
    return names


def _chapter(raw: bytes) -> str:
    soup = soup_of(raw)
    for tag in soup.find_all(_is_contents):
        if not tag.decomposed:
            tag.decompose()
    return markdown_of(soup, whole_page=True)


def _is_contents(tag: Tag) -> bool:
    kind = f"{tag.get('epub:type') or ''} {tag.get('role') or ''}" if tag.attrs else ""
    return any(word in kind.split() for word in ("toc", "landmarks", "page-list", "doc-toc", "doc-pagelist"))


def _metadata(package: Any) -> dict[str, Any]:
    found = {}
    for theirs, ours in _METADATA.items():
        texts = [one_line(element.text or "") for element in package.iter(f"{_DC}{theirs}")]
        if joined := ", ".join(text for text in texts if text):
            found[ours] = joined
    return found
