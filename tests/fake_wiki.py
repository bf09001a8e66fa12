"""An encyclopedia for tests: real HTTP in a process of its own, with answers in the form of MediaWiki's API.

`PUT /articles` takes a list of articles (`title`, `summary`, `description`, `revision`, `names` that find it,
`lists_meanings`), or `{"status": …, "code": …}` to fail with; `GET /requests` gives the searches since then.
"""

import json
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from tests.server_process import ServerProcess, serve

Json = dict[str, Any]


class FakeWiki(ServerProcess):
    """The server, from `with` on."""

    @property
    def api(self) -> str:
        """The address of its API, for every language."""
        return f"http://{self.address}/{{language}}/w/api.php"

    def hold(self, *articles: Json) -> None:
        """Have these articles and no others. Forgets searches and failures."""
        self.call("PUT", "/articles", json.dumps(articles).encode())

    def fail(self, **failure: Any) -> None:
        """Answer every search with this `status`, or with this error `code`."""
        self.call("PUT", "/articles", json.dumps(failure).encode())

    def requests(self) -> list[Json]:
        """The searches: `language`, `name`, `agent` and all `parameters`."""
        found: list[Json] = json.loads(self.call("GET", "/requests"))
        return found

    def names(self) -> list[str]:
        """The names that were searched for, sorted."""
        return sorted(request["name"] for request in self.requests())


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


if __name__ == "__main__":
    serve(Handler)
