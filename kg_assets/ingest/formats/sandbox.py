"""Parsing in a child process with limits of time and memory; one that fails is replaced."""

import atexit
import json
import os
import selectors
import subprocess
import sys
import threading
import time
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any

from kg_assets.ingest.decode import Rejected, encodable
from kg_assets.ingest.formats.parsed import Parsed
from kg_assets.ingest.formats.registry import BY_SUFFIX

_MAX_ANSWER_BYTES = 1_000_000_000
_READ_BYTES = 1 << 20
_WORKER = "kg_assets.ingest.formats.worker"


class Sandbox:
    """One child for many files, one file at a time; safe to use from several threads.

    Args:
        seconds: how long one file may take, or one page of it that is read by OCR.
        megabytes: how much address space the child may have, its libraries included.
    """

    def __init__(self, seconds: float, megabytes: int) -> None:
        self._seconds = seconds
        self._megabytes = megabytes
        self._child: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def parse(self, path: Path, suffix: str) -> Parsed | Rejected:
        """What the reader of `suffix` makes of the file. Never raises for what the file holds."""
        with self._lock:
            answer = self._ask(path, suffix)
        if isinstance(answer, Rejected):
            return answer
        if "rejected" in answer:
            return Rejected(**answer["rejected"])
        found = answer["parsed"]
        if not encodable(found):
            return Rejected("corrupt", "Its text holds halves of characters; save it again in its program.")
        rows = None if found["rows"] is None else tuple(found["rows"])
        pages = tuple((start, number) for start, number in found["pages"])
        return Parsed(found["text"].replace("\0", ""), found["metadata"], pages, rows)

    def close(self) -> None:
        """End the child."""
        with self._lock:
            self._end()

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, path: Path, suffix: str) -> dict[str, Any] | Rejected:
        child = self._running()
        assert child.stdin is not None
        function = BY_SUFFIX[suffix].function
        request = json.dumps({"path": os.fspath(path.absolute()), "function": function})
        try:
            child.stdin.write(request.encode() + b"\n")
            child.stdin.flush()
            line = self._line(child)
        except (OSError, TimeoutError) as error:
            self._end()
            if isinstance(error, TimeoutError):
                return Rejected(
                    "too_slow",
                    f"Reading it takes longer than documents.parser_seconds ({self._seconds:g} s); raise the "
                    "limit or split the file.",
                )
            line = b""
        except BaseException:
            # An answer that nobody waits for would be taken for that of the next file.
            self._end()
            raise
        if not line.endswith(b"\n"):
            self._end()
            return Rejected(
                "parser_crashed",
                "The program that reads such files broke down on it, perhaps for want of memory "
                f"(documents.parser_megabytes is {self._megabytes}); save it again in its own program.",
            )
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _line(self, child: subprocess.Popen[bytes]) -> bytes:
        assert child.stdout is not None
        deadline = time.monotonic() + self._seconds
        parts: list[bytes] = []
        length = 0
        with selectors.DefaultSelector() as selector:
            selector.register(child.stdout, selectors.EVENT_READ)
            while not parts or not parts[-1].endswith(b"\n"):
                left = deadline - time.monotonic()
                if left <= 0 or not selector.select(left):
                    raise TimeoutError
                part = os.read(child.stdout.fileno(), _READ_BYTES)
                length += len(part)
                if not part or length > _MAX_ANSWER_BYTES:
                    return b""
                if not parts and (rest := part.lstrip(b"\n")) != part:
                    # An empty line says that a slow file goes on.
                    deadline = time.monotonic() + self._seconds
                    part = rest
                if part:
                    parts.append(part)
        return b"".join(parts)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is None or self._child.poll() is not None:
            self._end()
            self._child = subprocess.Popen(
                # -P: no module of a folder of documents that we happen to be in.
                [sys.executable, "-P", "-m", _WORKER, str(self._megabytes * 1_000_000)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_environment(),
            )
        return self._child

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.wait()
            for stream in (child.stdin, child.stdout):
                if stream is not None:
                    stream.close()


@cache
def shared_sandbox(seconds: float, megabytes: int) -> Sandbox:
    """The sandbox of this process with these limits; its child ends with the process."""
    sandbox = Sandbox(seconds, megabytes)
    atexit.register(sandbox.close)
    return sandbox


def _environment() -> dict[str, str]:
    """What the child needs of the environment: no keys are handed to it. Few threads, since each
    takes address space."""
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "PYTHONPATH", "VIRTUAL_ENV", "SYSTEMROOT")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    # The child must find the same modules, wherever they were imported from, those of readers of others too.
    environment["PYTHONPATH"] = os.pathsep.join(map(os.path.abspath, sys.path))
    return environment | {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
