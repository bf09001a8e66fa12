"""Rows as JSON, one a line or as an array, and what rows of several formats have in common."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any, TypeVar

import orjson

from kg_assets.export.files import Content
from kg_assets.export.pair import ExportPair

Row = dict[str, Any]
T = TypeVar("T")

# Line ends to `str.splitlines`, which some readers of JSON lines use, though not to JSON.
_LINE_ENDS = [(char.encode(), f"\\u{ord(char):04x}".encode()) for char in "\x85\u2028\u2029"]
# Half of a surrogate pair, as a model's JSON escapes can hold, is refused by the trainers' readers.
_SURROGATES = dict.fromkeys(range(0xD800, 0xE000), "\ufffd")


def json_files(name: str, items: Sequence[T], row: Callable[[T], Row]) -> dict[str, Content]:
    """`<name>.json` and `<name>.jsonl` of the format `name`, with a row for each item.

    Rows are made while the files are written, once for each of the two.
    """
    return {
        f"{name}.json": Content(name, len(items), array(map(row, items))),
        f"{name}.jsonl": Content(name, len(items), lines(map(row, items))),
    }


def lines(rows: Iterable[Row], *, half_characters: bool = False) -> Iterator[bytes]:
    """Compact lines. Half of a surrogate pair is a JSON escape if wanted, else U+FFFD."""
    for row in rows:
        yield _json(row, half_characters) + b"\n"


def array(rows: Iterable[Row]) -> Iterator[bytes]:
    """A JSON array with one record a line, so that two exports can be compared line by line."""
    yield b"["
    between = b"\n"
    for row in rows:
        yield between + _json(row)
        between = b",\n"
    yield b"\n]\n"


def tag_column(pair: ExportPair) -> Row:
    """`tag` if there is a taxonomy. Always a text: readers take a column's type from its first rows."""
    return {} if pair.tag is None else {"tag": pair.tag}


def _json(row: Row, half_characters: bool = False) -> bytes:
    try:
        line = orjson.dumps(row)
    except orjson.JSONEncodeError:  # it takes no half characters
        text = json.dumps(row, ensure_ascii=False, separators=(",", ":"), default=asdict)
        text = text if half_characters else text.translate(_SURROGATES)
        line = text.encode("utf-8", "backslashreplace")
    for char, escape in _LINE_ENDS:
        line = line.replace(char, escape)
    return line
