"""What a keeper leaves on disk for its users: a state file, two locks, a log. No processes, no sockets."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

PREDECESSOR_S = 30.0
"""Seconds that a keeper waits for the one before it to end."""
LOG_TAIL_LINES = 15
LOG_TAIL_BYTES = 8192


@dataclass(frozen=True, slots=True)
class ServerState:
    """A running server as its keeper announces it.

    Attributes:
        pid: process id of the keeper, which is also the server's.
        control_port: loopback TCP port on which each user keeps a connection open while it needs the server.
        token: what a user must send first on that connection.
        address: how to reach the server, credentials included; its keys are the server's own.
    """

    pid: int
    control_port: int
    token: str = field(repr=False)
    address: Mapping[str, Any] = field(repr=False)

    @classmethod
    def read(cls, path: Path) -> "ServerState | None":
        """The state in `path`, or None where there is none that this version can read."""
        try:
            content = json.loads(path.read_text("utf-8"))
            return cls(**content)
        except (FileNotFoundError, ValueError, TypeError):
            # Absent, cut short, or of another version: to a user all three mean that there is no server.
            return None

    def write(self, path: Path) -> None:
        """Replace `path` atomically by a file that only the user can read, because it holds credentials."""
        write_private(path, json.dumps(asdict(self)))


@dataclass(frozen=True, slots=True)
class ServerFiles:
    """The paths of one server in the workspace's `servers` folder.

    `start_lock` is held by a user while it starts a keeper; `running_lock` by a keeper for all its life, so
    that there is never more than one server, even while the last one is still shutting down.
    """

    folder: Path
    name: str

    @classmethod
    def of(cls, workspace: Path, name: str) -> "ServerFiles":
        """The files of server `name`; creates the folder, readable by the user only."""
        folder = workspace.absolute() / "servers"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return cls(folder, name)

    @property
    def state(self) -> Path:
        return self.folder / f"{self.name}.json"

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"

    @property
    def start_lock(self) -> Path:
        return self.folder / f"{self.name}.start.lock"

    @property
    def running_lock(self) -> Path:
        return self.folder / f"{self.name}.running.lock"

    def open_new_log(self) -> int:
        """Open an empty log and return its descriptor; the log of the previous start is kept beside it."""
        if self.log.exists():
            self.log.replace(self.folder / f"{self.name}.previous.log")
        return os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)

    def log_tail(self) -> str:
        """The last lines of the log, for error messages."""
        if not self.log.exists():
            return "(no log)"
        tail = self.log.read_bytes()[-LOG_TAIL_BYTES:].decode("utf-8", "replace")
        return "\n".join(tail.strip().splitlines()[-LOG_TAIL_LINES:]) or "(the log is empty)"


def write_private(path: Path, text: str) -> None:
    """Write `text` to `path` atomically and durably, with mode 0600."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    temporary.unlink(missing_ok=True)
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
