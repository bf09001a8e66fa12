"""The copies of a corpus' remote documents: a folder of files, and an index that says what each is a copy of.

A file is named by a hash, so no name that a server or a store gives leads anywhere. The index is the truth:
what it does not name is left over from a process that was killed, and goes with the next update.
"""

import base64
import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

import orjson

from resources.errors import SettingsError
from resources.models.masking import MASKED, SHORTEST_SECRET
from resources.sources.addresses import Source
from resources.sources.kinds import FileKinds
from resources.sources.outcomes import Fetched, Limits, NotFetched
from resources.sources.stores import Store, StoredFile
from resources.sources.web import WebPages

AT_ONCE = 4
SAVED_EVERY = 500
"""New files between two writings of the index: what a killed process has to fetch again."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A copied file. `source` is the public name of what led to it, `file` its name in the folder, `state`
    what the server said of its version, `since` the UTC date on which this content came."""

    source: str
    file: str
    sha256: str
    state: Mapping[str, str]
    since: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """What was not fetched, and why; `name` is a URL without a login."""

    source: str
    name: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Mirrored:
    """The copies of some sources, by file, each with the URL that names it; and what has no new copy."""

    files: Mapping[Path, str] = field(default_factory=dict)
    troubles: tuple[Trouble, ...] = ()


