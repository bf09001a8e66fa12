"""Knows who still uses a server: a loopback TCP port on which each user keeps one connection open.

The kernel closes the connection of a user that dies, however it dies, so that no heartbeat and no process id
is needed. What the server is and how it is started is not known here.
"""

import hmac
import json
import logging
import selectors
import signal
import socket
import time
from dataclasses import dataclass
from types import TracebackType

log = logging.getLogger(__name__)

FIRST_USER_S = 60.0
GRACE_S = 0.5
GREETING_S = 5.0
GREETING_BYTES = 512
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@dataclass(slots=True)
class _Visitor:
    """A connection that has not sent the token yet."""

    received: bytes
    give_up_at: float


class ControlPort:
    """Listens on 127.0.0.1 on a port that the kernel chose.

    A user sends the token and a newline, and gets one line of JSON (`{"pid": …}`) back: from then on the open
    connection is its lease. Create it early in the main thread: from then on SIGTERM and SIGINT are noted,
    and end `wait_until_unused` instead of the process, so that the server can be stopped in order.
    """

    def __init__(self, token: str, pid: int) -> None:
        self._token = token.encode()
        self._hello = json.dumps({"pid": pid}).encode() + b"\n"
        self._visitors: dict[socket.socket, _Visitor] = {}
        self._users: set[socket.socket] = set()
        self._selector = selectors.DefaultSelector()
        self._signalled, self._wakeup = socket.socketpair()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        for end in (self._signalled, self._wakeup, self._listener):
            end.setblocking(False)
        self._selector.register(self._signalled, selectors.EVENT_READ)
        self._selector.register(self._listener, selectors.EVENT_READ)
        signal.set_wakeup_fd(self._wakeup.fileno())
        for number in _STOP_SIGNALS:
            # Nothing to do here: Python writes the number to the wake-up socket, which ends the waiting.
            signal.signal(number, lambda *_: None)

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def __enter__(self) -> "ControlPort":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all leases: from now on every user finds its lease dead. Closing twice does no harm."""
        signal.set_wakeup_fd(-1)
        self._selector.close()
        for end in (self._listener, self._signalled, self._wakeup, *self._visitors, *self._users):
            end.close()

    def wait_until_unused(self, first_user_s: float = FIRST_USER_S, grace_s: float = GRACE_S) -> str:
        """Serve connections until nobody needs the server any more; returns why, for the log.

        Args:
            first_user_s: seconds that the first user has to connect.
            grace_s: seconds that it outlives its last user, so that one process can hand over to the next.
        """
        unused_at = time.monotonic() + first_user_s
        while self._users or time.monotonic() < unused_at:
            limits = [visitor.give_up_at for visitor in self._visitors.values()]
            if not self._users:
                limits.append(unused_at)
            patience_s = max(0.0, min(limits) - time.monotonic()) if limits else None
            was_used = bool(self._users)
            for key, _ in self._selector.select(patience_s):
                if key.fileobj is self._signalled:
                    return f"signal {signal.Signals(self._signalled.recv(1)[0]).name}"
                if key.fileobj is self._listener:
                    self._welcome()
                elif isinstance(key.fileobj, socket.socket):
                    self._read(key.fileobj)
            self._dismiss_silent_visitors()
            if was_used:
                unused_at = time.monotonic() + grace_s
        return "nobody uses the server"

    def _welcome(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError as error:
            log.warning("a connection was gone before it was accepted: %s", error)
            return
        connection.setblocking(False)
        self._visitors[connection] = _Visitor(b"", time.monotonic() + GREETING_S)
        self._selector.register(connection, selectors.EVENT_READ)

    def _read(self, connection: socket.socket) -> None:
        try:
            data = connection.recv(GREETING_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            log.info("a connection broke: %s", error)
            data = b""
        if not data:
            self._forget(connection)
        elif visitor := self._visitors.get(connection):
            visitor.received += data
            if b"\n" in visitor.received or len(visitor.received) > GREETING_BYTES:
                self._admit(connection, visitor.received.partition(b"\n")[0])

    def _admit(self, connection: socket.socket, token: bytes) -> None:
        if not hmac.compare_digest(token, self._token):
            log.warning("refused a connection with a wrong token")
            self._forget(connection)
            return
        try:
            connection.sendall(self._hello)
        except OSError as error:
            log.info("a user was gone before it was greeted: %s", error)
            self._forget(connection)
            return
        del self._visitors[connection]
        self._users.add(connection)
        log.info("a user came, now %d", len(self._users))

    def _dismiss_silent_visitors(self) -> None:
        now = time.monotonic()
        for connection in [c for c, visitor in self._visitors.items() if now >= visitor.give_up_at]:
            log.warning("closed a connection that sent no token")
            self._forget(connection)

    def _forget(self, connection: socket.socket) -> None:
        self._selector.unregister(connection)
        connection.close()
        self._visitors.pop(connection, None)
        if connection in self._users:
            self._users.discard(connection)
            log.info("a user left, now %d", len(self._users))
