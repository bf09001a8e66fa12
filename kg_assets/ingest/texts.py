"""Kinds of documents that are text with little structure: read in this process once their text is decoded.

Each function gets what the document is called, its text, and what is known about the file, and gives its
documents. Which kind of file is read by which one says the table in `formats`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from kg_assets.domain import Document
from kg_assets.ingest.decode import Rejected
from kg_assets.ingest.formats.parsed import Parsed
from kg_assets.ingest.found import Unreadable, make_document, unreadable
from kg_assets.ingest.rows import json_documents, jsonl_documents, table_documents

Documents = Iterator[Document | Unreadable]


def read_plain(name: str, text: str, metadata: Mapping[str, Any]) -> Documents:
    """The text as it is."""
    yield make_document(name, text, metadata)


def read_json(name: str, text: str, _metadata: Mapping[str, Any]) -> Documents:
    """A document for each entry of a list."""
    return json_documents(name, text)


def read_jsonl(name: str, text: str, _metadata: Mapping[str, Any]) -> Documents:
    """A document for each line."""
    return jsonl_documents(name, text)


def read_csv(name: str, text: str, metadata: Mapping[str, Any]) -> Documents:
    """A document for each row where there is a column `content`, else one table."""
    from kg_assets.ingest.formats.rows import parse_csv_text  # and with it the libraries of other formats

    return documents_of(name, parse_csv_text(text), metadata)


def documents_of(name: str, found: Parsed | Rejected, metadata: Mapping[str, Any]) -> Documents:
    """The documents in what a parser made of a file, or why there are none."""
    if isinstance(found, Rejected):
        yield unreadable(name, found, "")
    elif found.rows is not None:
        yield from table_documents(name, found.rows)
    else:
        yield make_document(name, found.text, {**found.metadata, **metadata})
