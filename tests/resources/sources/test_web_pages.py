"""Web pages: fetched once, asked for again by what the server said of their version, kept while they are
away; and where a redirect may lead."""

from collections.abc import Callable
from pathlib import Path

import pytest

from resources.sources import web
from resources.sources.outcomes import Limits
from tests.page_server import PageServer
from tests.resources.sources.conftest import Copies

OfPages = Callable[..., Copies]


def written(file: Path) -> tuple[int, int]:
    """What changes when a file is written, and not when it is read."""
    stat = file.stat()
    return stat.st_mtime_ns, stat.st_ino


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web.time, "sleep", lambda _seconds: None)


def test_a_page_is_named_by_its_url(of_pages: OfPages, pages: PageServer) -> None:
    pages.serve({"tea.txt": "Tea", "a/b.md": "# B"})
    copies = of_pages("tea.txt", "a/b.md")
    assert copies.texts() == {pages.url("tea.txt"): "Tea", pages.url("a/b.md"): "# B"}
    assert copies.reasons() == {}


def test_an_unchanged_page_is_not_sent_again(of_pages: OfPages, pages: PageServer) -> None:
    pages.serve({"tea.txt": {"body": "Tea", "etag": '"1"'}})
    copies = of_pages("tea.txt")
    (file,) = copies.update().files
    before = written(file)
    assert copies.texts() == {pages.url("tea.txt"): "Tea"}
    assert [request["headers"].get("if-none-match") for request in pages.requests()] == [None, '"1"']
    assert written(file) == before
    pages.serve({"tea.txt": {"body": "Green tea", "etag": '"2"'}})
    assert copies.texts() == {pages.url("tea.txt"): "Green tea"}


def test_a_server_that_says_no_version_is_asked_again_and_an_equal_page_leaves_its_file_alone(
    of_pages: OfPages, pages: PageServer
) -> None:
    pages.serve({"tea.txt": "Tea"})
    copies = of_pages("tea.txt")
    (file,) = copies.update().files
    before = written(file)
    copies.update()
    assert written(file) == before
    pages.serve({"tea.txt": "Two"})
    assert copies.texts() == {pages.url("tea.txt"): "Two"}


def test_the_date_of_a_page_is_asked_with(of_pages: OfPages, pages: PageServer) -> None:
    date = "Mon, 02 Nov 2026 10:00:00 GMT"
    pages.serve({"tea.txt": {"body": "Tea", "headers": {"Last-Modified": date}}})
    copies = of_pages("tea.txt")
    copies.update()
    copies.update()
    assert pages.requests()[1]["headers"]["if-modified-since"] == date


@pytest.mark.parametrize("status", [500, 503, 429, 401, 403, 418])
def test_a_page_that_is_away_keeps_its_copy_and_says_so(
    of_pages: OfPages, pages: PageServer, status: int
) -> None:
    pages.serve({"tea.txt": "Tea"})
    copies = of_pages("tea.txt")
    copies.update()
    pages.serve({"tea.txt": {"status": status, "body": "no"}})
    found = copies.update()
    assert [path.read_text() for path in found.files] == ["Tea"]
    (trouble,) = found.troubles
    assert (trouble.name, trouble.reason) == (f"{pages.url('tea.txt')} (update)", "unreachable")
    assert str(status) in trouble.detail
    assert "is used meanwhile" in trouble.detail
    pages.serve({"tea.txt": "Tea"})
    assert copies.reasons() == {}


def test_a_server_that_is_down_keeps_its_copies(copies: Copies) -> None:
    with PageServer() as server:
        server.serve({"tea.txt": "Tea"})
        copies.update(server.url("tea.txt"))
    found = copies.update()
    assert [path.read_text() for path in found.files] == ["Tea"]
    assert [trouble.reason for trouble in found.troubles] == ["unreachable"]


@pytest.mark.parametrize("status", [404, 410])
def test_a_page_that_the_server_says_is_gone_takes_its_copy_with_it(
    of_pages: OfPages, pages: PageServer, status: int
) -> None:
    pages.serve({"tea.txt": "Tea"})
    copies = of_pages("tea.txt")
    copies.update()
    pages.serve({"tea.txt": {"status": status}})
    assert copies.texts() == {}
    assert copies.reasons() == {pages.url("tea.txt"): "gone"}
    assert [path.name for path in copies.folder.iterdir()] == ["index.json"]


