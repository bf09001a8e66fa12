"""The report's script does what a reader expects, in a real browser, and asks for nothing."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright import sync_api

from kg_assets.export.report.data import ReportData
from kg_assets.export.report.render import render_report

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
pytestmark = pytest.mark.ui


@pytest.fixture
def page(tmp_path: Path, small: ReportData) -> Iterator["sync_api.Page"]:
    """The small report, open; at the end nothing may have failed or asked for anything but the file."""
    path = tmp_path / "report.html"
    path.write_text(render_report(small), encoding="utf-8")
    complaints: list[str] = []
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: request.url == path.as_uri() or complaints.append(request.url))
        page.goto(path.as_uri())
        yield page
        browser.close()
    assert complaints == []


def test_search_chooses_an_entity_and_shows_its_evidence(page: "sync_api.Page") -> None:
    page.fill(".panel input", "florey")
    page.press(".panel input", "Enter")
    assert page.locator(".panel h3").inner_text() == "Howard Florey"
    assert "treated with penicillin" in page.locator(".panel blockquote").nth(1).inner_text()
    assert page.locator(".mark.on").count() > 1
    page.locator(".panel li button").first.click()
    assert "→" in page.locator(".panel h3").inner_text()


def test_a_click_on_a_circle_chooses_it_and_a_click_beside_lets_go(page: "sync_api.Page") -> None:
    page.locator(".mark circle").nth(3).click()
    assert page.locator(".mark.chosen").count() == 1
    page.locator("#map svg").click(position={"x": 3, "y": 3})
    assert page.locator(".mark.chosen").count() == 0
    assert page.get_by_text("Worst known", exact=True).count() == 1


def test_zoom_buttons_change_the_view_and_show_all_resets_it(page: "sync_api.Page") -> None:
    view = page.locator("#map .view")
    page.click('[data-zoom="1.4"]')
    assert "scale(1.4)" in str(view.get_attribute("transform"))
    page.click('[data-zoom="0"]')
    assert "scale(1)" in str(view.get_attribute("transform"))


def test_the_table_of_facts_filters_sorts_and_leads_to_the_drawing(page: "sync_api.Page") -> None:
    rows = page.locator("#facts tbody tr:visible")
    assert rows.count() == 25
    page.click("#more-facts")
    assert rows.count() > 25
    page.fill("#fact-controls input", "voyager")
    page.select_option("#fact-controls select >> nth=0", "relation")
    assert {row.get_attribute("data-kind") for row in rows.all()} == {"relation"}
    page.click("#facts th[data-key=loss] button")
    losses = [float(str(row.get_attribute("data-loss"))) for row in rows.all()]
    assert losses == sorted(losses)
    rows.first.locator(".jump").click()
    assert page.locator(".line.chosen").count() == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 768, 1280])
def test_no_width_makes_the_page_scroll_sideways(page: "sync_api.Page", width: int, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
