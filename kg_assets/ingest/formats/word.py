"""Word files (.docx): Mammoth gives HTML by styles, which becomes Markdown."""

import zipfile
from pathlib import Path
from typing import Any
from xml.sax import SAXException

import mammoth
from lxml import etree

from kg_assets.ingest.decode import Rejected
from kg_assets.ingest.formats.archive import open_archive
from kg_assets.ingest.formats.parsed import CORRUPT, NO_TEXT, Parsed
from kg_assets.ingest.formats.safe_xml import parse_xml_bytes
from kg_assets.ingest.formats.web import markdown_of, soup_of

_STYLES = """
p[style-name='Title'] => h1:fresh
p[style-name='Subtitle'] => p:fresh
p[style-name='Code'] => pre:separator('\\n')
p[style-name='HTML Preformatted'] => pre:separator('\\n')
p[style-name='macro'] => pre:separator('\\n')
p[style-name='header'] => !
p[style-name='footer'] => !
p[style-name^='toc '] => !
p[style-name^='TOC '] => !
"""
_DC = "{http://purl.org/dc/elements/1.1/}"


def parse_docx(path: Path) -> Parsed | Rejected:
    """Text with headings, lists, tables and footnotes; headers, footers and contents are left out."""
    archive = open_archive(path)
    if isinstance(archive, Rejected):
        return archive
    with archive:
        metadata = office_metadata(archive)
    try:
        with path.open("rb") as file:
            html = mammoth.convert_to_html(
                file, style_map=_STYLES, convert_image=mammoth.images.img_element(lambda _image: {"src": ""})
            ).value
    except (KeyError, ValueError, OSError, SAXException, zipfile.BadZipFile, AttributeError, IndexError):
        return CORRUPT
    text = markdown_of(soup_of(html))
    return Parsed(text, metadata) if text else NO_TEXT


def office_metadata(archive: zipfile.ZipFile) -> dict[str, Any]:
    """Title, author and so on of a Word, Excel or PowerPoint file."""
    try:
        core = parse_xml_bytes(archive.read("docProps/core.xml"))
    except (KeyError, etree.XMLSyntaxError, zipfile.BadZipFile):
        return {}
    found = {}
    for theirs, ours in (
        ("title", "title"),
        ("creator", "author"),
        ("subject", "subject"),
        ("language", "language"),
    ):
        element = core.find(f"{_DC}{theirs}")
        if element is not None and (element.text or "").strip():
            found[ours] = element.text.strip()
    return found
