"""Which files make up which corpus: walking the documents folder, naming corpora.

Nothing here opens a file; turning files into documents is in `read`.
"""

import os
import stat
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from kg_assets.ingest.formats.registry import BY_SUFFIX, unsupported
from resources.errors import SettingsError
from resources.workspace.layout import WORKSPACE_MARKER

DEFAULT_CORPUS = "default"

_TEMPORARY_SUFFIXES = frozenset({".tmp", ".part", ".swp", ".crdownload"})
# `<corpus>.duckdb.wal` and the like must stay below the 255 bytes that file systems allow.
_MAX_NAME_BYTES = 200

SkipReason = Literal["unsupported", "outside_root", "link_cycle", "unreadable"]


@dataclass(frozen=True, slots=True)
class SkippedFile:
    """A path that belongs to a corpus and is not read. `detail` says what the user can do about it."""

    path: Path
    reason: SkipReason
    detail: str


@dataclass(frozen=True, slots=True)
class CorpusFolder:
    """The files of one corpus, in stable order.

    Document ids are paths relative to `base`: the corpus folder, or the documents root for `default`, so that
    `a.txt` and `default/a.txt` stay apart. Files that are copies of something else have it in `copies_of`.
    """

    name: str
    base: Path
    files: tuple[Path, ...]
    skipped: tuple[SkippedFile, ...]
    copies_of: Mapping[Path, str] = field(default_factory=dict)

    def document_id(self, path: Path) -> str:
        """What the document in a file is called."""
        return self.copies_of.get(path) or file_id(path, self.base)


def list_corpora(root: Path) -> dict[str, list[Path]]:
    """Name the corpora that have at least one supported file, and their files, both in stable order.

    Raises:
        SettingsError: `root` is missing or no folder, or a corpus folder's name cannot be used.
    """
    return {name: list(corpus.files) for name, corpus in scan_corpora(root).items() if corpus.files}


def file_id(path: Path, base: Path) -> str:
    """The path below `base` with `/` and NFC, so that it is the same on every machine.

    Bytes of a file name that are not UTF-8 are written as `\\xff`, since ids are stored as UTF-8.
    """
    relative = path.relative_to(base).as_posix()
    readable = relative.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return unicodedata.normalize("NFC", readable)


def scan_corpora(root: Path, sourced: Collection[str] = ()) -> dict[str, CorpusFolder]:
    """Walk `root` once: every corpus with the files to read and those passed over.

    A folder in which nothing is supported is still a corpus here, so that its files can be reported; a folder
    without any file is not. Hidden and temporary files are neither read nor reported, nor are workspaces of
    ours, which hold passwords and what was made of documents. Symbolic links are followed only inside `root`.
    Corpora in `sourced` have documents from elsewhere: they need no folder, nor is `root` needed then.

    Raises:
        SettingsError: as in `list_corpora`.
    """
    elsewhere = {corpus_name(name): CorpusFolder(corpus_name(name), root, (), ()) for name in sourced}
    if elsewhere and not root.exists():
        return elsewhere
    if not root.is_dir():
        what = "is not a folder" if root.exists() else "does not exist"
        raise SettingsError(
            f"The documents folder {root} {what}; create it and put documents or folders of "
            "documents in it, or name another one with --documents."
        )
    real_root = root.resolve()
    walked: dict[str, _Walk] = {}
    folder_of: dict[str, str] = {}
    try:
        entries = _entries(root)
    except OSError as error:
        raise SettingsError(f"The documents folder {root} cannot be listed ({error.strerror}).") from error
    for entry in entries:
        if _is_ignored(entry.name):
            continue
        in_folder = entry.is_dir()
        name = corpus_name(entry.name) if in_folder else DEFAULT_CORPUS
        if in_folder and folder_of.setdefault(name, entry.name) != entry.name:
            raise SettingsError(
                f"The folders {folder_of[name]!r} and {entry.name!r} in {root} look the same but are spelled "
                "with different Unicode characters; rename one, or move its files into the other."
            )
        base = root if name == DEFAULT_CORPUS else entry
        walked.setdefault(name, _Walk(base, real_root)).visit(entry)
    corpora = {name: walk.result(name) for name, walk in sorted(walked.items())}
    found = {name: corpus for name, corpus in corpora.items() if corpus.files or corpus.skipped}
    return dict(sorted((elsewhere | found).items()))


