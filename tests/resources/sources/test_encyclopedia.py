"""Looking names up: what is asked of MediaWiki's API and how often, and what counts as a page."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from resources.errors import CallFailed, EndpointError
from resources.sources import encyclopedia
from resources.sources.encyclopedia import MOST_SUMMARY_CHARS, TRIES, Encyclopedia
from tests.fake_wiki import FakeWiki

EUROPA = {"title": "Europa", "summary": "Europa is a moon of Jupiter.", "description": "moon", "revision": 7}


@pytest.fixture(scope="module")
def server() -> Iterator[FakeWiki]:
    with FakeWiki() as running:
        yield running


@pytest.fixture
def wiki(server: FakeWiki, monkeypatch: pytest.MonkeyPatch) -> FakeWiki:
    monkeypatch.setattr(encyclopedia.time, "sleep", lambda _seconds: None)
    server.hold()
    return server


@pytest.fixture
def looked_up(wiki: FakeWiki, tmp_path: Path) -> Iterator[Encyclopedia]:
    with Encyclopedia(wiki.api, tmp_path / "lookups.sqlite") as opened:
        yield opened


def test_pages_come_in_the_order_of_the_search_with_their_version(
    looked_up: Encyclopedia, wiki: FakeWiki
) -> None:
    wiki.hold(EUROPA, {"title": "Europa (continent)", "summary": "Europe.", "names": ["europa"]})
    first, second = looked_up.search("Europa", "en")
    assert (first.title, first.description, first.summary) == (
        "Europa",
        "moon",
        "Europa is a moon of Jupiter.",
    )
    assert (first.url, first.revision) == ("https://en.wiki.test/wiki/Europa?oldid=7", 7)
    assert second.title == "Europa (continent)"


def test_the_edition_of_the_language_is_asked_politely(looked_up: Encyclopedia, wiki: FakeWiki) -> None:
    looked_up.search("龙井茶", "zh")
    (request,) = wiki.requests()
    assert (request["language"], request["name"]) == ("zh", "龙井茶")
    assert "graphtutor" in request["agent"]
    assert request["parameters"]["maxlag"] == "5"


def test_an_answer_is_asked_for_once_and_kept_for_the_next_run(wiki: FakeWiki, tmp_path: Path) -> None:
    wiki.hold(EUROPA)
    kept = tmp_path / "lookups.sqlite"
    for _ in range(2):
        with Encyclopedia(wiki.api, kept) as opened:
            found = opened.search("Europa", "en")
            assert opened.search("Nothing", "en") == []
    assert wiki.names() == ["Europa", "Nothing"]
    with Encyclopedia(wiki.api, kept, offline=True) as opened:
        assert opened.search("Europa", "en") == found
        with pytest.raises(EndpointError, match="Io"):
            opened.search("Io", "en")
    assert wiki.names() == ["Europa", "Nothing"]


def test_pages_that_list_meanings_and_pages_without_text_are_left_out(
    looked_up: Encyclopedia, wiki: FakeWiki
) -> None:
    wiki.hold(
        {"title": "Io", "summary": "Io may refer to:", "lists_meanings": True},
        {"title": "Io (empty)", "names": ["Io"], "summary": "  "},
    )
    assert looked_up.search("Io", "en") == []


def test_a_long_summary_ends_with_a_sentence(looked_up: Encyclopedia, wiki: FakeWiki) -> None:
    wiki.hold({"title": "Io", "summary": "Io is a moon of Jupiter. " * 400})
    (page,) = looked_up.search("Io", "en")
    assert MOST_SUMMARY_CHARS - 30 < len(page.summary) <= MOST_SUMMARY_CHARS
    assert page.summary.endswith("Jupiter.")


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        ({"status": 429}, "rate_limited"),
        ({"code": "maxlag"}, "rate_limited"),
        ({"status": 503}, "server_error"),
        ({"code": "internal_api_error"}, "server_error"),
    ],
)
def test_a_failure_is_tried_again_and_not_kept(
    looked_up: Encyclopedia, wiki: FakeWiki, failure: dict[str, object], reason: str
) -> None:
    wiki.fail(**failure)
    with pytest.raises(CallFailed) as failed:
        looked_up.search("Europa", "en")
    assert failed.value.reason == reason
    assert len(wiki.requests()) == TRIES
    wiki.hold(EUROPA)
    assert len(looked_up.search("Europa", "en")) == 1


def test_what_is_no_mediawiki_is_a_failure_and_not_kept(looked_up: Encyclopedia, wiki: FakeWiki) -> None:
    wiki.hold({"title": None, "summary": None, "names": ["Europa"]})
    with pytest.raises(CallFailed, match="no MediaWiki"):
        looked_up.search("Europa", "en")
    wiki.hold(EUROPA)
    assert len(looked_up.search("Europa", "en")) == 1


def test_nobody_at_the_address_is_a_failed_connection(tmp_path: Path, wiki: FakeWiki) -> None:
    with (
        Encyclopedia("http://127.0.0.1:9/w/api.php", tmp_path / "l.sqlite") as opened,
        pytest.raises(CallFailed) as failed,
    ):
        opened.search("Europa", "en")
    assert failed.value.reason == "connection"
