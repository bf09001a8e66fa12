"""A PDF file as Markdown with page numbers."""

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pypdfium2

from kg_assets.ingest.decode import Rejected
from kg_assets.ingest.formats.markdown import table
from kg_assets.ingest.formats.ocr import OCR_ADVICE, ocr_is_installed, read_image
from kg_assets.ingest.formats.parsed import CORRUPT, ENCRYPTED, NO_TEXT, Parsed
from kg_assets.ingest.formats.pdf.blocks import Block, blocks_of
from kg_assets.ingest.formats.pdf.furniture import remove_contents, remove_furniture
from kg_assets.ingest.formats.pdf.headings import Bookmarks, mark_headings
from kg_assets.ingest.formats.pdf.order import Line, ordered_lines
from kg_assets.ingest.formats.pdf.page import Page, read_page
from kg_assets.ingest.formats.pdf.tables import FoundTable, take_tables
from kg_assets.ingest.formats.pdf.write import write_blocks
from kg_assets.ingest.formats.pulse import goes_on

_OCR_DPI = 200
_USUAL_LEADING = 1.25
_NO_VALUE = frozenset({"", "(anonymous)", "(unspecified)", "untitled"})
_METADATA = {"Title": "title", "Author": "author", "Subject": "subject", "Keywords": "keywords"}


def parse_pdf(path: Path) -> Parsed | Rejected:
    """Text of all pages; pages that are pictures are read by OCR where it is installed."""
    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        return ENCRYPTED if "password" in str(error).lower() else CORRUPT
    try:
        return _parse(document)
    finally:
        document.close()


def _parse(document: pypdfium2.PdfDocument) -> Parsed | Rejected:
    pages, damaged = [], 0
    for index in range(len(document)):
        try:
            pages.append(read_page(document, index))
        except pypdfium2.PdfiumError:
            damaged += 1
    pictures = [page for page in pages if not page.runs and page.has_image]
    if ocr_is_installed():
        _recognise(document, pictures)
    if not any(page.runs for page in pages):
        if not pages:
            return CORRUPT
        if not pictures:
            return NO_TEXT
        why = "OCR found none either" if ocr_is_installed() else OCR_ADVICE
        return Rejected("no_text", f"Its pages are pictures without text. {why.rstrip('.')}.")
    remove_furniture(pages, _body_size(pages))
    for page in pages:
        remove_contents(page)
    blocks = _blocks(pages)
    body = _body_size(pages)
    mark_headings(blocks, _bookmarks(document), body)
    text, starts = write_blocks(blocks)
    if not text:
        return NO_TEXT
    metadata: dict[str, Any] = {
        ours: value
        for theirs, ours in _METADATA.items()
        if (value := document.get_metadata_value(theirs).replace("\0", "").strip()) not in _NO_VALUE
    }
    metadata["page_count"] = len(document)
    if unread := [page.number for page in pictures if not page.runs]:
        metadata["pages_without_text"] = unread
    if recognised := [page.number for page in pictures if page.runs]:
        metadata["pages_by_ocr"] = recognised
    if damaged:
        metadata["damaged_pages"] = damaged
    return Parsed(text, metadata, starts)


def _recognise(document: pypdfium2.PdfDocument, pictures: list[Page]) -> None:
    """Put what OCR reads on pages that are pictures in place of their runs."""
    for page in pictures:
        scale = _OCR_DPI / 72
        page.runs = read_image(document[page.number - 1].render(scale=scale).to_pil(), scale)
        goes_on()


def _body_size(pages: list[Page]) -> float:
    """The size that most characters are set in."""
    sizes: Counter[float] = Counter()
    for page in pages:
        for run in page.runs:
            sizes[run.size] += len(run.text)
    return sizes.most_common(1)[0][0] if sizes else 10.0


def _blocks(pages: list[Page]) -> list[Block]:
    blocks: list[Block] = []
    tables = {page.number: take_tables(page) for page in pages}
    lines = {page.number: ordered_lines(page.runs) for page in pages}
    leading = _leading(lines.values())
    for page in pages:
        blocks += _page_blocks(page.number, lines[page.number], tables[page.number], leading)
    return blocks


def _leading(pages: Iterable[list[Line]]) -> float:
    """The usual distance between lines of a paragraph, over their size."""
    distances: Counter[float] = Counter()
    for lines in pages:
        for before, line in pairwise(lines):
            if 0 < before.y - line.y < 3 * line.size and before.size == line.size:
                distances[round((before.y - line.y) / line.size, 1)] += 1
    return distances.most_common(1)[0][0] if distances else _USUAL_LEADING


def _page_blocks(number: int, lines: list[Line], tables: list[FoundTable], leading: float) -> list[Block]:
    """The blocks of a page, its tables put in after the lines that stand above them."""
    blocks: list[Block] = []
    start = 0
    for above, found in sorted(((_lines_above(t, lines), t) for t in tables), key=lambda pair: pair[0]):
        blocks += blocks_of(lines[start:above], number, leading)
        blocks.append(Block("table", table(found.rows), number, 0, False, 1, found.x0, False))
        start = above
    return blocks + blocks_of(lines[start:], number, leading)


def _lines_above(found: FoundTable, lines: list[Line]) -> int:
    """How many lines are read before a table: up to the last one above it in its own column."""
    count = 0
    for index, line in enumerate(lines, start=1):
        left, right = line.column
        if line.y > found.y1 - 2 and left <= (found.x0 + found.x1) / 2 <= right + 1:
            count = index
    return count


def _bookmarks(document: pypdfium2.PdfDocument) -> Bookmarks:
    titles: dict[int, list[tuple[int, str]]] = {}
    try:
        for bookmark in document.get_toc(max_depth=6):
            target = bookmark.get_dest()
            index = target.get_index() if target is not None else None
            if index is not None:
                titles.setdefault(index + 1, []).append((bookmark.level + 1, bookmark.get_title()))
    except pypdfium2.PdfiumError:
        return {}
    return titles