@dataclass(frozen=True, slots=True)
class _Index:
    """`copies` are by URL; `looked_at` are the public names of sources that were asked for at least once."""

    copies: dict[str, Copy] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)
    looked_at: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A file to have a copy of: a page, or a file in a store."""

    name: str
    source: Source
    store: Store | None
    stored: StoredFile | None


class Mirror:
    """The copies in `folder`, which is made with the first update."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._index_file = folder / "index.json"

    def found(self, sources: Sequence[Source]) -> Mirrored:
        """What is there of `sources`. Nothing is fetched; a source that never was asked for is a trouble."""
        index, wanted = self._read(), [source.public for source in sources]
        files = {
            self._folder / copy.file: name
            for name, copy in sorted(index.copies.items())
            if copy.source in wanted
        }
        troubles = [trouble for trouble in index.troubles if trouble.source in wanted]
        troubles += [
            Trouble(name, name, "not_fetched", "It has not been fetched yet: the next run does it.")
            for name in dict.fromkeys(wanted)
            if name not in index.looked_at
        ]
        return Mirrored(files, tuple(troubles))

    def update(self, sources: Sequence[Source], limits: Limits, kinds: FileKinds) -> None:
        """Fetch what is new or changed, and let go what is gone or belongs to no source any more.

        A document that is away only for now keeps its earlier copy. One process at a time may do this.

        Raises:
            SettingsError: the folder cannot be written.
        """
        if not sources and not self._index_file.exists():
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._update(sources, limits, kinds)
        except OSError as error:
            raise SettingsError(
                f"{self._folder} cannot be written ({error.strerror}): mend its permissions or free disk "
                "space."
            ) from error

    def _update(self, sources: Sequence[Source], limits: Limits, kinds: FileKinds) -> None:
        before = self._read()
        now = _Index(looked_at=[source.public for source in sources])
        with ExitStack() as stack:
            pages = stack.enter_context(WebPages(limits, kinds))
            pool = stack.enter_context(ThreadPoolExecutor(AT_ONCE))
            wanted = self._wanted(sources, limits, kinds, before, now)

            def copied(one: _Wanted) -> Copy | NotFetched:
                try:
                    return self._copied(one, before.copies.get(one.name), pages)
                except NotFetched as error:
                    return error

            new = 0
            for one, got in zip(wanted, pool.map(copied, wanted), strict=True):
                self._note(one, got, before, now)
                new += isinstance(got, Copy) and got != before.copies.get(one.name)
                if new == SAVED_EVERY:
                    new = 0
                    self._write(_Index(before.copies | now.copies, before.troubles, before.looked_at))
        self._write(now)
        kept = {copy.file for copy in now.copies.values()}
        for path in self._folder.iterdir():
            if path.name not in kept and path != self._index_file:
                path.unlink()

    def _wanted(
        self,
        sources: Iterable[Source],
        limits: Limits,
        kinds: FileKinds,
        before: _Index,
        now: _Index,
    ) -> list[_Wanted]:
        """Every file to have a copy of, once. Of a store that cannot be listed all copies stay."""
        wanted: dict[str, _Wanted] = {}
        for source in sources:
            if source.is_web_page:
                wanted.setdefault(source.public, _Wanted(source.public, source, None, None))
                continue
            try:
                store = Store(source, limits, kinds.suffixes)
                for file in store.files():
                    wanted.setdefault(file.name, _Wanted(file.name, source, store, file))
            except NotFetched as error:
                copies = {name: copy for name, copy in before.copies.items() if copy.source == source.public}
                kept = {} if error.gone else copies
                now.copies.update(kept)
                stay = f" The {len(kept)} files that were fetched before stay." if kept else ""
                now.troubles.append(Trouble(source.public, source.public, error.reason, f"{error}{stay}"))
        return list(wanted.values())

    def _note(self, one: _Wanted, got: Copy | NotFetched, before: _Index, now: _Index) -> None:
        copy, source = before.copies.get(one.name), one.source.public
        if isinstance(got, Copy):
            now.copies[one.name] = got
        elif copy is not None and self._is_there(copy) and not got.gone:
            now.copies[one.name] = replace(copy, source=source)
            said = f"{got} The copy of {copy.since} is used meanwhile."
            now.troubles.append(Trouble(source, f"{one.name} (update)", got.reason, said))
        else:
            now.troubles.append(Trouble(source, one.name, got.reason, str(got)))

    def _copied(self, one: _Wanted, copy: Copy | None, pages: WebPages) -> Copy:
        """The copy of a file, made anew where it has changed.

        Raises:
            NotFetched: there is no new one.
        """
        there = copy if copy is not None and self._is_there(copy) else None
        got = _fetched(one, there.state if there is not None else {}, pages)
        if got is None and there is not None:
            return replace(there, source=one.source.public)
        assert got is not None
        content = _without_secrets(got.content, one.source)
        digest = hashlib.sha256(content).hexdigest()
        name = hashlib.sha256(one.name.encode("utf-8", "backslashreplace")).hexdigest()[:32] + got.suffix
        if there is not None and (there.sha256, there.file) == (digest, name):
            # The file is left as it is: one that was written anew would be read anew.
            return replace(there, source=one.source.public, state=got.state)
        partial = self._folder / f"{name}.part"
        partial.write_bytes(content)
        os.replace(partial, self._folder / name)
        return Copy(one.source.public, name, digest, got.state, f"{datetime.now(UTC):%Y-%m-%d}")

    def _is_there(self, copy: Copy) -> bool:
        return (self._folder / copy.file).exists()

    def _read(self) -> _Index:
        try:
            stored = orjson.loads(self._index_file.read_bytes())
            return _Index(
                {name: Copy(**copy) for name, copy in stored["copies"].items()},
                [Trouble(**trouble) for trouble in stored["troubles"]],
                stored["looked_at"],
            )
        except FileNotFoundError:
            return _Index()
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise SettingsError(
                f"{self._index_file} cannot be read ({type(error).__name__}): remove the folder it is in, "
                "and all sources are fetched again."
            ) from error

    def _write(self, index: _Index) -> None:
        partial = self._index_file.with_suffix(".part")
        partial.write_bytes(orjson.dumps(index, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2))
        os.replace(partial, self._index_file)


def _fetched(one: _Wanted, known: Mapping[str, str], pages: WebPages) -> Fetched | None:
    if one.store is None or one.stored is None:
        return pages.fetch(one.source, known)
    if known and known == one.stored.state:
        return None
    return one.store.fetch(one.stored)


def _without_secrets(content: bytes, source: Source) -> bytes:
    """A page may show whoever asks for it their own password, as it is or as it was sent."""
    parts = urlsplit(source.url)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    sent = base64.b64encode(f"{user}:{password}".encode()).decode() if password else ""
    for secret in (*source.secrets, password, sent):
        if len(secret) >= SHORTEST_SECRET:
            content = content.replace(secret.encode(), MASKED.encode())
    return content
