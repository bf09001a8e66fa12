"""Progress of a run inside this process: stages tell it, whoever shows it listens. Nothing is stored."""

from typing import Protocol


class ProgressListener(Protocol):
    """Something that shows progress, such as the command line."""

    def stage_started(self, stage: str, pending: int, rows_in: int) -> None:
        """`pending` of `rows_in` items will really be worked on."""

    def advanced(self, stage: str, done: int) -> None:
        """`done` more items are finished."""

    def stage_finished(self, stage: str) -> None:
        """The stage is complete and stored."""

    def download(self, done_bytes: int, total_bytes: int, note: str) -> None:
        """A model file is being fetched."""

    def waiting(self, sentence: str) -> None:
        """The run waits for what the sentence says."""


listeners: list[ProgressListener] = []


def stage_started(stage: str, pending: int, rows_in: int) -> None:
    """Tell all listeners."""
    for listener in listeners:
        listener.stage_started(stage, pending, rows_in)


def advanced(stage: str, done: int) -> None:
    """Tell all listeners."""
    for listener in listeners:
        listener.advanced(stage, done)


def stage_finished(stage: str) -> None:
    """Tell all listeners."""
    for listener in listeners:
        listener.stage_finished(stage)


def download(done_bytes: int, total_bytes: int, note: str) -> None:
    """Tell all listeners."""
    for listener in listeners:
        listener.download(done_bytes, total_bytes, note)


def waiting(sentence: str) -> None:
    """Tell all listeners."""
    for listener in listeners:
        listener.waiting(sentence)
