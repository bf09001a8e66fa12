"""Which files are still as they were when they were read, so that they need not be read again.

As git's index and rsync do, a file is taken for unchanged while its size, its times and its inode are.
"""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from resources.warehouse.warehouse import Warehouse, insert_rows

YOUNG_S = 3.0
"""A file younger than this may be written once more without its times showing it; file systems round them."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What the file system says of a file; times in nanoseconds."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int

    @classmethod
    def of(cls, path: Path) -> Self | None:
        """The file's stamp; None where it cannot be had, or is too young to be trusted."""
        try:
            found = os.stat(path)
        except OSError:
            return None
        if time.time() - max(found.st_mtime, found.st_ctime) < YOUNG_S:
            return None
        return cls(found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file that was read: a row of `read_files`.

    `recipe` stands for all else that the result depends on; `items` are (document id, row key) of what was
    found in it.
    """

    file: str
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    recipe: str
    items: tuple[tuple[str, str], ...]

    def stamp(self) -> Stamp:
        """The file's stamp before it was read."""
        return Stamp(self.size, self.mtime_ns, self.ctime_ns, self.inode)


def read_before(warehouse: Warehouse, recipe: str) -> dict[str, ReadFile]:
    """By file, what was read under this recipe and is still stored whole."""
    settled = (
        "SELECT key FROM done WHERE stage = 'documents' "
        "UNION ALL SELECT key FROM drops WHERE stage = 'documents' AND NOT retry"
    )
    with warehouse.connect() as connection:
        keys = {key for (key,) in connection.execute(settled).fetchall()}
    files = warehouse.rows(ReadFile, "FROM read_files WHERE recipe = ?", [recipe])
    return {file.file: file for file in files if all(key in keys for _, key in file.items)}


def remember(warehouse: Warehouse, files: Sequence[ReadFile]) -> None:
    """Make `files` the ones that were read."""
    if warehouse.rows(ReadFile, "FROM read_files") != [*files]:
        with warehouse.transaction() as connection:
            connection.execute("DELETE FROM read_files")
            insert_rows(connection, "read_files", files)
