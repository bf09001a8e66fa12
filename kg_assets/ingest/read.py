"""From files to documents: the formats, and why a file or a row of one is not read.

Plain text, Markdown, JSON and CSV are decoded and read at once (`texts`); other kinds are known by their
content first, and parsed in a child process when their document is made (`parse_document`). The kinds are in
`formats.table`, decoding bytes is in `decode`, which files there are in `corpora`. Nothing here knows of
chunks or storage.

The text of a plain document is what was decoded, character for character, except that `\\r\\n` and `\\r`
become `\\n` and a byte order mark at the start is removed. All character positions of the pipeline index it.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from kg_assets.domain import Document
from kg_assets.ingest.corpora import CorpusFolder
from kg_assets.ingest.decode import Rejected, decode, excerpt
from kg_assets.ingest.detect import detected
from kg_assets.ingest.formats.named import function_named
from kg_assets.ingest.formats.registry import BY_SUFFIX, unsupported
from kg_assets.ingest.formats.sandbox import shared_sandbox
from kg_assets.ingest.found import Found, Unparsed, Unreadable, make_document, unreadable
from kg_assets.ingest.rows import EMPTY
from kg_assets.ingest.sources import same_content, with_sources
from kg_assets.ingest.texts import documents_of
from resources.configuration.settings import DocumentsSettings


def read_corpus(corpus: CorpusFolder, settings: DocumentsSettings) -> Iterator[Found]:
    """All documents in `corpus.files`, in stable order, and what could not be read; `corpus.skipped` is not.

    Files of the same content are one document with several sources. Ids are unique: of documents with one
    id the first stays, the others are `duplicate_id` under that id with a number added. Every file gives at
    least one result, or is a source of one.
    """
    uses: Counter[str] = Counter()
    for path, others in same_content(corpus.files).items():
        names = [corpus.document_id(source) for source in (path, *others)]
        for result in with_sources(read_file(path, names[0], settings), names):
            uses[result.document_id] += 1
            if uses[result.document_id] == 1:
                yield result
                continue
            numbered = f"{result.document_id} ({uses[result.document_id]})"
            if isinstance(result, Unreadable):
                yield replace(result, document_id=numbered)
            else:
                detail = "Another document has this id; give the row an id of its own, or rename the file."
                shown = excerpt(result.text) if isinstance(result, Document) else ""
                yield Unreadable(numbered, "duplicate_id", detail, shown)


def read_file(path: Path, name: str, settings: DocumentsSettings) -> Iterator[Found]:
    """The documents in one file: one for each row of `.jsonl`, `.json`, and of tables with a column
    `content`, one for any other file.

    `name` is the document's id, or what the ids of rows begin with. A row that cannot be read costs only
    itself. Never raises for what a file contains or for an OS error.
    """
    suffix = path.suffix.lower()
    reader = BY_SUFFIX.get(suffix)
    if reader is None:
        # Copies of remote documents outlive the kinds that are read.
        yield unreadable(name, unsupported(), "")
        return
    if reader.in_child:
        yield from _to_parse(path, name, suffix, settings)
        return
    raw = _read_bytes(path, settings)
    if isinstance(raw, Rejected):
        yield unreadable(name, raw, "")
        return
    text = decode(raw, settings.encodings, name)
    metadata: dict[str, str] = {}
    if isinstance(text, Rejected):
        guess = detected(raw)
        if guess is None:
            yield unreadable(name, text, excerpt(raw))
            return
        text, metadata["encoding"] = guess
    if not text.strip():
        yield unreadable(name, EMPTY, excerpt(text))
    else:
        yield from function_named(reader.function)(name, text, metadata)


def parse_document(unparsed: Unparsed) -> Document | Unreadable:
    """What the parser makes of a file, in the child process; the file may have changed since it was found."""
    settings = unparsed.settings
    sandbox = shared_sandbox(settings.parser_seconds, settings.parser_megabytes)
    found = sandbox.parse(unparsed.path, unparsed.suffix)
    if isinstance(found, Rejected):
        also = f" It is also there as {', '.join(unparsed.sources[1:])}." if unparsed.sources else ""
        return Unreadable(unparsed.document_id, found.reason, found.detail + also, "")
    document = make_document(unparsed.document_id, found.text, found.metadata, pages=found.pages)
    (named,) = with_sources([document], unparsed.sources or (unparsed.document_id,))
    assert isinstance(named, Document)
    return named


def _to_parse(path: Path, name: str, suffix: str, settings: DocumentsSettings) -> Iterator[Found]:
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest() if size <= _limit(settings) else ""
    except OSError as error:
        yield unreadable(name, _cannot_open(error), "")
        return
    if not digest:
        yield unreadable(name, _too_large(settings), "")
    elif size == 0:
        yield unreadable(name, EMPTY, "")
    elif BY_SUFFIX[suffix].of_rows:
        sandbox = shared_sandbox(settings.parser_seconds, settings.parser_megabytes)
        yield from documents_of(name, sandbox.parse(path, suffix), {})
    else:
        yield Unparsed(name, path, suffix, digest, settings)


def _limit(settings: DocumentsSettings) -> int:
    return int(settings.max_megabytes * 1_000_000)


def _read_bytes(path: Path, settings: DocumentsSettings) -> bytes | Rejected:
    limit = _limit(settings)
    try:
        with path.open("rb") as file:
            raw = file.read(limit + 1)
    except OSError as error:
        return _cannot_open(error)
    return _too_large(settings) if len(raw) > limit else raw


def _cannot_open(error: OSError) -> Rejected:
    reason = error.strerror or type(error).__name__
    return Rejected("unreadable", f"It cannot be opened ({reason}); check the file and its permissions.")


def _too_large(settings: DocumentsSettings) -> Rejected:
    return Rejected(
        "too_large",
        f"It is larger than documents.max_megabytes ({settings.max_megabytes:g} MB); raise the limit or "
        "split the file.",
    )
