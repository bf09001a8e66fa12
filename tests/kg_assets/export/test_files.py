"""Files are whole or not there at all, in folders too, and foreign files are left alone."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kg_assets.export.files import Content, write_files


def found(folder: Path) -> set[str]:
    """What is in the folder and below, folders with `/` at their end."""
    return {str(path.relative_to(folder)) + "/" * path.is_dir() for path in folder.rglob("*")}


def content(*parts: bytes) -> Content:
    return Content("a", 1, parts)


def test_a_file_may_lie_in_folders_which_go_with_the_last_file_in_them(tmp_path: Path) -> None:
    files = {"a.json": content(b"x"), "card/README.md": content(b"y", b"z"), "card/data/b": content(b"")}
    written = write_files(tmp_path, files)
    assert [file.path for file in written] == [tmp_path / name for name in files]
    assert found(tmp_path) == {"a.json", "card/", "card/README.md", "card/data/", "card/data/b"}
    assert (tmp_path / "card" / "README.md").read_bytes() == b"yz"
    write_files(tmp_path, {}, remove=["card/data/b"])
    assert found(tmp_path) == {"a.json", "card/", "card/README.md"}
    (tmp_path / "card" / "notes").write_text("mine")
    write_files(tmp_path, {}, remove=["card/README.md", "card/data/b"])
    assert found(tmp_path) == {"a.json", "card/", "card/notes"}


def test_a_users_file_in_place_of_a_folder_stays(tmp_path: Path) -> None:
    (tmp_path / "card").write_text("mine")
    write_files(tmp_path, {"a.json": content(b"x")}, remove=["card/README.md"])
    assert found(tmp_path) == {"a.json", "card"}


def test_an_error_while_content_is_made_leaves_no_new_folder_and_every_old_file(tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"new"
        raise ValueError("a bug")

    write_files(tmp_path, {"old/a": content(b"old")})
    with pytest.raises(ValueError, match="a bug"):
        write_files(tmp_path, {"old/a": content(b"new"), "new/b": Content("b", 1, broken())})
    assert found(tmp_path) == {"old/", "old/a"}
    assert (tmp_path / "old" / "a").read_bytes() == b"old"


def test_a_killed_process_leaves_the_old_file_and_the_next_run_cleans_up(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.json": Content("a", 1, [b"old\n"])})
    script = """
import os, signal, sys
from pathlib import Path
from kg_assets.export.files import Content, write_files

def parts():
    yield b"new"
    os.kill(os.getpid(), signal.SIGKILL)

write_files(Path(sys.argv[1]), {"a.json": Content("a", 1, parts())})
"""
    command = [sys.executable, "-c", script, str(tmp_path)]
    killed = subprocess.run(command, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    assert killed.returncode == -signal.SIGKILL
    assert (tmp_path / "a.json").read_bytes() == b"old\n"
    write_files(tmp_path, {"a.json": Content("a", 1, [b"new\n"])})
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a.json", b"new\n")]