def corpus_name(folder_name: str) -> str:
    """The corpus that a folder holds, as a name that file systems and Dagster partition keys accept.

    Letters and digits of any script, `-`, `_`, single inner `.` and inner spaces stay; anything else is
    percent-encoded, `%` too, so that different folders have different names. The name is NFC normalised.

    Raises:
        SettingsError: the name is too long.
    """
    normal = unicodedata.normalize("NFC", folder_name)
    last = len(normal) - 1
    safe = []
    for position, character in enumerate(normal):
        if character in "-_" or unicodedata.category(character)[0] in "LNM":
            keep = True
        elif character == " ":
            keep = 0 < position < last
        else:
            # Dagster refuses "...", Windows a trailing dot.
            keep = character == "." and 0 < position < last and normal[position - 1] != "."
        safe.append(character if keep else "".join(f"%{byte:02X}" for byte in os.fsencode(character)))
    name = "".join(safe)
    if len(name.encode()) > _MAX_NAME_BYTES:
        raise SettingsError(
            f"The name of the corpus folder {name[:60]!r}… is too long for file names that are made from it; "
            f"rename the folder to at most {_MAX_NAME_BYTES} bytes (letters outside ASCII take 2 to 4)."
        )
    return name


class _Walk:
    """Collects the files of one corpus; `visit` may be called for several entries of the documents root."""

    def __init__(self, base: Path, real_root: Path) -> None:
        self._base = base
        self._real_root = real_root
        self._files: list[Path] = []
        self._skipped: list[SkippedFile] = []

    def visit(self, path: Path, above: tuple[Path, ...] = ()) -> None:
        """Take in a file, or all files below a folder; `above` are the real folders that led here."""
        if _is_ignored(path.name):
            return
        if path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(self._real_root):
            self._skip(
                path, "outside_root", "The link leads out of the documents folder; copy the file there."
            )
        elif path.is_dir():
            real = Path(os.path.realpath(path))
            if os.path.exists(path / WORKSPACE_MARKER):
                return
            if real in above:
                self._skip(path, "link_cycle", "The link leads to a folder around it; remove the link.")
                return
            try:
                entries = _entries(path)
            except OSError as error:
                self._skip(path, "unreadable", f"The folder cannot be listed ({error.strerror}).")
                return
            for entry in entries:
                self.visit(entry, (*above, real))
        elif path.suffix.lower() not in BY_SUFFIX:
            self._skip(path, "unsupported", unsupported().detail)
        elif path.exists() and not stat.S_ISREG(path.stat().st_mode):
            # Opening a named pipe would wait for its writer forever.
            self._skip(path, "unreadable", "This is a device, pipe or socket; put a plain file in its place.")
        else:
            self._files.append(path)

    def result(self, name: str) -> CorpusFolder:
        files = sorted(self._files, key=self._order)
        skipped = sorted(self._skipped, key=lambda file: self._order(file.path))
        return CorpusFolder(name, self._base, tuple(files), tuple(skipped))

    def _skip(self, path: Path, reason: SkipReason, detail: str) -> None:
        self._skipped.append(SkippedFile(path, reason, detail))

    def _order(self, path: Path) -> tuple[str, str]:
        # Normalised first: macOS and Linux spell the same name differently.
        relative = path.relative_to(self._base).as_posix()
        return unicodedata.normalize("NFC", relative), relative


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def _is_ignored(name: str) -> bool:
    """Hidden files and folders, and what editors and browsers write beside a file until it is complete."""
    hidden = name.startswith((".", "~$")) or (name.startswith("#") and name.endswith("#"))
    return hidden or name.endswith("~") or Path(name).suffix.lower() in _TEMPORARY_SUFFIXES
