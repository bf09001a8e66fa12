"""A sign that a slow parser goes on: the limit of time is for what comes after it, not for all of a file."""

from collections.abc import Callable

_hearers: list[Callable[[], None]] = []


def hear(beat: Callable[[], None]) -> None:
    """Call `beat` at every sign."""
    _hearers.append(beat)


def goes_on() -> None:
    """Given by a parser after a part of a file whose number of parts has a bound, such as a scanned page."""
    for beat in _hearers:
        beat()
