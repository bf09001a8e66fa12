"""Object stores and other file systems, through fsspec: what matches a source, and the content of each file.

An object is known by what the store says of it (ETag, times, size), and read only when that changes.
"""

import hashlib
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import fsspec
from fsspec.implementations.local import LocalFileSystem

from resources.models.masking import Mask
from resources.sources.addresses import Source
from resources.sources.outcomes import Fetched, Limits, NotFetched, too_large, unsupported, within

PATTERN = frozenset("*?[")
MAX_FILES = 100_000
SHOWN_CHARS = 200
SAYS_VERSION = ("etag", "contentmd5", "md5hash", "mtime", "lastmodified", "updated", "created", "versionid")


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file in a store: how it is named, and how its store is asked for it. `state` says its version, and is
    empty where the store says nothing but the size."""

    name: str
    path: str
    suffix: str
    size: int
    state: Mapping[str, str]


class Store:
    """The file system that a source is on.

    Raises:
        NotFetched: its library is not installed, or it does not accept the address.
    """

    def __init__(self, source: Source, limits: Limits, suffixes: Collection[str]) -> None:
        self._source = source
        self._limits = limits
        self._suffixes = suffixes
        self._files, self._path = self._tried(lambda: fsspec.core.url_to_fs(source.url))

    def files(self) -> list[StoredFile]:
        """What the source names: a file, all files below a folder, or those that match the pattern.

        Raises:
            NotFetched: it cannot be listed, or there is nothing; with `gone` if that is certain.
        """
        found = self._tried(self._listed)
        files = [
            self._stored(path, info) for path, info in sorted(found.items()) if self._is_meant(path, info)
        ]
        if not files:
            raise NotFetched("gone", "There is no file: check the address.", gone=True)
        if len(files) > MAX_FILES:
            raise NotFetched(
                "too_many", f"These are {len(files):,} files, more than {MAX_FILES:,}: name fewer."
            )
        return files

    def fetch(self, file: StoredFile) -> Fetched:
        """The content of a file.

        Raises:
            NotFetched: it cannot be read, is too large or of a kind that is not read.
        """
        if file.suffix not in self._suffixes:
            raise unsupported(
                f"A file of the kind {file.suffix!r}" if file.suffix else "A file without a suffix"
            )
        if file.size > self._limits.bytes:
            raise too_large(self._limits)
        content = self._tried(lambda: self._read(file.path))
        if len(content) > self._limits.bytes:
            raise too_large(self._limits)
        return Fetched(content, file.suffix, file.state)

    def _listed(self) -> dict[str, dict[str, Any]]:
        self._files.invalidate_cache()
        if PATTERN & set(self._path):
            found: dict[str, dict[str, Any]] = self._files.glob(self._path, detail=True)
            return found
        if self._files.isdir(self._path):
            below: dict[str, dict[str, Any]] = self._files.find(self._path, detail=True)
            return below
        return {self._path: self._files.info(self._path)}

    def _read(self, path: str) -> bytes:
        with self._files.open(path, "rb") as file:
            content: bytes = file.read(self._limits.bytes + 1)
        return content

    def _is_meant(self, path: str, info: Mapping[str, Any]) -> bool:
        """Plain files that are not hidden; of local ones only those that no link leads out to."""
        local = isinstance(self._files, LocalFileSystem)
        if info.get("type") != "file" and not local:
            return False
        root = self._path
        if PATTERN & set(root):
            fixed = root[: min(root.index(sign) for sign in PATTERN & set(root))]
            root = fixed.rpartition("/")[0]
        below = path.removeprefix(root).strip("/")
        if path != self._path and any(part.startswith((".", "~$")) for part in below.split("/")):
            return False
        if not local:
            return True
        real, real_root = os.path.realpath(path), os.path.realpath(root)
        inside = real == real_root or real.startswith(real_root.rstrip("/") + "/")
        return inside and os.path.isfile(real)

    def _stored(self, path: str, info: Mapping[str, Any]) -> StoredFile:
        size = info.get("size")
        said = {"".join(filter(str.isalnum, key)).lower(): value for key, value in info.items()}
        version = [f"{key} {said[key]}" for key in SAYS_VERSION if said.get(key)]
        state = {}
        if version:
            digest = hashlib.sha256(
                "\n".join([path, str(size), *version]).encode("utf-8", "backslashreplace")
            )
            state = {"version": digest.hexdigest()}
        suffix = PurePosixPath(path).suffix.lower()
        return StoredFile(self._name(path), path, suffix, size if isinstance(size, int) else 0, state)

    def _name(self, path: str) -> str:
        """The path as a URL without a login; some file systems leave the host out of their paths."""
        public = urlsplit(self._source.public)
        place, below = public.netloc, path.lstrip("/")
        if place and below != place and not below.startswith(f"{place}/"):
            below = f"{place}/{below}"
        name = f"{public.scheme}://{below}" if place else f"{public.scheme}:///{below}"
        return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")

    def _tried(self, ask: Any) -> Any:
        """What `ask` returns in time. What goes wrong in one of many libraries is told by its words."""
        try:
            return within(self._limits.seconds, ask)
        except NotFetched:
            raise
        except FileNotFoundError:
            raise NotFetched("gone", "There is no such file or folder.", gone=True) from None
        except ImportError as error:
            advice = " (pip install 'graphtutor[s3]')" if self._source.url.startswith("s3") else ""
            said = f"A library is missing: {self._said(error)}{advice}."
            raise NotFetched("unreachable", said) from None
        except Exception as error:
            raise NotFetched("unreachable", f"{type(error).__name__}: {self._said(error)}.") from None

    def _said(self, error: Exception) -> str:
        text = " ".join(str(error).split())
        for secret in (*self._source.secrets, None):
            text = Mask(secret, self._source.url).error(text)
        return text[:SHOWN_CHARS].rstrip(".")
