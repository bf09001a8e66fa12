"""Putting export files on disk, each whole or not at all. What is in them the writers beside it decide."""

import errno
import hashlib
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePath

from resources.errors import ExportError


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """One file of an export: `rows` are pairs, lines or graph units; `sha256` is of the bytes on disk."""

    path: Path
    format: str
    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Content:
    """What one file shall hold: `parts` is read once, so that a large file never stands in memory whole."""

    format: str
    rows: int
    parts: Iterable[bytes]


def write_files(
    directory: Path, files: Mapping[str, Content], remove: Collection[str] = ()
) -> list[ExportedFile]:
    """Write `files` (name to content) into `directory`, which is created if need be, then delete `remove`.

    A name may lie in a folder (`card/README.md`): folders are made, and removed once nothing is in them.

    Every file is written in full under a temporary name, and flushed to the disk, before the first one takes
    its place: a process killed, a full disk or an error while content is made leaves the old files as they
    were. Only a kill between two renames, which are milliseconds apart, leaves new files beside old ones.

    Raises:
        ExportError: the folder cannot be made or written, or the disk is full.
    """
    with _explained(directory):
        directory.mkdir(parents=True, exist_ok=True)
        try:
            written = [_write_part(directory, name, content) for name, content in files.items()]
            for file in written:
                os.replace(_part(file.path), file.path)
        except BaseException:
            for name in files:
                # The first error is the one to report; a part file that stays is overwritten next time.
                with suppress(OSError):
                    _part(directory / name).unlink(missing_ok=True)
            _remove_empty_folders(directory, files)
            raise
        for path in (directory / name for name in remove):
            # Where the user has a file in place of a folder of ours, nothing of ours is in it.
            with suppress(NotADirectoryError):
                path.unlink(missing_ok=True)
                _part(path).unlink(missing_ok=True)
        _remove_empty_folders(directory, remove)
        for folder in {directory, *(directory / folder for name in files for folder in _folders(name))}:
            _sync_directory(folder)
    return written


def unchanged(file: ExportedFile) -> bool:
    """Whether the file on disk is the one that was written."""
    try:
        with file.path.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest() == file.sha256
    except OSError:
        return False


def _part(path: Path) -> Path:
    """The temporary name: the same each time, so that what a killed run left is overwritten."""
    return path.with_name(f".{path.name}.part")


def _folders(name: str) -> list[PurePath]:
    """The folders that a name lies in, innermost first."""
    return list(PurePath(name).parents)[:-1]


def _remove_empty_folders(directory: Path, names: Iterable[str]) -> None:
    for folder in (directory / folder for name in names for folder in _folders(name)):
        # It holds something, or was never made.
        with suppress(OSError):
            folder.rmdir()


def _write_part(directory: Path, name: str, content: Content) -> ExportedFile:
    digest, path = hashlib.sha256(), directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with _part(path).open("wb") as file:
        for part in content.parts:
            digest.update(part)
            file.write(part)
        file.flush()
        os.fsync(file.fileno())
    return ExportedFile(path, content.format, content.rows, digest.hexdigest())


def _sync_directory(directory: Path) -> None:
    """Make the renames themselves durable, where the system can (Windows cannot open a directory)."""
    if os.name != "posix":
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


_REMEDIES = {
    errno.ENOSPC: "the disk is full: free some space, then run again, nothing computed is lost",
    errno.EDQUOT: "your disk quota is used up: free some space, then run again, nothing computed is lost",
    errno.EACCES: "the folder is not writable: give yourself write permission or choose another --workspace",
    errno.EPERM: "the folder is not writable: give yourself write permission or choose another --workspace",
    errno.EROFS: "the file system is read-only: choose another --workspace",
    errno.ENOTDIR: "a part of that path is a file: move it away or choose another --workspace",
    errno.EEXIST: "a file of that name is in the way: move it away or choose another --workspace",
    errno.EISDIR: "a folder has the name of an export file: move it away, then run again",
}


@contextmanager
def _explained(directory: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        remedy = _REMEDIES.get(error.errno or 0, f"{error.strerror or error}: mend that, then run again")
        raise ExportError(f"The exports cannot be written to {directory}: {remedy}.") from error
