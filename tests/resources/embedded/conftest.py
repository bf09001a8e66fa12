"""Users of embedded servers as real processes, and workspaces that leave no server behind."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

import resources

CODE_ROOT = Path(resources.__file__).resolve().parents[1]
USER = """
import json, os, signal, sys
from pathlib import Path
from resources.embedded.graph_server import lease_graph
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in what a script starts with &
lease = lease_graph(Path(sys.argv[1]))
child = os.fork() if "fork" in sys.argv else None
if child == 0:
    import time
    time.sleep(60)
    os._exit(0)
print(json.dumps({"keeper": lease.pid, "uri": lease.uri, "child": child}), flush=True)
sys.stdin.read()
lease.close()
"""


def _ended(pid: int, within_s: float = 60.0) -> bool:
    """Whether the process is gone, or only waits to be collected, within so many seconds."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False


@pytest.fixture
def ended() -> Callable[..., bool]:
    """Tells whether a process has ended: `ended(pid, within_s=60.0)`."""
    return _ended


class User:
    """A process that leases the graph server of a workspace until its input is closed."""

    def __init__(self, workspace: Path, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER, str(workspace), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(CODE_ROOT)},
            start_new_session=True,
        )

    def lease(self) -> dict[str, Any]:
        """What the process leased; waits until it did."""
        assert self.process.stdout is not None
        told: dict[str, Any] = json.loads(self.process.stdout.readline())
        return told

    def leave(self) -> None:
        """Close the lease and end."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        assert self.process.wait(60) == 0


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Path]:
    """A workspace with a blank and Chinese letters in its path; its servers are ended after the test."""
    path = tmp_path / "a workspace 工作区"
    yield path
    for process in psutil.process_iter():
        try:
            arguments = process.cmdline()
        except psutil.Error:
            continue
        if "resources.embedded.keeper" in arguments and any(str(tmp_path) in a for a in arguments):
            process.kill()


@pytest.fixture
def new_user(workspace: Path) -> Iterator[Callable[..., User]]:
    """Starts users of the workspace; those that are left are killed after the test."""
    users: list[User] = []

    def start(*arguments: str) -> User:
        users.append(User(workspace, *arguments))
        return users[-1]

    yield start
    for user in users:
        user.process.kill()
        user.process.wait()
        for pipe in (user.process.stdin, user.process.stdout):
            if pipe is not None:
                pipe.close()