def test_a_busy_server_is_asked_again(of_pages: OfPages, pages: PageServer) -> None:
    pages.serve({"tea.txt": {"status": 503}})
    assert of_pages("tea.txt").reasons() == {pages.url("tea.txt"): "unreachable"}
    assert pages.paths() == ["/tea.txt"] * web.TRIES


def test_a_server_that_wants_a_long_pause_is_left_alone(of_pages: OfPages, pages: PageServer) -> None:
    pages.serve({"tea.txt": {"status": 429, "headers": {"Retry-After": "3600"}}})
    of_pages("tea.txt").update()
    assert pages.paths() == ["/tea.txt"]


def test_a_source_that_is_taken_out_takes_its_copy_with_it(of_pages: OfPages, pages: PageServer) -> None:
    pages.serve({"tea.txt": "Tea", "rice.txt": "Rice"})
    copies = of_pages("tea.txt", "rice.txt")
    copies.update()
    found = copies.update(pages.url("rice.txt"))
    assert list(found.files.values()) == [pages.url("rice.txt")]
    assert len(list(copies.folder.iterdir())) == 2


@pytest.mark.parametrize(
    ("path", "kind", "suffix"),
    [
        ("wiki/Node.js", "text/html; charset=utf-8", ".html"),
        ("wiki/Tea", "application/pdf", ".pdf"),
        ("raw/README.md", "text/plain", ".md"),
        ("lines.jsonl", "application/json", ".jsonl"),
        ("api", "application/json", ".json"),
        ("plain", "text/plain", ".txt"),
        ("x.pdf", "application/octet-stream", ".pdf"),
    ],
)
def test_the_kind_is_what_the_server_says_or_else_the_suffix(
    of_pages: OfPages, pages: PageServer, path: str, kind: str, suffix: str
) -> None:
    pages.serve({path: {"body": "{}", "type": kind}})
    (file,) = of_pages(path).update().files
    assert file.suffix == suffix


@pytest.mark.parametrize("kind", ["image/png", "application/octet-stream", "video/mp4"])
def test_a_kind_that_is_not_read_is_not_copied(of_pages: OfPages, pages: PageServer, kind: str) -> None:
    pages.serve({"thing": {"body": "x", "type": kind}})
    assert of_pages("thing").reasons() == {pages.url("thing"): "unsupported"}


def test_an_encoding_that_only_the_server_names_is_used(of_pages: OfPages, pages: PageServer) -> None:
    kind = "text/plain; charset=gb18030"
    pages.serve({"tea.txt": {"body": "龙井茶", "encoding": "gb18030", "type": kind}, "utf.txt": "龙井茶"})
    assert list(of_pages("tea.txt").texts().values()) == ["龙井茶"]
    pages.serve({"tea.txt": {"body": "龙井茶", "type": "text/plain; charset=iso-8859-1"}})
    assert list(of_pages("tea.txt").texts().values()) == ["龙井茶"]


def test_too_much_is_not_taken_however_it_comes(of_pages: OfPages, pages: PageServer) -> None:
    pages.serve({"announced.txt": "x" * 100_001, "endless.txt": {"endless": True}, "fits.txt": "x" * 100_000})
    copies = of_pages("announced.txt", "endless.txt", "fits.txt")
    assert list(copies.texts()) == [pages.url("fits.txt")]
    assert set(copies.reasons().values()) == {"too_large"}


def test_a_page_that_comes_by_the_byte_is_given_up(of_pages: OfPages, pages: PageServer) -> None:
    pages.serve({"slow.txt": {"hangs": True}, "tea.txt": "Tea"})
    copies = of_pages("slow.txt", "tea.txt")
    copies.limits = Limits(100_000, 1.0)
    assert copies.reasons() == {pages.url("slow.txt"): "unreachable"}
    assert list(copies.texts().values()) == ["Tea"]


def test_a_redirect_is_followed_and_the_page_keeps_the_name_it_was_asked_for(
    of_pages: OfPages, pages: PageServer
) -> None:
    moved = {"status": 302, "headers": {"Location": "/new.txt"}}
    pages.serve({"old.txt": moved, "new.txt": {"body": "Tea", "etag": '"1"'}})
    copies = of_pages("old.txt")
    assert copies.texts() == {pages.url("old.txt"): "Tea"}
    copies.update()
    assert pages.requests()[-1]["headers"]["if-none-match"] == '"1"'


