"""What is found in a folder: documents, files that a parser has yet to read, and what is neither."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kg_assets.domain import Document, fingerprint
from kg_assets.ingest.decode import Rejected
from kg_assets.ingest.formats.registry import parser_identity
from kg_assets.language import detect_language
from resources.configuration.settings import DocumentsSettings


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file, or a row or chunk of one, that gave no document.

    `reason` is one of undecodable, binary, empty, too_large, invalid_json, no_content, unreadable,
    duplicate_id, those of the parsers (corrupt, encrypted, no_text, zip_bomb, too_slow, too_much_memory,
    parser_crashed), of remote documents (unreachable, gone, redirect_refused, unsupported, too_many,
    not_fetched), and those of `corpora.SkipReason`; `detail` says what to do; `raw_excerpt` is the start of
    what was read, safe to store as UTF-8.
    """

    document_id: str
    reason: str
    detail: str
    raw_excerpt: str


@dataclass(frozen=True, slots=True)
class Unparsed:
    """A file that becomes one document once its parser has read it, which takes long: known by its content.

    `sources` are the names under which it is there, where they are several.
    """

    document_id: str
    path: Path
    suffix: str
    sha256: str
    settings: DocumentsSettings
    sources: tuple[str, ...] = ()

    def identity(self) -> tuple[object, ...]:
        """All that the document depends on, but its id."""
        limits = self.settings.parser_seconds, self.settings.parser_megabytes
        return (self.suffix, self.sha256, parser_identity(self.suffix), limits, self.sources)


Found = Document | Unparsed | Unreadable


def unreadable(document_id: str, rejected: Rejected, raw_excerpt: str) -> Unreadable:
    """What was not read, and why."""
    return Unreadable(document_id, rejected.reason, rejected.detail, raw_excerpt)


def make_document(
    document_id: str,
    text: str,
    metadata: Mapping[str, Any],
    preset_chunks: tuple[tuple[int, int], ...] = (),
    pages: tuple[tuple[int, int], ...] = (),
) -> Document:
    """A document with its version and language."""
    version = fingerprint(text, metadata, preset_chunks, *([pages] if pages else []))
    return Document(document_id, version, text, metadata, detect_language(text), preset_chunks, pages)
