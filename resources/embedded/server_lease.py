"""A user's side of an embedded server: find the one that runs, or start it, and hold on to it.

Works for any server that `keeper` can run; what is special to one of them is in its own module.
"""

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from filelock import FileLock, Timeout

from resources.embedded.server_state import PREDECESSOR_S, ServerFiles, ServerState
from resources.errors import TutorError

CONNECT_S = 5.0
HELLO_S = 20.0
HELLO_BYTES = 512
ATTEMPTS = 3
_POLL_S = 0.02
_CODE_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class ServerKind:
    """How a kind of server is started, and how its failures are told.

    Attributes:
        what: its name in messages, such as "graph server".
        serve: `module:function` of its `keeper.Serve`.
        error: class of the error that a failed start raises.
        advice: a sentence that says what the user can do then.
        start_timeout_s: seconds it may take to be ready.
    """

    what: str
    serve: str
    error: type[TutorError]
    advice: str
    start_timeout_s: float


class ServerLease:
    """The right to use a server, until `close()` or the end of this process, however it ends.

    It belongs to the process that opened it: in a forked child it is closed, because a connection that the
    child kept open would keep the server running after its last real user. A lease that is dropped without
    `close()` ends when it is collected.
    """

    def __init__(self, connection: socket.socket, state: ServerState) -> None:
        self._connection = connection
        self._state = state
        _open_leases.add(self)

    @classmethod
    def open(cls, kind: ServerKind, workspace: Path, name: str, parameters: Mapping[str, Any]) -> Self:
        """Lease the server `name` of this workspace; start it where none is running.

        `parameters` count only for a server that this call starts. Raises `kind.error` with the end of the
        server's log when it cannot be started.
        """
        try:
            files = ServerFiles.of(workspace, name)
            for _ in range(ATTEMPTS):
                attached = _attach(files) or _start(kind, workspace, files, parameters)
                if attached:
                    return cls(*attached)
        except OSError as error:
            raise kind.error(f"The {kind.what} cannot be started: {error}; {kind.advice}") from error
        raise kind.error(
            f"The {kind.what} stopped right after each of {ATTEMPTS} starts; {kind.advice} "
            f"The log is {files.log}; it ends:\n{files.log_tail()}"
        )

    @property
    def address(self) -> Mapping[str, Any]:
        """How to reach the server, credentials included."""
        return self._state.address

    @property
    def pid(self) -> int:
        """Process id of the keeper, in which the server runs."""
        return self._state.pid

    def alive(self) -> bool:
        """Whether this lease is open and its server still runs. Costs no round trip."""
        try:
            # The keeper sends nothing after its hello: an end of file means that it is gone.
            return self._connection.recv(1, socket.MSG_PEEK) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False

    def close(self) -> None:
        """Give the server up; it stops when nobody else uses it. Closing twice does no harm."""
        if self._connection.fileno() >= 0:
            # Tells the keeper even where a copy of the descriptor lives on in another process; raises OSError
            # only where the keeper is gone already, which is what closing is for.
            with contextlib.suppress(OSError):
                self._connection.shutdown(socket.SHUT_RDWR)
            self._connection.close()
        _open_leases.discard(self)

    def _forget(self) -> None:
        """Drop a forked child's copy of the connection without ending the parent's lease."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


_open_leases: "weakref.WeakSet[ServerLease]" = weakref.WeakSet()


def _forget_leases_of_parent() -> None:
    for lease in list(_open_leases):
        lease._forget()
    _open_leases.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_leases_of_parent)


def _attach(files: ServerFiles) -> tuple[socket.socket, ServerState] | None:
    """A greeted connection to the keeper of the state file, or None where there is no keeper that answers."""
    state = ServerState.read(files.state)
    if state is None:
        return None
    try:
        connection = socket.create_connection(("127.0.0.1", state.control_port), CONNECT_S)
    except OSError:
        # The keeper was killed and left its state file behind: the caller starts another.
        return None
    try:
        connection.settimeout(HELLO_S)
        connection.sendall(state.token.encode() + b"\n")
        if _hears_hello(connection, state):
            connection.setblocking(False)
            return connection, state
    except OSError:
        # It stopped between accepting and greeting, or its port is another program's by now.
        pass
    connection.close()
    return None


def _hears_hello(connection: socket.socket, state: ServerState) -> bool:
    """Whether the other end is the keeper that wrote `state`, and not whatever got its port afterwards."""
    line = b""
    while b"\n" not in line and len(line) < HELLO_BYTES:
        data = connection.recv(HELLO_BYTES)
        if not data:
            return False
        line += data
    try:
        hello = json.loads(line)
    except ValueError:
        return False
    return isinstance(hello, dict) and hello.get("pid") == state.pid


def _start(
    kind: ServerKind, workspace: Path, files: ServerFiles, parameters: Mapping[str, Any]
) -> tuple[socket.socket, ServerState] | None:
    """Start a keeper, or wait for the one that another process is starting. None: it is gone again."""
    patience_s = kind.start_timeout_s + PREDECESSOR_S
    try:
        with FileLock(files.start_lock).acquire(timeout=patience_s + 10):
            return _attach(files) or _spawn(kind, workspace, files, parameters, patience_s)
    except Timeout as error:
        raise kind.error(
            f"Another process has been starting the {kind.what} of {workspace} for {patience_s:.0f} s; "
            f"end that process and try again. The log is {files.log}."
        ) from error


def _spawn(
    kind: ServerKind, workspace: Path, files: ServerFiles, parameters: Mapping[str, Any], patience_s: float
) -> tuple[socket.socket, ServerState] | None:
    left_behind = ServerState.read(files.state)
    log = files.open_new_log()
    command = [sys.executable, "-m", "resources.embedded.keeper", kind.serve]
    try:
        process = subprocess.Popen(
            [*command, str(workspace.absolute()), files.name, json.dumps(dict(parameters))],
            # With -m the working folder comes first in the module path: it must be ours, not the user's, who
            # may well have a folder named "resources".
            cwd=_CODE_ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            # Its own session: Ctrl-C in the user's terminal must not reach it.
            start_new_session=True,
        )
    finally:
        os.close(log)
    try:
        _wait_until_ready(kind, process, files, left_behind, patience_s)
    except BaseException:
        # Whoever asked for it is not going to use it. SIGKILL, because a library that is still loading heeds
        # no other.
        process.kill()
        process.wait()
        raise
    # Collects the exit status, so that an ended keeper does not stay as a zombie while this process lives.
    threading.Thread(target=process.wait, name=f"reaper of {files.name}", daemon=True).start()
    return _attach(files)


def _wait_until_ready(
    kind: ServerKind,
    process: "subprocess.Popen[bytes]",
    files: ServerFiles,
    left_behind: ServerState | None,
    patience_s: float,
) -> None:
    """Return when `process` has announced itself; `left_behind` is the state of a keeper that was killed."""
    deadline = time.monotonic() + patience_s
    while True:
        exit_code = process.poll()
        state = ServerState.read(files.state)
        if state is not None and state != left_behind and state.pid == process.pid:
            return
        if exit_code is not None:
            happened = f"ended with exit code {exit_code}"
        elif time.monotonic() > deadline:
            happened = f"was not ready after {patience_s:.0f} s"
        else:
            time.sleep(_POLL_S)
            continue
        raise kind.error(
            f"The {kind.what} {happened}; {kind.advice} Its log is {files.log}; it ends:\n{files.log_tail()}"
        )