def test_a_circle_of_redirects_ends(of_pages: OfPages, pages: PageServer) -> None:
    pages.serve({"a.txt": {"status": 301, "headers": {"Location": "/a.txt"}}})
    assert of_pages("a.txt").reasons() == {pages.url("a.txt"): "unreachable"}


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "data:text/plain,x", "gopher://x", "javascript:x"]
)
def test_a_redirect_out_of_the_web_is_refused(of_pages: OfPages, pages: PageServer, target: str) -> None:
    pages.serve({"a.txt": {"status": 302, "headers": {"Location": target}}})
    assert of_pages("a.txt").reasons() == {pages.url("a.txt"): "redirect_refused"}


@pytest.mark.parametrize("own", [web.GLOBAL, web.PRIVATE])
def test_a_redirect_to_this_machine_is_refused_for_pages_that_are_not_on_it(
    copies: Copies, pages: PageServer, monkeypatch: pytest.MonkeyPatch, own: int
) -> None:
    """The name localhost stands for a host that is further away: only its nearness is pretended."""
    pages.serve(
        {
            "a.txt": {"status": 302, "headers": {"Location": pages.url("secret.txt")}},
            "secret.txt": "The secret",
        }
    )
    near = web._nearness
    monkeypatch.setattr(web, "_nearness", lambda host: own if host == "localhost" else near(host))
    public = pages.url("a.txt").replace("127.0.0.1", "localhost")
    copies.update(public)
    assert copies.reasons() == {public: "redirect_refused"}
    assert "/secret.txt" not in pages.paths()


@pytest.mark.parametrize(
    ("ip", "nearness"),
    [
        ("93.184.216.34", web.GLOBAL),
        ("10.1.2.3", web.PRIVATE),
        ("fd00::1", web.PRIVATE),
        ("127.0.0.1", web.LOOPBACK),
        ("0.0.0.0", web.LOOPBACK),
        ("::1", web.LOOPBACK),
        ("::ffff:127.0.0.1", web.LOOPBACK),
        ("2130706433", web.LOOPBACK),
        ("169.254.169.254", web.LINK),
        ("fe80::1", web.LINK),
    ],
)
def test_how_near_an_address_is(ip: str, nearness: int) -> None:
    assert web._nearness(ip) == nearness


def test_a_login_goes_to_its_own_server_only(copies: Copies, pages: PageServer) -> None:
    copies.variables = {"LOGIN": "someone:Canary-7f3d9a1c"}
    with PageServer() as other:
        away = {
            "status": 302,
            "login": "someone:Canary-7f3d9a1c",
            "headers": {"Location": other.url("b.txt")},
        }
        pages.serve({"a.txt": away, "c.txt": {"body": "Tea", "login": "someone:Canary-7f3d9a1c"}})
        other.serve({"b.txt": "Rice"})
        found = copies.update(*(pages.url(path, "${LOGIN}@") for path in ("a.txt", "c.txt")))
        assert "authorization" not in other.requests()[0]["headers"]
    assert sorted(found.files.values()) == [pages.url("a.txt"), pages.url("c.txt")]


def test_what_a_page_repeats_of_a_login_is_not_stored(copies: Copies, pages: PageServer) -> None:
    copies.variables = {"LOGIN": "someone:Canary-7f3d9a1c", "TOKEN": "Canary-token-55aa"}
    pages.serve({"a.txt": {"body": "Tea", "repeats": True}})
    url = f"{pages.url('a.txt', '${LOGIN}@')}?token=${{TOKEN}}&page=2"
    (text,) = copies.update(url).files
    assert pages.requests()[0]["query"] == "token=Canary-token-55aa&page=2"
    assert "You sent Basic [key] and token=[key]&page=2" in text.read_text()
    assert list(copies.texts()) == [f"{pages.url('a.txt')}?token=${{TOKEN}}&page=2"]
    assert "Canary" not in (copies.folder / "index.json").read_text()


def test_it_says_who_asks(of_pages: OfPages, pages: PageServer) -> None:
    pages.serve({"a.txt": "Tea"})
    of_pages("a.txt").update()
    assert "graphtutor" in pages.requests()[0]["headers"]["user-agent"]
