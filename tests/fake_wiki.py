"""An encyclopedia for tests: real HTTP in a process of its own, with answers in the form of MediaWiki's API.

`PUT /articles` takes a list of articles (`title`, `summary`, `description`, `revision`, `names` that find it,
`lists_meanings`), or `{"status": …, "code": …}` to fail with; `GET /requests` gives the searches since then.
"""

import json
import subprocess
import sys
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self
from urllib.parse import parse_qs, urlsplit

Json = dict[str, Any]


class FakeWiki:
    """The server, from `with` on; `address` is that of its API, for every language."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).resolve())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self._base = f"http://127.0.0.1:{int(self._process.stdout.readline())}"
        self.address = f"{self._base}/{{language}}/w/api.php"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)

    def hold(self, *articles: Json) -> None:
        """Have these articles and no others. Forgets searches and failures."""
        self._call("PUT", "/articles", json.dumps(articles).encode())

    def fail(self, **failure: Any) -> None:
        """Answer every search with this `status`, or with this error `code`."""
        self._call("PUT", "/articles", json.dumps(failure).encode())

    def requests(self) -> list[Json]:
        """The searches: `language`, `name`, `agent` and all `parameters`."""
        found: list[Json] = json.loads(self._call("GET", "/requests"))
        return found

    def names(self) -> list[str]:
        """The names that were searched for, sorted."""
        return sorted(request["name"] for request in self.requests())

    def _call(self, method: str, path: str, body: bytes | None = None) -> bytes:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(urllib.request.Request(self._base + path, body, method=method)) as response:
            found: bytes = response.read()
        return found


class Handler(BaseHTTPRequestHandler):
    """Answers from `articles`."""

    articles: ClassVar[list[Json] | Json] = []
    asked: ClassVar[list[Json]] = []

    def do_PUT(self) -> None:
        Handler.articles = json.loads(self.rfile.read(int(self.headers["content-length"])))
        Handler.asked = []
        self._send(200, {})

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path == "/requests":
            self._send(200, Handler.asked)
            return
        parameters = {name: values[0] for name, values in parse_qs(parts.query).items()}
        language, name = parts.path.split("/")[1], parameters["gsrsearch"]
        agent = self.headers.get("user-agent", "")
        Handler.asked.append({"language": language, "name": name, "agent": agent, "parameters": parameters})
        if isinstance(Handler.articles, dict):
            code = Handler.articles.get("code")
            self._send(Handler.articles.get("status", 200), {"error": {"code": code}} if code else {})
            return
        found = [
            _page(article, number, language)
            for number, article in enumerate(Handler.articles, start=1)
            if name.casefold()
            in {str(each).casefold() for each in (article["title"], *article.get("names", ()))}
        ]
        # MediaWiki leaves `query` out where nothing is found, and orders pages by their number.
        self._send(200, {"batchcomplete": True, **({"query": {"pages": found[::-1]}} if found else {})})

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""

    def _send(self, status: int, body: Any) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _page(article: Json, number: int, language: str) -> Json:
    page = {
        "pageid": number,
        "ns": 0,
        "title": article["title"],
        "index": number,
        "extract": article.get("summary", ""),
        "lastrevid": article.get("revision", 1000 + number),
        "fullurl": f"https://{language}.wiki.test/wiki/{str(article['title']).replace(' ', '_')}",
    }
    if "description" in article:
        page["description"] = article["description"]
    if article.get("lists_meanings"):
        page["pageprops"] = {"disambiguation": ""}
    return page


def main() -> None:
    """Serve until standard input ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(server.server_port, flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()


if __name__ == "__main__":
    main()
