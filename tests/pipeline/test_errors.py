"""What can go wrong around a run: each is a sentence or two that say what to do, and shows no secret."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from resources.embedded.graph_server import lease_graph
from tests.fake_model_server import FakeModelServer
from tests.pipeline.project import CANARY_KEY, ENGLISH, Project, Result

UNREACHABLE_WITHIN_S = 60.0


@pytest.fixture
def ready(project: Project) -> Project:
    """A project that would succeed."""
    project.configure(comprehension={"statements": 1})
    project.write("jupiter.txt", ENGLISH)
    return project


def says(result: Result, *words: str) -> None:
    """The command failed with one short message that holds `words`."""
    shown = result.stdout + result.stderr
    assert result.exit_code == 1, shown
    assert "Traceback" not in shown
    assert CANARY_KEY not in shown
    message = result.stderr[result.stderr.index("graphtutor: ") :]
    assert message.count("\n") == 1
    assert message.count("graphtutor: ") == 1
    assert len(message) < 700
    for word in words:
        assert word in message, message
    progress = result.stderr[: result.stderr.index("graphtutor: ")].splitlines()
    assert all(line.startswith(("  … ", "  ✓ ")) for line in progress), result.stderr


def assert_no_key_in(folder: Path) -> None:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert [path for path in files if CANARY_KEY.encode() in path.read_bytes()] == []


def test_a_wrong_key(ready: Project, fake_models: FakeModelServer) -> None:
    fake_models.configure(api_key="sk-another")
    says(ready.process("run"), "refuses", "401", "SYNTHESIZER_API_KEY")
    assert_no_key_in(ready.folder)


def test_a_model_without_chat(ready: Project, fake_models: FakeModelServer) -> None:
    fake_models.configure(no_chat=404)
    says(ready.call("run"), "404", "SYNTHESIZER_MODEL", "chat")


def test_an_unreachable_endpoint_is_given_up_soon(ready: Project) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        ready.variables["SYNTHESIZER_BASE_URL"] = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        began = time.monotonic()
        says(ready.call("run"), "cannot be reached", "SYNTHESIZER_BASE_URL")
    assert time.monotonic() - began < UNREACHABLE_WITHIN_S


def test_a_trainee_that_refuses(ready: Project, fake_models: FakeModelServer) -> None:
    fake_models.configure(only_listed_models=True, models=["fake-synthesizer"])
    says(ready.call("run"), "trainee", "404", "TRAINEE_MODEL")


def test_a_wrong_configuration_key(ready: Project) -> None:
    ready.configure(chunking={"max_token": 512})
    says(ready.call("run"), "max_token", "did you mean", "max_tokens")


def test_a_configuration_file_that_is_missing(ready: Project) -> None:
    says(ready.call("run", "--config", "other.yaml"), "other.yaml", "--config")


def test_a_documents_folder_that_is_missing(ready: Project) -> None:
    says(ready.call("run", "--documents", "elsewhere"), "elsewhere", "--documents")


def test_a_documents_folder_that_is_empty(ready: Project, empty_folder: Path) -> None:
    says(ready.call("run", "--documents", str(empty_folder)), str(empty_folder), "--documents")


def test_an_unknown_corpus(ready: Project) -> None:
    says(ready.call("run", "--corpus", "nonsense"), "nonsense", "default")


def test_a_file_in_the_place_of_the_workspace(ready: Project) -> None:
    ready.workspace.write_text("I was here first")
    says(ready.process("run"), str(ready.workspace), "--workspace")
    doctor = ready.call("doctor")
    assert doctor.exit_code == 1
    assert "✗ workspace" in doctor.stdout
    assert "--workspace" in doctor.stdout


def test_a_workspace_that_cannot_be_written(ready: Project) -> None:
    says(ready.call("run", "--workspace", "/proc/graphtutor"), "/proc/graphtutor", "--workspace")


def test_nothing_to_export_says_which_stage_lost_what(ready: Project, fake_models: FakeModelServer) -> None:
    fake_models.configure(canned=[[".", "I would rather talk about the weather."]])
    result = ready.call("run", "--json")
    says(result, "nothing to export", "claims dropped 1 of 1", "graphtutor status")
    assert result.stdout == ""
    assert "dropped by claims: invalid_json 1" in ready.call("status").stdout
    (status,) = ready.call("status", "--json").json
    assert {s["stage"]: s["drop_reasons"] for s in status["stages"] if s["dropped"]} == {
        "claims": {"invalid_json": 1}
    }


def test_a_wrong_password_of_neo4j(ready: Project) -> None:
    with lease_graph(ready.workspace) as lease:
        ready.use_graph(lease)
        ready.variables["NEO4J_PASSWORD"] = CANARY_KEY
        result = ready.call("run", "--select", "knowledge_graph")
    says(result, "NEO4J_PASSWORD", "root")
    assert_no_key_in(ready.folder)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 12 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(folder)], capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("needs the right to mount a small file system")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def _run_with_free_space(project: Project, disk: Path, free_kb: int) -> Result:
    status = os.statvfs(disk)
    (disk / "other files").write_bytes(bytes(status.f_bavail * status.f_frsize - free_kb * 1024))
    return project.process("run", "--workspace", str(disk / "workspace"))


def test_a_full_disk(ready: Project, small_disk: Path) -> None:
    says(_run_with_free_space(ready, small_disk, free_kb=400), "space")


def test_a_disk_that_fills_up_loses_nothing(ready: Project, small_disk: Path) -> None:
    says(_run_with_free_space(ready, small_disk, free_kb=4000), "space")
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    assert ready.call("run", "--workspace", str(small_disk / "workspace")).exit_code == 0
