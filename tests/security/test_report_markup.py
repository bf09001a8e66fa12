"""The report of the attacked corpus shows the attacks as text: none becomes markup, a script or a request."""

import json
import os
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from playwright import sync_api

from kg_assets.export.report import render as report
from tests.security.attacks import DOCUMENT_NAMES, NAMES, one_line
from tests.security.conftest import BYSTANDER, Attacked
from tests.security.looking import CONTROL

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
OUR_SCRIPT = "".join(
    (report.TEMPLATES / name).read_text("utf-8") for name in ("report_drawing.js", "report.js")
)
COUNT_DANGEROUS = "document.querySelectorAll('script, img, iframe, base, object, embed').length"
"""The page's own two scripts are all that there is."""


class Page(HTMLParser):
    """Elements with their attributes, the content of scripts and styles, and all text as a reader sees it."""

    def __init__(self, path: Path) -> None:
        super().__init__(convert_charrefs=True)
        self.source = path.read_text("utf-8")
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.raw: dict[str, list[str]] = {"script": [], "style": []}
        self.comments: list[str] = []
        self.text = ""
        self._inside = ""
        self.feed(self.source)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))
        self._inside = tag
        if tag in self.raw:
            self.raw[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside in self.raw:
            self.raw[self._inside][-1] += data
        else:
            self.text += data

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def handle_decl(self, declaration: str) -> None:
        if declaration != "DOCTYPE html":
            self.comments.append(declaration)

    def unknown_decl(self, data: str) -> None:
        self.comments.append(data)

    def handle_pi(self, data: str) -> None:
        self.comments.append(data)

    @property
    def names(self) -> set[tuple[str, str]]:
        """Every element with every attribute it ever has."""
        return {(tag, name) for tag, attributes in self.elements for name in ("", *attributes)}


@pytest.fixture(scope="module")
def path(attacked: Attacked) -> Path:
    """The report of the attacked corpus."""
    return attacked.project.exports / "report.html"


@pytest.fixture(scope="module")
def page(path: Path) -> Page:
    return Page(path)


def shown(text: str) -> str:
    """`text` as the report shows it: control characters, which HTML forbids, are replaced."""
    return CONTROL.sub("\ufffd", text)


def test_the_attacks_are_shown_as_text(page: Page) -> None:
    """Without this the other tests would show nothing."""
    for name in map(one_line, NAMES):
        if len(name) < 300:
            assert shown(name) in page.text
    for name in DOCUMENT_NAMES:
        assert shown(name) in page.text


def test_no_element_and_no_attribute_comes_from_an_attack(page: Page, attacked: Attacked) -> None:
    harmless = Page(attacked.project.workspace / "exports" / BYSTANDER / "report.html")
    more = {tag for tag, _ in page.elements} - {tag for tag, _ in harmless.elements}
    assert more <= {"code", "details", "summary"}  # of drops, which the other report has none of
    assert {pair for pair in page.names - harmless.names if pair[0] not in more} <= {("span", "title")}
    assert not [name for _, name in page.names if name.startswith("on")]
    assert not {name for _, name in page.names} & {
        "src",
        "srcset",
        "srcdoc",
        "action",
        "formaction",
        "data",
        "xlink:href",
    }
    links = [attributes["href"] for _, attributes in page.elements if "href" in attributes]
    assert links
    assert all(re.fullmatch("#[a-z-]+", link or "") for link in links)
    assert page.comments == []


def test_scripts_and_styles_are_ours_alone(page: Page) -> None:
    data, script = page.raw["script"]
    assert script == OUR_SCRIPT
    assert page.raw["style"] == [(report.TEMPLATES / "report.css").read_text("utf-8")]
    assert [attributes for tag, attributes in page.elements if tag == "script"] == [
        {"type": "application/json", "id": "drawing"}, {}
    ]  # fmt: skip
    assert not set(data) & set("<>&\u2028\u2029")


def test_the_data_in_the_page_holds_every_name_whole(page: Page) -> None:
    nodes = json.loads(page.raw["script"][0])["nodes"]
    wanted = {re.sub("[\x7f-\x9f]", "\ufffd", one_line(name)) for name in NAMES}
    assert {node["name"] for node in nodes} >= wanted


def test_no_character_breaks_the_page(page: Page) -> None:
    assert not CONTROL.search(page.source)


def test_templates_in_documents_are_not_filled(page: Page) -> None:
    assert "{{7*7}}" in page.text
    assert "49 {" not in page.text


@pytest.mark.ui
def test_a_browser_opens_nothing_asks_for_nothing_and_runs_no_attack(path: Path) -> None:
    complaints: list[str] = []

    def dismiss(dialog: "sync_api.Dialog") -> None:
        complaints.append(dialog.message)
        dialog.dismiss()

    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for width in (1280, 500):
            page = browser.new_page(viewport={"width": width, "height": 900})
            page.on("console", lambda message: complaints.append(message.text))
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("dialog", dismiss)
            page.on("popup", lambda popup: complaints.append(popup.url))
            page.on("request", lambda request: complaints.append(request.url))
            page.goto(path.as_uri())
            assert page.evaluate(COUNT_DANGEROUS) == 2
            _look_at_everything(page)
            assert page.evaluate(COUNT_DANGEROUS) == 2
            assert page.url.partition("#")[0] == path.as_uri()
        browser.close()
    assert complaints == [path.as_uri()] * 2


def _look_at_everything(page: "sync_api.Page") -> None:
    """Opens what can be opened, and chooses every entity and relation of the drawing."""
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    jumps = page.evaluate(
        "() => { const all = [...document.querySelectorAll('.jump')]; all.forEach((one) => one.click()); "
        "return all.length; }"
    )
    assert jumps > len(NAMES)
    for name in ("script", "onerror", "evil"):
        page.locator("#map input").fill(name)
        page.locator("#map .about button").first.click()
