"""What follows from the table of kinds: the reader of a file, its part of a row's key, what is fetched."""

from kg_assets.ingest.decode import Rejected
from kg_assets.ingest.formats.ocr import ocr_is_installed
from kg_assets.ingest.formats.table import READERS
from resources.sources.kinds import FileKinds

BY_SUFFIX = {suffix: reader for reader in READERS for suffix in reader.suffixes}
"""The reader of each kind of file, by suffix in lower case."""


def parser_identity(suffix: str) -> tuple[object, ...]:
    """What a reader's results depend on besides the file: its version, and what is installed."""
    reader = BY_SUFFIX[suffix]
    return (reader.version, reader.uses_ocr and ocr_is_installed())


def parsers_identity() -> tuple[object, ...]:
    """The same of all readers."""
    return tuple((suffix, *parser_identity(suffix)) for suffix in sorted(BY_SUFFIX))


def unsupported() -> Rejected:
    """Why a file of no kind in the table is not read."""
    return Rejected(
        "unsupported", f"Only {', '.join(sorted(BY_SUFFIX))} are read; convert the file to one of them."
    )


def file_kinds() -> FileKinds:
    """What is fetched of the web and of object stores."""
    return FileKinds(
        suffixes=frozenset(BY_SUFFIX),
        by_mime_type={
            mime_type: reader.suffixes[0] for reader in BY_SUFFIX.values() for mime_type in reader.mime_types
        },
        texts=frozenset(suffix for suffix, reader in BY_SUFFIX.items() if reader.is_text),
    )
