"""A web server of pages that tests make up: real HTTP in a process of its own.

`PUT /pages` takes a mapping of path to answer, `GET /requests` gives what was asked for since then. An
answer has `status`, `body`, `encoding`, `type`, `headers`, `etag` (then 304 where it is named), `login`
(user:password), `repeats` (the credentials that came stand in the body), `hangs` (a byte now and then,
without end) and `endless` (bytes without end).
"""

import base64
import json
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar

from tests.server_process import ServerProcess, serve

Json = dict[str, Any]


class PageServer(ServerProcess):
    """The server, from `with` on."""

    def serve(self, pages: Mapping[str, Any]) -> None:
        """Have these pages, by path without the slash, and no others; a text is a body. Forgets requests."""
        answers = {
            f"/{path}": answer if isinstance(answer, dict) else {"body": answer}
            for path, answer in pages.items()
        }
        self.call("PUT", "/pages", json.dumps(answers).encode())

    def requests(self) -> list[Json]:
        """What was asked for: `path`, `query` and `headers` with names in lower case."""
        found: list[Json] = json.loads(self.call("GET", "/requests"))
        return found

    def paths(self) -> list[str]:
        """The paths that were asked for, sorted."""
        return sorted(request["path"] for request in self.requests())

    def url(self, path: str, login: str = "") -> str:
        """The address of a page."""
        return f"http://{login}{self.address}/{path}"


class Handler(BaseHTTPRequestHandler):
    """Answers from `pages`."""

    pages: ClassVar[Json] = {}
    asked: ClassVar[list[Json]] = []

    def do_PUT(self) -> None:
        Handler.pages = json.loads(self.rfile.read(int(self.headers["content-length"])))
        Handler.asked = []
        self._send(200, b"", {})

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        if path == "/requests":
            self._send(200, json.dumps(Handler.asked).encode(), {})
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        Handler.asked.append({"path": path, "query": query, "headers": headers})
        answer = Handler.pages.get(path)
        if answer is None:
            self._send(404, b"no such page", {"Content-Type": "text/plain"})
            return
        sent = headers.get("authorization", "")
        login = answer.get("login", "").encode()
        if login and sent != f"Basic {base64.b64encode(login).decode()}":
            self._send(401, b"who are you?", {})
            return
        self._answer(answer, headers, f" You sent {sent} and {query}." if answer.get("repeats") else "")

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""

    def _answer(self, answer: Json, headers: dict[str, str], more: str) -> None:
        told = {"Content-Type": answer.get("type", "text/plain"), **answer.get("headers", {})}
        if etag := answer.get("etag"):
            told["ETag"] = etag
            if headers.get("if-none-match") == etag:
                self._send(304, b"", told)
                return
        if answer.get("hangs") or answer.get("endless"):
            self._send_without_end(told, pause_s=0.2 if answer.get("hangs") else 0.0)
            return
        body = (answer.get("body", "") + more).encode(answer.get("encoding", "utf-8"))
        self._send(answer.get("status", 200), body, told)

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _send_without_end(self, headers: dict[str, str], pause_s: float) -> None:
        self.send_response(200)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"x" if pause_s else b"x" * 65536)
                self.wfile.flush()
                time.sleep(pause_s)
        except OSError:
            self.close_connection = True


if __name__ == "__main__":
    serve(Handler)
