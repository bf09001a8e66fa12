"""Slides (.pptx): titles as headings, bullets as lists, tables and notes; each slide is a page."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree
from pptx import Presentation
from pptx.exc import PackageNotFoundError
from pptx.util import Emu

from kg_assets.ingest.decode import Rejected
from kg_assets.ingest.formats.archive import open_archive
from kg_assets.ingest.formats.markdown import heading, one_line, table
from kg_assets.ingest.formats.parsed import CORRUPT, NO_TEXT, Parsed, joined_pages
from kg_assets.ingest.formats.word import office_metadata

_NOT_TEXT = frozenset({"SLIDE_NUMBER", "FOOTER", "DATE", "HEADER"})
# Shapes whose upper edges are this near stand side by side.
_ROW = Emu(300_000)


def parse_pptx(path: Path) -> Parsed | Rejected:
    """All slides in order; shapes of a slide from top to bottom and left to right."""
    archive = open_archive(path)
    if isinstance(archive, Rejected):
        return archive
    with archive:
        metadata = office_metadata(archive)
    try:
        presentation = Presentation(str(path))
        texts = [(number, _slide(slide)) for number, slide in enumerate(presentation.slides, start=1)]
    except (PackageNotFoundError, KeyError, ValueError, AttributeError, etree.XMLSyntaxError):
        return CORRUPT
    text, pages = joined_pages(texts)
    return Parsed(text, metadata | {"page_count": len(texts)}, pages) if text else NO_TEXT


def _slide(slide: Any) -> str:
    title = slide.shapes.title
    parts = []
    if title is not None and title.has_text_frame and (named := one_line(title.text_frame.text)):
        parts.append(heading(2, named))
    shapes = [shape for shape in _shapes(slide.shapes) if title is None or shape.shape_id != title.shape_id]
    for shape in sorted(shapes, key=lambda s: ((s.top or 0) // _ROW, s.left or 0)):
        parts.append(_shape(shape))
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        parts.append(_paragraphs(slide.notes_slide.notes_text_frame, listed=False))
    return "\n\n".join(part for part in parts if part)


def _shapes(shapes: Any) -> Iterator[Any]:
    for shape in shapes:
        if hasattr(shape, "shapes"):
            yield from _shapes(shape.shapes)
        elif not (shape.is_placeholder and shape.placeholder_format.type.name in _NOT_TEXT):
            yield shape


def _shape(shape: Any) -> str:
    if getattr(shape, "has_table", False) and shape.has_table:
        return table([[cell.text for cell in row.cells] for row in shape.table.rows])
    if not shape.has_text_frame:
        return ""
    listed = shape.is_placeholder and shape.placeholder_format.type.name in ("BODY", "OBJECT")
    return _paragraphs(shape.text_frame, listed)


def _paragraphs(frame: Any, listed: bool) -> str:
    """Paragraphs of a text frame. Those of a slide's body are bullets where there are several."""
    found = [(p.level, one_line(p.text)) for p in frame.paragraphs if p.text.strip()]
    if listed and len(found) > 1:
        return "\n".join(f"{'  ' * level}- {text}" for level, text in found)
    return "\n\n".join(text for _, text in found)
