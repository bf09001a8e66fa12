"""The process that runs one embedded server for all its users: `python -m resources.embedded.keeper`.

It is started by `server_lease`, detached from the user's terminal, and ends when its last user is gone. The
server runs inside this process, so that whatever kills the one kills the other. What a server is belongs in
its own module.
"""

import contextlib
import faulthandler
import importlib
import json
import logging
import os
import secrets
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NoReturn

from filelock import FileLock, Timeout

from resources.embedded.control_port import ControlPort
from resources.embedded.server_state import PREDECESSOR_S, ServerFiles, ServerState

log = logging.getLogger(__name__)

STOPPING_S = 20.0

Serve = Callable[[Path, Mapping[str, Any]], AbstractContextManager[Mapping[str, Any]]]
"""How a server is run: from the workspace and its parameters, a context that yields the server's address."""


def keep(workspace: Path, name: str, serve: Serve, parameters: Mapping[str, Any]) -> None:
    """Run a server until nobody uses it or SIGTERM arrives.

    Raises:
        filelock.Timeout: another keeper of this server has not ended within 30 s.
        Exception: whatever `serve` raises; the traceback in the log is what the user gets to see.
    """
    files = ServerFiles.of(workspace, name)
    token = secrets.token_urlsafe(32)
    with (
        ControlPort(token, os.getpid()) as control,
        _only_keeper(files),
        serve(workspace, parameters) as address,
    ):
        ServerState(os.getpid(), control.port, token, address).write(files.state)
        log.info("ready")
        try:
            reason = control.wait_until_unused()
        finally:
            files.state.unlink(missing_ok=True)
            control.close()
        log.info("stopping: %s", reason)
        # A server that does not stop must not outlive its users. This watchdog is a native thread: it works
        # even when the server's library holds the interpreter, and leaves a traceback in the log.
        faulthandler.dump_traceback_later(STOPPING_S, exit=True)
    log.info("stopped")


@contextlib.contextmanager
def _only_keeper(files: ServerFiles) -> Iterator[None]:
    """Hold the lock that marks this server as running; wait for a predecessor that is shutting down."""
    lock = FileLock(files.running_lock)
    try:
        lock.acquire(timeout=PREDECESSOR_S)
    except Timeout:
        log.error(
            "the previous server of this workspace has not ended within %.0f s; end it by hand", PREDECESSOR_S
        )
        raise
    try:
        yield
    finally:
        lock.release()


def _load(target: str) -> Serve:
    module, _, function = target.partition(":")
    serve: Serve = getattr(importlib.import_module(module), function)
    return serve


def main(arguments: list[str]) -> NoReturn:
    """Entry point: `<module>:<function> <workspace> <name> <parameters as JSON>`."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s keeper: %(message)s", stream=sys.stdout)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    target, workspace, name, parameters = arguments
    try:
        keep(Path(workspace), name, _load(target), json.loads(parameters))
    except Exception:
        log.exception("failed")
        exit_code = 1
    else:
        exit_code = 0
    logging.shutdown()
    # What has to be saved is saved. Tearing down the interpreter would wait for threads of the server's
    # library.
    os._exit(exit_code)


if __name__ == "__main__":
    main(sys.argv[1:])
