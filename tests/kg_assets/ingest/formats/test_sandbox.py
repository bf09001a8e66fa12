"""A file that kills, stops or fills its parser costs itself only."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from kg_assets.ingest.decode import Rejected
from kg_assets.ingest.formats.parsed import Parsed
from kg_assets.ingest.formats.sandbox import Sandbox
from tests.kg_assets.ingest.formats import made_files as made


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(seconds=120, megabytes=3000) as opened:
        yield opened


def reason(found: Parsed | Rejected) -> str:
    return found.reason if isinstance(found, Rejected) else ""


def children() -> set[int]:
    return {child.pid for child in psutil.Process().children() if "worker" in " ".join(child.cmdline())}


@pytest.mark.parametrize("suffix", made.MAKERS)
def test_a_child_gives_what_the_parser_gives(suffix: str, sandbox: Sandbox, tmp_path: Path) -> None:
    found = sandbox.parse(made.MAKERS[suffix](tmp_path / f"a{suffix}"), suffix)
    assert isinstance(found, Parsed)
    assert "Chapter number 1" in found.text
    assert all(isinstance(page, tuple) for page in found.pages)


def test_one_child_reads_many_files(sandbox: Sandbox, tmp_path: Path) -> None:
    page = made.make_html(tmp_path / "a.html")
    sandbox.parse(page, ".html")
    before = children()
    assert reason(sandbox.parse(page, ".html")) == ""
    assert reason(sandbox.parse(tmp_path / "gone.html", ".html")) == "unreadable"
    assert children() == before


def test_a_file_that_takes_too_long_is_given_up_and_the_next_is_read(tmp_path: Path) -> None:
    long = made.make_long_pdf(tmp_path / "a.pdf", 3000)
    page = made.make_html(tmp_path / "a.html")
    before = children()
    with Sandbox(seconds=0.2, megabytes=3000) as impatient:
        found = impatient.parse(long, ".pdf")
        assert isinstance(found, Rejected)
        assert found.reason == "too_slow"
        assert "documents.parser_seconds (0.2 s)" in found.detail
        assert children() == before
    with Sandbox(seconds=60, megabytes=3000) as patient:
        assert reason(patient.parse(page, ".html")) == ""


def test_a_child_that_dies_is_replaced(sandbox: Sandbox, tmp_path: Path) -> None:
    long = made.make_long_pdf(tmp_path / "a.pdf", 3000)
    page = made.make_html(tmp_path / "a.html")
    sandbox.parse(page, ".html")
    (child,) = children()
    killer = threading.Timer(0.5, os.kill, (child, signal.SIGKILL))
    killer.start()
    found = sandbox.parse(long, ".pdf")
    killer.join()
    assert reason(found) == "parser_crashed"
    assert reason(sandbox.parse(page, ".html")) == ""
    assert children().isdisjoint({child})


def test_memory_has_a_limit(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    with path.open("w") as file:
        file.write("<all>")
        for _ in range(300):
            file.write("<r><a>x</a></r>" * 10_000)
        file.write("</all>")
    with Sandbox(seconds=120, megabytes=500) as small:
        assert reason(small.parse(path, ".xml")) in ("too_much_memory", "parser_crashed")
        assert reason(small.parse(made.make_html(tmp_path / "a.html"), ".html")) == ""


def test_the_child_knows_no_keys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SYNTHESIZER_API_KEY", "sk-canary")
    with Sandbox(seconds=60, megabytes=3000) as fresh:
        before = children()
        fresh.parse(made.make_html(tmp_path / "a.html"), ".html")
        (child,) = children() - before
        assert b"sk-canary" not in Path(f"/proc/{child}/environ").read_bytes()


def test_the_child_runs_nothing_that_lies_among_the_documents(tmp_path: Path) -> None:
    for module in ("json", "lxml", "kg_assets"):
        (tmp_path / f"{module}.py").write_text(f"open({str(tmp_path / 'canary')!r}, 'w')")
    assert Path.cwd() == tmp_path
    with Sandbox(seconds=60, megabytes=3000) as fresh:
        assert reason(fresh.parse(made.make_html(tmp_path / "a.html"), ".html")) == ""
    assert not (tmp_path / "canary").exists()


def test_the_child_ends_with_its_sandbox(tmp_path: Path) -> None:
    opened = Sandbox(seconds=60, megabytes=3000)
    before = children()
    opened.parse(made.make_html(tmp_path / "a.html"), ".html")
    (child,) = children() - before
    opened.close()
    deadline = time.monotonic() + 10
    while psutil.pid_exists(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not psutil.pid_exists(child)
