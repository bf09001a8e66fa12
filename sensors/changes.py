"""Which corpora changed on disk and have come to rest: pure functions over snapshots. No Dagster here."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from kg_assets.domain import fingerprint
from kg_assets.ingest.corpora import corpus_name, scan_corpora
from resources.sources.addresses import Source

EMPTY = fingerprint("no files")


@dataclass(frozen=True, slots=True)
class CorpusState:
    """What the sensor remembers of one corpus.

    `seen` is the fingerprint of its files at the last tick, `since_s` when that was first seen (Unix
    seconds), `started` the fingerprint that the last run was requested for.
    """

    seen: str
    since_s: float
    started: str


def polls_of(sources: Sequence[Source], now_s: float, period_s: float) -> dict[str, str]:
    """For each corpus with remote documents a text that changes with its sources and once in every period.

    Whether a page has changed is found by a run, which asks for it and is over in seconds if it has not; a
    sensor has no time to.
    """
    named: dict[str, list[str]] = {}
    for source in sources:
        named.setdefault(source.corpus, []).append(source.public)
    return {corpus: fingerprint(urls, int(now_s // period_s)) for corpus, urls in named.items()}


def snapshot(root: Path, polls: Mapping[str, str] | None = None) -> dict[str, str]:
    """Corpus name to a fingerprint of its files' names, sizes and times, and of its poll if it has one;
    contents are not read."""
    polled = {corpus_name(corpus): poll for corpus, poll in (polls or {}).items()}
    return {
        name: fingerprint(files, polled[name]) if name in polled else files
        for name, folder in scan_corpora(root, polls or ()).items()
        for files in [_files_fingerprint(folder.files)]
    }


def changed_corpora(
    before: Mapping[str, CorpusState], now: Mapping[str, str], now_s: float, settle_s: float
) -> tuple[list[str], dict[str, CorpusState]]:
    """Corpora to run, and what to remember.

    A corpus is due when its files differ from those of the last requested run and have not changed for
    `settle_s` seconds, so that a half-copied file is not read and files that arrive together start one run. A
    corpus whose files are all gone is due too, once, and then forgotten.
    """
    due: list[str] = []
    after: dict[str, CorpusState] = {}
    for corpus in sorted({*before, *now}):
        found = now.get(corpus, EMPTY)
        known = before.get(corpus, CorpusState(EMPTY, now_s, EMPTY))
        # The clock may have been set back: nobody should wait until it is late again.
        since_s = min(known.since_s, now_s) if known.seen == found else now_s
        started = known.started
        if found != started and now_s - since_s >= settle_s:
            due.append(corpus)
            started = found
        if (found, started) != (EMPTY, EMPTY):
            after[corpus] = CorpusState(found, since_s, started)
    return due, after


def read_cursor(cursor: str | None) -> dict[str, CorpusState]:
    """The remembered states; empty on the first tick."""
    return {name: CorpusState(**state) for name, state in json.loads(cursor).items()} if cursor else {}


def write_cursor(states: Mapping[str, CorpusState]) -> str:
    """States as the sensor's cursor."""
    return json.dumps(
        {name: asdict(state) for name, state in states.items()}, sort_keys=True, ensure_ascii=False
    )


def _files_fingerprint(files: tuple[Path, ...]) -> str:
    seen = []
    for file in files:
        try:
            stat = file.stat()
        except (
            OSError
        ) as error:  # gone or unreadable since the walk: a state of its own, seen again next tick
            seen.append((file.as_posix(), -1, error.errno or 0))
        else:
            seen.append((file.as_posix(), stat.st_size, stat.st_mtime_ns))
    return fingerprint(seen) if seen else EMPTY
