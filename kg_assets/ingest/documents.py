"""The documents stage: a corpus' files as work items, readable ones and those to be dropped alike."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kg_assets.domain import Document, fingerprint
from kg_assets.ingest.corpora import CorpusFolder, corpus_name, file_id, scan_corpora
from kg_assets.ingest.formats.registry import file_kinds, parsers_identity
from kg_assets.ingest.found import Found, Unparsed, Unreadable
from kg_assets.ingest.read import parse_document, read_corpus, read_file
from kg_assets.ingest.sources import same_content, with_sources
from kg_assets.ingest.stamps import ReadFile, Stamp, read_before, remember
from kg_assets.stage.ledger import Dropped, WorkItem
from resources.configuration.settings import DocumentsSettings
from resources.models.types import Ask
from resources.sources.addresses import Source
from resources.sources.mirror import Mirror, Mirrored
from resources.sources.outcomes import Limits
from resources.warehouse.warehouse import Warehouse

DOCUMENTS_VERSION = "2"
NOT_OF_READING = {"sources", "source_seconds", "source_minutes"}
"""Settings that say where files come from, and nothing of how they are read."""
DocumentItem = WorkItem[Found | None]


@dataclass(frozen=True, slots=True)
class Scan:
    """Everything in a corpus' folder. An item of a file that was read before and is unchanged has no payload:
    its rows are there. `files` are those that a later scan need not read again, while they are unchanged."""

    items: list[DocumentItem]
    files: list[ReadFile]


def fetch_documents(
    mirror: Mirror, sources: Sequence[Source], corpus: str, settings: DocumentsSettings
) -> None:
    """Bring the copies of the corpus' remote documents up to date.

    Raises:
        SettingsError: the workspace cannot be written.
    """
    limits = Limits(int(settings.max_megabytes * 1_000_000), settings.source_seconds)
    mirror.update(_of_corpus(sources, corpus), limits, file_kinds())


def scan_documents(
    warehouse: Warehouse,
    root: Path,
    corpus: str,
    settings: DocumentsSettings,
    sources: Sequence[Source] = (),
    mirror: Mirror | None = None,
) -> Scan:
    """What is in the corpus' folder now, and in the mirror of its sources. A corpus whose folder is gone has
    no documents any more but those.

    Raises:
        SettingsError: the documents root is missing, and the corpus has no sources.
    """
    own = _of_corpus(sources, corpus)
    mirrored = mirror.found(own) if mirror is not None else Mirrored()
    folder = scan_corpora(root, {source.corpus for source in own}).get(corpus)
    if folder is None:
        return Scan([], [])
    folder = replace(folder, files=(*folder.files, *mirrored.files), copies_of=mirrored.files)
    skipped = [
        _item(Unreadable(file_id(skipped.path, folder.base), skipped.reason, skipped.detail, ""))
        for skipped in folder.skipped
    ]
    skipped += [
        _item(Unreadable(trouble.name, trouble.reason, trouble.detail, "")) for trouble in mirrored.troubles
    ]
    items, files = _read(warehouse, folder, settings)
    if len({item.item_id for item in items}) < len(items):
        # Two files hold documents of one id; which one stays is decided where all of them are read.
        items, files = [_item(found) for found in read_corpus(folder, settings)], []
    return Scan(skipped + items, files)


def keep_scan(warehouse: Warehouse, found: Scan) -> None:
    """Let the next scan leave out what this one has read; called once the items are stored."""
    remember(warehouse, found.files)


async def take_document(item: DocumentItem, _ask: Ask) -> Sequence[Document]:
    """The document itself.

    Raises:
        Dropped: the file could not be read.
    """
    found = parse_document(item.payload) if isinstance(item.payload, Unparsed) else item.payload
    if isinstance(found, Unreadable):
        raise Dropped(found.reason, found.detail, found.raw_excerpt)
    if found is None:
        raise RuntimeError(f"{item.item_id} was taken for read before, and is not stored; this is a bug")
    return [found]


def _read(
    warehouse: Warehouse, folder: CorpusFolder, settings: DocumentsSettings
) -> tuple[list[DocumentItem], list[ReadFile]]:
    recipe = fingerprint(
        DOCUMENTS_VERSION, parsers_identity(), settings.model_dump(mode="json", exclude=NOT_OF_READING)
    )
    before = read_before(warehouse, recipe)
    items: list[DocumentItem] = []
    files = []
    for path, others in same_content(folder.files).items():
        names = [folder.document_id(source) for source in (path, *others)]
        # A file with other sources than before is another document, though it is unchanged.
        name, stamp = "\n".join(names), Stamp.of(path)
        known = before.get(name)
        if known is not None and known.stamp() == stamp:
            items += [WorkItem(document_id, key, None, document_id) for document_id, key in known.items]
            files.append(known)
            continue
        found = list(with_sources(read_file(path, names[0], settings), names))
        read = [_item(one) for one in found]
        items += read
        if stamp is not None and not any(_may_be_read_later(one) for one in found):
            made = tuple((item.item_id, item.key) for item in read)
            stamped = stamp.size, stamp.mtime_ns, stamp.ctime_ns, stamp.inode
            files.append(ReadFile(name, *stamped, recipe, made))
    return items, files


def _of_corpus(sources: Sequence[Source], corpus: str) -> list[Source]:
    return [source for source in sources if corpus_name(source.corpus) == corpus]


def _may_be_read_later(found: Found) -> bool:
    """Whether the fault is not in the file, so that another try may read it though it is unchanged."""
    return isinstance(found, Unreadable) and found.reason == "unreadable"


def _item(found: Found) -> DocumentItem:
    if isinstance(found, Unreadable):
        key = fingerprint(DOCUMENTS_VERSION, found.document_id, found.reason, found.detail, found.raw_excerpt)
    elif isinstance(found, Unparsed):
        key = fingerprint(DOCUMENTS_VERSION, found.document_id, *found.identity())
    else:
        key = fingerprint(DOCUMENTS_VERSION, found.document_id, found.version)
    return WorkItem(found.document_id, key, found, found.document_id)
