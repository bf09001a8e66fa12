"""From files to documents: the formats, and why a file or a row of one is not read.

Decoding bytes is in `decode`, which files there are in `corpora`. Nothing here knows of chunks or storage.

The text of a document is what was decoded, character for character, except that `\\r\\n` and `\\r` become
`\\n` and a byte order mark at the start is removed. All character positions of the pipeline index this text.
"""

import json
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kg_assets.domain import Document, fingerprint
from kg_assets.ingest.corpora import CorpusFolder
from kg_assets.ingest.decode import Rejected, decode, encodable, excerpt, parse_json, unix_newlines
from kg_assets.ingest.language import detect_language
from resources.settings import DocumentsSettings

_CONTENT = "content"
# What GraphGen puts between the chunks of a document is up to us; a blank line ends a paragraph everywhere.
_CHUNK_SEPARATOR = "\n\n"
_MAX_ID_CHARS = 200
_EMPTY = Rejected("empty", "There is no text in it; add some or remove it.")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file, or a row or chunk of one, that gave no document.

    `reason` is one of undecodable, binary, empty, too_large, invalid_json, no_content, unreadable,
    duplicate_id, and those of `corpora.SkipReason`; `detail` says what to do; `raw_excerpt` is the start of
    what was read, safe to store as UTF-8.
    """

    document_id: str
    reason: str
    detail: str
    raw_excerpt: str


@dataclass(frozen=True, slots=True)
class _Row:
    """One entry of a JSON file: the parsed value, or the raw text and why there is no value."""

    number: int
    value: Any = None
    raw: str = ""
    rejected: Rejected | None = None

    def excerpt(self) -> str:
        return excerpt(self.raw or json.dumps(self.value, ensure_ascii=False))


def read_corpus(corpus: CorpusFolder, settings: DocumentsSettings) -> Iterator[Document | Unreadable]:
    """All documents in `corpus.files`, in stable order, and what could not be read; `corpus.skipped` is not.

    Ids are unique: of documents with one id the first stays, the others are `duplicate_id` under that id with
    a number added. Every file gives at least one result.
    """
    uses: Counter[str] = Counter()
    for path in corpus.files:
        for result in read_file(path, corpus.base, settings):
            uses[result.document_id] += 1
            if uses[result.document_id] == 1:
                yield result
                continue
            numbered = f"{result.document_id} ({uses[result.document_id]})"
            if isinstance(result, Unreadable):
                yield replace(result, document_id=numbered)
            else:
                detail = "Another document has this id; give the row an id of its own, or rename the file."
                yield Unreadable(numbered, "duplicate_id", detail, excerpt(result.text))


def read_file(
    path: Path, root_of_corpus: Path, settings: DocumentsSettings
) -> Iterator[Document | Unreadable]:
    """The documents in one file: one for `.txt` and `.md`, one for each row of `.jsonl` and `.json`.

    A row that cannot be read costs only itself. Never raises for what a file contains or for an OS error.

    Raises:
        ValueError: `path` is not below `root_of_corpus`.
    """
    name = file_id(path, root_of_corpus)
    raw = _read_bytes(path, settings)
    if isinstance(raw, Rejected):
        yield _unreadable(name, raw, "")
        return
    text = decode(raw, settings.encodings, name)
    if isinstance(text, Rejected):
        yield _unreadable(name, text, excerpt(raw))
        return
    if not text.strip():
        yield _unreadable(name, _EMPTY, excerpt(text))
        return
    suffix = path.suffix.lower()
    if suffix == ".jsonl":
        yield from _documents_of_rows(name, _jsonl_rows(text))
    elif suffix == ".json":
        yield from _documents_of_rows(name, _json_rows(text))
    else:
        yield _document(name, text, {})


def file_id(path: Path, base: Path) -> str:
    """The path below `base` with `/` and NFC, so that it is the same on every machine.

    Bytes of a file name that are not UTF-8 are written as `\\xff`, since ids are stored as UTF-8.
    """
    relative = path.relative_to(base).as_posix()
    readable = relative.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return unicodedata.normalize("NFC", readable)


def _unreadable(document_id: str, rejected: Rejected, raw_excerpt: str) -> Unreadable:
    return Unreadable(document_id, rejected.reason, rejected.detail, raw_excerpt)


def _document(
    document_id: str, text: str, metadata: Mapping[str, Any], preset_chunks: tuple[tuple[int, int], ...] = ()
) -> Document:
    version = fingerprint(text, metadata, preset_chunks)
    return Document(document_id, version, text, metadata, detect_language(text), preset_chunks)


def _read_bytes(path: Path, settings: DocumentsSettings) -> bytes | Rejected:
    limit = int(settings.max_megabytes * 1_000_000)
    try:
        with path.open("rb") as file:
            raw = file.read(limit + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return Rejected("unreadable", f"It cannot be opened ({reason}); check the file and its permissions.")
    if len(raw) > limit:
        return Rejected(
            "too_large",
            f"It is larger than documents.max_megabytes ({settings.max_megabytes:g} MB); raise the limit or "
            "split the file.",
        )
    return raw


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
        return [_Row(0, raw=text, rejected=_EMPTY)]
    items = value if isinstance(value, list) else [value]
    return [_Row(number, item) for number, item in enumerate(items, start=1)]


def _documents_of_rows(name: str, rows: list[_Row]) -> Iterator[Document | Unreadable]:
    ids = _row_ids(name, rows)
    for row, document_id in zip(rows, ids, strict=True):
        if row.rejected is not None:
            yield _unreadable(document_id, row.rejected, row.excerpt())
        elif isinstance(row.value, list):
            yield from _chunked_document(document_id, row)
        else:
            content = _content(row.value)
            if isinstance(content, Rejected):
                yield _unreadable(document_id, content, row.excerpt())
            else:
                yield _document(document_id, content, _metadata(row.value))


def _chunked_document(document_id: str, row: _Row) -> Iterator[Document | Unreadable]:
    """GraphGen's chunked format: a list of `{"content"}` is one document whose chunks are given."""
    if not row.value:
        yield _unreadable(document_id, _EMPTY, row.excerpt())
        return
    spans: list[tuple[int, int]] = []
    contents: list[str] = []
    metadata: list[Mapping[str, Any]] = []
    position = 0
    for number, item in enumerate(row.value, start=1):
        content = _content(item)
        if isinstance(content, Rejected):
            yield _unreadable(
                f"{document_id}/{number}", content, excerpt(json.dumps(item, ensure_ascii=False))
            )
            continue
        spans.append((position, position + len(content)))
        position += len(content) + len(_CHUNK_SEPARATOR)
        contents.append(content)
        metadata.append(_metadata(item))
    if contents:
        kept: Mapping[str, Any] = {"chunks": metadata} if any(metadata) else {}
        yield _document(document_id, _CHUNK_SEPARATOR.join(contents), kept, tuple(spans))


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
    return unix_newlines(content) if content.strip() else _EMPTY


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
