"""One run at a time on a corpus: the second waits and is told for whom; a killed holder holds nothing."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from resources.errors import SettingsError
from resources.workspace.corpus_lock import CorpusLock

HOLD = """\
import sys, time
from pathlib import Path
from resources.workspace.corpus_lock import CorpusLock
with CorpusLock(Path(sys.argv[1])).held("run-of-another", "2026-01-01T00:00:00+00:00", print):
    print("held", flush=True)
    time.sleep(600)
"""
SINCE = "2026-01-01T00:00:00+00:00"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "locks" / "fields.lock"


def test_a_killed_process_holds_nothing_and_the_next_is_told_whom_it_waited_for(path: Path) -> None:
    lock = CorpusLock(path)
    assert lock.is_free()
    assert lock.holder() is None
    other = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        holder = lock.holder()
        assert holder is not None
        assert (holder.run_id, holder.pid) == ("run-of-another", other.pid)
        told: list[str] = []
        mine = threading.Event()

        def wait() -> None:
            with lock.held("mine", SINCE, told.append):
                mine.set()

        waiting = threading.Thread(target=wait)
        waiting.start()
        assert not mine.wait(0.3)
    finally:
        other.send_signal(signal.SIGKILL)
        other.communicate()
    assert mine.wait(30)
    waiting.join(30)
    assert told == [f"waiting for run run-of-a (process {other.pid}) to finish with corpus fields"]
    assert lock.is_free()
    last = lock.last_holder()
    assert last is not None
    assert (last.run_id, last.pid) == ("mine", os.getpid())


def test_a_lock_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(SettingsError, match="cannot be written"),
        CorpusLock(tmp_path / "file" / "fields.lock").held("mine", SINCE, print),
    ):
        pass
