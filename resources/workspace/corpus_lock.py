"""One run at a time on a corpus, across processes: who works on it, and whether they still do.

The lock is an advisory lock of the operating system on a file, which goes with the process that holds it,
however that ends. Beside it stands who holds it, for those who wait and for those who look for dead runs.
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from resources.errors import SettingsError

POLL_S = 1.0


@dataclass(frozen=True, slots=True)
class Holder:
    """The run that holds or last held a corpus. `since` is ISO 8601 in UTC."""

    run_id: str
    pid: int
    since: str


class CorpusLock:
    """The right to run stages of one corpus.

    Args:
        path: the lock's file; its folder is made where it is missing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def held(self, run_id: str, since: str, on_wait: Callable[[str], None]) -> Iterator[None]:
        """Hold the corpus; while another run does, wait for it as long as it takes.

        Args:
            on_wait: told once in a sentence who is waited for.

        Raises:
            SettingsError: the lock's folder cannot be written.
        """
        lock = self._lock()
        try:
            self._acquire(lock, on_wait)
            self._holder_file.write_text(json.dumps(asdict(Holder(run_id, os.getpid(), since))), "utf-8")
        except OSError as error:
            lock.release()
            raise SettingsError(
                f"{self.path} cannot be written ({error.strerror}): mend its permissions or free disk space."
            ) from error
        try:
            yield
        finally:
            lock.release()

    def holder(self) -> Holder | None:
        """Who holds the corpus now; None where nobody does."""
        return None if self.is_free() else self.last_holder()

    def last_holder(self) -> Holder | None:
        """Who holds the corpus or held it last; None where nobody ever did."""
        try:
            return Holder(**json.loads(self._holder_file.read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def is_free(self) -> bool:
        """Whether no living process holds the corpus."""
        if not self.path.exists():
            return True
        lock = self._lock()
        try:
            lock.acquire(timeout=0)
        except (Timeout, OSError):
            return False
        lock.release()
        return True

    def _acquire(self, lock: FileLock, on_wait: Callable[[str], None]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        told = False
        while True:
            try:
                lock.acquire(timeout=0)
                return
            except Timeout:
                if not told:
                    on_wait(f"waiting for {self._who()} to finish with corpus {self.path.stem}")
                    told = True
                time.sleep(POLL_S)

    def _who(self) -> str:
        holder = self.last_holder()
        return f"run {holder.run_id[:8]} (process {holder.pid})" if holder else "another run"

    def _lock(self) -> FileLock:
        # Runs of one process may be in different threads, and each lock object is used once.
        return FileLock(self.path, thread_local=False)

    @property
    def _holder_file(self) -> Path:
        return self.path.with_suffix(".holder.json")
