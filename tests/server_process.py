"""Servers of tests: real HTTP on loopback, each in a process of its own, which shares no lock with ours."""

import subprocess
import sys
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self

_ROOT = Path(__file__).resolve().parents[1]


class ServerProcess:
    """A server whose module, run as a program, calls `serve`; from `with` on it listens at `address`."""

    address: str
    """`127.0.0.1:port`"""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", type(self).__module__],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.address = f"127.0.0.1:{int(self._process.stdout.readline())}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)

    def call(self, method: str, path: str, body: bytes | None = None) -> bytes:
        """What it answers to a request of the test's own, past any proxy."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        request = urllib.request.Request(f"http://{self.address}{path}", body, method=method)
        with opener.open(request) as response:
            found: bytes = response.read()
        return found


def serve(handler: type[BaseHTTPRequestHandler]) -> None:
    """Serve until standard input ends; the port goes to standard output."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    print(server.server_port, flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()
