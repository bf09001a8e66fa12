"""Sheets (.xlsx): each sheet a heading and a table, as the cells show; each sheet is a page."""

import datetime
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

from kg_assets.ingest.decode import Rejected
from kg_assets.ingest.formats.archive import open_archive
from kg_assets.ingest.formats.markdown import heading, table
from kg_assets.ingest.formats.parsed import CORRUPT, ENCRYPTED, NO_TEXT, Parsed, joined_pages
from kg_assets.ingest.formats.word import office_metadata


def parse_xlsx(path: Path) -> Parsed | Rejected:
    """All sheets that are not hidden, with the values of formulas as they were last computed."""
    archive = open_archive(path)
    if isinstance(archive, Rejected):
        return archive
    with archive:
        metadata = office_metadata(archive)
    try:
        with CalamineWorkbook.from_path(str(path)) as workbook:
            shown = [
                sheet.name
                for sheet in workbook.sheets_metadata
                if sheet.visible == SheetVisibleEnum.Visible and sheet.typ == SheetTypeEnum.WorkSheet
            ]
            sheets = [(name, workbook.get_sheet_by_name(name).to_python()) for name in shown]
    except PasswordError:
        return ENCRYPTED
    except CalamineError:
        return CORRUPT
    texts = []
    for number, (name, rows) in enumerate(sheets, start=1):
        cells = table([[shown_value(value) for value in row] for row in rows])
        texts.append((number, f"{heading(2, name)}\n\n{cells}" if cells else ""))
    text, pages = joined_pages(texts)
    return Parsed(text, metadata | {"page_count": len(texts)}, pages) if text else NO_TEXT


def shown_value(value: Any) -> str:
    """A cell's value as people write it: whole numbers without a point, dates in ISO form."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime.datetime):
        return (
            value.date().isoformat() if value.time() == datetime.time() else value.isoformat(" ", "seconds")
        )
    return str(value)
