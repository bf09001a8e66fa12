"""Rows of CSV and Parquet files: each a document where there is a column `content`, else one table of all."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from kg_assets.ingest.decode import Rejected
from kg_assets.ingest.formats.markdown import table
from kg_assets.ingest.formats.parsed import CORRUPT, NO_TEXT, Parsed
from kg_assets.ingest.formats.sheets import shown_value

CONTENT = "content"
_SAMPLE_CHARS = 50_000
_DELIMITERS = ",;\t|"
_MAX_FIELD_CHARS = 100_000_000


def parse_csv_text(text: str) -> Parsed | Rejected:
    """A CSV text whose first row names the columns; the delimiter is found out."""
    csv.field_size_limit(_MAX_FIELD_CHARS)
    try:
        dialect: Any = csv.Sniffer().sniff(text[:_SAMPLE_CHARS].rpartition("\n")[0] or text, _DELIMITERS)
        dialect.doublequote = True
    except csv.Error:
        dialect = csv.excel
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), dialect) if any(row)]
    except csv.Error as error:
        return Rejected("corrupt", f"It is not valid CSV ({error}); save it again from its program.")
    if not rows:
        return NO_TEXT
    names = [name.strip() for name in rows[0]]
    if CONTENT in names:
        return _documents(names, rows[1:])
    return Parsed(table(rows), {"columns": names, "row_count": len(rows) - 1})


def parse_parquet(path: Path) -> Parsed | Rejected:
    """All rows, read by DuckDB."""
    try:
        with duckdb.connect(":memory:", config={"threads": 1, "enable_external_access": True}) as connection:
            cursor = connection.execute("SELECT * FROM read_parquet(?)", [str(path)])
            names = [column[0] for column in cursor.description or ()]
            rows = cursor.fetchall()
    except duckdb.Error:
        return CORRUPT
    if not rows:
        return NO_TEXT
    if CONTENT in names:
        return _documents(names, rows)
    shown = [names, *([shown_value(value) for value in row] for row in rows)]
    return Parsed(table(shown), {"columns": names, "row_count": len(rows)})


def _documents(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> Parsed:
    made = tuple(
        {
            name: _plain(value)
            for name, value in zip(names, row, strict=False)
            if value not in (None, "") or name == CONTENT
        }
        for row in rows
    )
    return Parsed("", rows=made)


def _plain(value: Any) -> Any:
    """The value as JSON can hold it."""
    if isinstance(value, str | bool | int) or value is None:
        return value
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else None
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return shown_value(value)
