"""What comes of asking for a remote document: its content, the word that nothing has changed, or why not."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one file: bytes, and seconds from the first byte asked for to the last one read."""

    bytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Fetched:
    """The content of a file, the suffix that says its kind, and what tells whether it has changed since."""

    content: bytes
    suffix: str
    state: Mapping[str, str]


class NotFetched(Exception):
    """There is no new copy. `reason` is in snake case; the message says what happened.

    With `gone` what was copied earlier does not hold any more; without, the document may be there all the
    same, and the earlier copy stays.
    """

    def __init__(self, reason: str, detail: str, gone: bool = False) -> None:
        super().__init__(detail)
        self.reason = reason
        self.gone = gone


def too_large(limits: Limits) -> NotFetched:
    """More bytes than documents.max_megabytes."""
    return NotFetched(
        "too_large",
        f"It is larger than documents.max_megabytes ({limits.bytes / 1e6:g} MB); raise the limit or leave "
        "the source out.",
        gone=True,
    )


def unsupported(what: str) -> NotFetched:
    """A kind of file that is not read."""
    return NotFetched("unsupported", f"{what} is not read; leave the source out or convert it.", gone=True)


def within(seconds: float, function: Callable[[], Result]) -> Result:
    """What `function` returns, if it does so in time; else it is left to itself, which a server that sends a
    byte a minute, or a library without time limits, may need.

    Raises:
        NotFetched: the time is over.
    """
    done: list[Result] = []
    failed: list[BaseException] = []

    def call() -> None:
        try:
            done.append(function())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    thread.join(seconds)
    if failed:
        raise failed[0]
    if not done:
        raise NotFetched(
            "unreachable",
            f"It took longer than documents.source_seconds ({seconds:g} s): try again later or raise the "
            "limit.",
        )
    return done[0]
