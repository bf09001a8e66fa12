"""A browser, and a project of a user with two small documents and the fake model server as both models."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fake_model_server import FakeModelServer
from tests.pipeline.project import CHINESE, ENGLISH, Project

sync_api = pytest.importorskip("playwright.sync_api")

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
CHROMIUM_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
)
PATIENCE_MS = 60_000


@pytest.fixture(scope="session")
def browser() -> Iterator["sync_api.Browser"]:
    """Chromium without a window."""
    sync_api.expect.set_options(timeout=PATIENCE_MS)
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(CHROMIUM_ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def project(
    tmp_path_factory: pytest.TempPathFactory, model_server_process: FakeModelServer
) -> Iterator[Project]:
    """A corpus of two documents; no model of the machine is ever asked."""
    model_server_process.reset()
    project = Project(tmp_path_factory.mktemp("project"), corpus="samples")
    project.use_models(model_server_process)
    project.write("jupiter.md", ENGLISH)
    project.write("tea.md", CHINESE)
    yield project
    model_server_process.reset()


@pytest.fixture
def page(
    request: pytest.FixtureRequest, browser: "sync_api.Browser", tmp_path: Path
) -> Iterator["sync_api.Page"]:
    """An empty page of a new visitor. A test that fails leaves a picture of it."""
    page = browser.new_page(viewport={"width": 1600, "height": 1000})
    page.set_default_timeout(PATIENCE_MS)
    failures = request.session.testsfailed
    yield page
    if request.session.testsfailed > failures:
        picture = tmp_path / "screenshot.png"
        page.screenshot(path=picture)
        print(f"What was on the screen: {picture}")
    page.close()
