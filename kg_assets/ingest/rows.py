"""Documents of rows: lines of JSON, lists in a JSON file, rows of a table with a column `content`."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kg_assets.domain import Document
from kg_assets.ingest.decode import Rejected, encodable, excerpt, parse_json, unix_newlines
from kg_assets.ingest.found import Unreadable, make_document, unreadable

_CONTENT = "content"
# What GraphGen puts between the chunks of a document is up to us; a blank line ends a paragraph everywhere.
_CHUNK_SEPARATOR = "\n\n"
_MAX_ID_CHARS = 200
EMPTY = Rejected("empty", "There is no text in it; add some or remove it.")


@dataclass(frozen=True, slots=True)
class _Row:
    """One entry of a JSON file: the parsed value, or the raw text and why there is no value."""

    number: int
    value: Any = None
    raw: str = ""
    rejected: Rejected | None = None

    def excerpt(self) -> str:
        return excerpt(self.raw or json.dumps(self.value, ensure_ascii=False))


def jsonl_documents(name: str, text: str) -> Iterator[Document | Unreadable]:
    """One for each line that is not blank."""
    return _documents_of_rows(name, _jsonl_rows(text))


def json_documents(name: str, text: str) -> Iterator[Document | Unreadable]:
    """One for each object or list of chunks in the file's list."""
    return _documents_of_rows(name, _json_rows(text))


def table_documents(name: str, rows: Sequence[Mapping[str, Any]]) -> Iterator[Document | Unreadable]:
    """One for each row of a table, numbered from 1."""
    if not rows:
        return iter([unreadable(name, EMPTY, "")])
    return _documents_of_rows(name, [_Row(number, row) for number, row in enumerate(rows, start=1)])


def _jsonl_rows(text: str) -> list[_Row]:
    rows = []
    # Not splitlines: JSON strings may hold U+2028 and other line separators of Unicode.
    for number, line in enumerate(text.split("\n"), start=1):
        if line and not line.isspace():
            value = parse_json(line)
            rejected = value if isinstance(value, Rejected) else None
            rows.append(_Row(number, value, line, rejected))
    return rows


def _json_rows(text: str) -> list[_Row]:
    value = parse_json(text)
    if isinstance(value, Rejected):
        detail = f"{value.detail} A file with one object per line must be called .jsonl."
        return [_Row(0, raw=text, rejected=Rejected(value.reason, detail))]
    if isinstance(value, list) and not value:
        return [_Row(0, raw=text, rejected=EMPTY)]
    items = value if isinstance(value, list) else [value]
    return [_Row(number, item) for number, item in enumerate(items, start=1)]


def _documents_of_rows(name: str, rows: list[_Row]) -> Iterator[Document | Unreadable]:
    ids = _row_ids(name, rows)
    for row, document_id in zip(rows, ids, strict=True):
        if row.rejected is not None:
            yield unreadable(document_id, row.rejected, row.excerpt())
        elif isinstance(row.value, list):
            yield from _chunked_document(document_id, row)
        else:
            content = _content(row.value)
            if isinstance(content, Rejected):
                yield unreadable(document_id, content, row.excerpt())
            else:
                yield make_document(document_id, content, _metadata(row.value))


def _chunked_document(document_id: str, row: _Row) -> Iterator[Document | Unreadable]:
    """GraphGen's chunked format: a list of `{"content"}` is one document whose chunks are given."""
    if not row.value:
        yield unreadable(document_id, EMPTY, row.excerpt())
        return
    spans: list[tuple[int, int]] = []
    contents: list[str] = []
    metadata: list[Mapping[str, Any]] = []
    position = 0
    for number, item in enumerate(row.value, start=1):
        content = _content(item)
        if isinstance(content, Rejected):
            yield unreadable(
                f"{document_id}/{number}", content, excerpt(json.dumps(item, ensure_ascii=False))
            )
            continue
        spans.append((position, position + len(content)))
        position += len(content) + len(_CHUNK_SEPARATOR)
        contents.append(content)
        metadata.append(_metadata(item))
    if contents:
        kept: Mapping[str, Any] = {"chunks": metadata} if any(metadata) else {}
        yield make_document(document_id, _CHUNK_SEPARATOR.join(contents), kept, tuple(spans))


def _content(item: Any) -> str | Rejected:
    """The text of one JSON object, newlines unified, or why there is none."""
    if not isinstance(item, dict):
        return Rejected("no_content", f'Each row must be an object {{"{_CONTENT}": "…"}}.')
    kind = item.get("type", "text")
    if kind != "text":
        return Rejected(
            "no_content", f'Only rows of type "text" hold text to read; this one is {kind!r:.40}.'
        )
    content = item.get(_CONTENT)
    if not isinstance(content, str):
        return Rejected("no_content", f'The object has no text under "{_CONTENT}"; put it there.')
    if not encodable(item):
        return Rejected(
            "undecodable", "It holds half of a surrogate pair (\\ud800 to \\udfff); write it anew."
        )
    if "\0" in content:
        return Rejected("binary", "The text holds a NUL character (\\u0000), so it is not text; remove it.")
    return unix_newlines(content) if content.strip() else EMPTY


def _metadata(item: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in item.items() if key != _CONTENT}


def _row_ids(name: str, rows: Sequence[_Row]) -> list[str]:
    """`file#<id>` for rows whose own id is unique in the file, else `file#<number>`.

    The number is the line (`.jsonl`) or the place in the list (`.json`), from 1. Where another row has that
    number for its id, `file#line <number>` keeps them apart. Number 0 is the file as a whole.
    """
    own = [_own_id(row.value) for row in rows]
    uses = Counter(own)
    ids = []
    for row, key in zip(rows, own, strict=True):
        if row.number == 0:
            ids.append(name)
        elif key is not None and uses[key] == 1:
            ids.append(f"{name}#{key}")
        else:
            number = str(row.number)
            ids.append(f"{name}#line {number}" if uses[number] == 1 else f"{name}#{number}")
    return ids


def _own_id(value: Any) -> str | None:
    if not isinstance(value, dict):
        return None
    for key in ("id", "_id"):
        own = value.get(key)
        if isinstance(own, int) and not isinstance(own, bool):
            own = str(own) if abs(own) < 10**18 else None
        # Ids are shown in a line of their own; isprintable also refuses halves of surrogate pairs.
        if isinstance(own, str) and own.strip() and own.isprintable() and len(own) <= _MAX_ID_CHARS:
            return own
    return None
