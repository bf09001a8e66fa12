"""Files of the same content: one document with several sources."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from kg_assets.domain import Document
from kg_assets.ingest.found import Found, Unparsed, make_document

SOURCES = "sources"


def same_content(files: Sequence[Path]) -> dict[Path, tuple[Path, ...]]:
    """For the first of each set of equal files the others, in order; most files are equal to none.

    Files are equal if their bytes and the kind that their names say are. Only files of equal size are read.
    """
    by_size: dict[tuple[str, int], list[Path]] = defaultdict(list)
    for path in files:
        by_size[path.suffix.lower(), _size(path)].append(path)
    content: dict[Path, str] = {}
    for (_, size), paths in by_size.items():
        if size > 0 and len(paths) > 1:
            content |= {path: _digest(path) for path in paths}
    first: dict[tuple[str, str], Path] = {}
    equal: dict[Path, tuple[Path, ...]] = {}
    for path in files:
        digest = content.get(path, "")
        kept = first.setdefault((path.suffix.lower(), digest), path) if digest else path
        if kept is path:
            equal[path] = ()
        else:
            equal[kept] += (path,)
    return equal


def with_sources(found: Iterable[Found], names: Sequence[str]) -> Iterator[Found]:
    """What was found in the first of some equal files, with all their names as `sources` in the metadata.

    What could not be read is reported under each name.
    """
    if len(names) < 2:
        yield from found
        return
    for one in found:
        ids = [name + one.document_id.removeprefix(names[0]) for name in names]
        if isinstance(one, Document):
            metadata = {**one.metadata, SOURCES if SOURCES not in one.metadata else "file_sources": ids}
            yield make_document(one.document_id, one.text, metadata, one.preset_chunks, one.pages)
        elif isinstance(one, Unparsed):
            yield replace(one, sources=tuple(ids))
        else:
            yield from (replace(one, document_id=document_id) for document_id in ids)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def _digest(path: Path) -> str:
    """Hash of the content; empty where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
