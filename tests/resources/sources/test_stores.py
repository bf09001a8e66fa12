"""Files in stores that fsspec reads: which are meant, when they are read, and what their names may do."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFile
from hypothesis import given, settings
from hypothesis import strategies as st

from resources.sources import stores
from resources.sources.addresses import check_url, resolve_source
from resources.sources.mirror import Mirror
from resources.sources.outcomes import Limits
from tests.resources.sources.conftest import KINDS, Copies


@pytest.fixture
def memory() -> Iterator[Any]:
    """fsspec's file system in memory, which is one for the process."""
    store = fsspec.filesystem("memory")
    store.rm("/", recursive=True) if store.ls("/") else None
    yield store
    for path in store.ls("/", detail=False):
        store.rm(path, recursive=True)


def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that are read from now on."""
    read: list[str] = []
    inner = stores.Store._read

    def reading(self: stores.Store, path: str) -> bytes:
        read.append(path)
        return inner(self, path)

    monkeypatch.setattr(stores.Store, "_read", reading)
    return read


@pytest.mark.parametrize("address", ["memory://tea", "memory://tea/", "memory://tea/**"])
def test_a_folder_is_all_that_is_below_it(memory: Any, copies: Copies, address: str) -> None:
    memory.pipe({"/tea/a.txt": b"A", "/tea/deep/b.md": b"B", "/other/c.txt": b"C"})
    copies.update(address)
    assert copies.texts() == {"memory://tea/a.txt": "A", "memory://tea/deep/b.md": "B"}


def test_a_file_and_a_pattern(memory: Any, copies: Copies) -> None:
    memory.pipe({"/tea/a.txt": b"A", "/tea/b.md": b"B", "/tea/deep/c.txt": b"C"})
    copies.update("memory://tea/b.md", "memory://tea/*.txt")
    assert copies.texts() == {"memory://tea/a.txt": "A", "memory://tea/b.md": "B"}


def test_what_did_not_change_is_not_read_again(
    memory: Any, copies: Copies, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory.pipe({"/tea/a.txt": b"A", "/tea/b.txt": b"B"})
    read = opened(monkeypatch)
    copies.update("memory://tea")
    assert sorted(read) == ["/tea/a.txt", "/tea/b.txt"]
    read.clear()
    memory.pipe("/tea/b.txt", b"X")
    assert copies.texts() == {"memory://tea/a.txt": "A", "memory://tea/b.txt": "X"}
    assert read == ["/tea/b.txt"]


def test_a_file_that_is_gone_takes_its_copy_with_it(memory: Any, copies: Copies) -> None:
    memory.pipe({"/tea/a.txt": b"A", "/tea/b.txt": b"B"})
    copies.update("memory://tea")
    memory.rm("/tea/a.txt")
    assert copies.texts() == {"memory://tea/b.txt": "B"}
    memory.rm("/tea/b.txt")
    assert copies.texts() == {}
    assert copies.reasons() == {"memory://tea": "gone"}


def test_a_store_that_cannot_be_listed_keeps_all_copies(
    memory: Any, copies: Copies, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory.pipe({"/tea/a.txt": b"A", "/tea/b.txt": b"B"})
    copies.update("memory://tea")

    def refused(*_: object) -> None:
        raise PermissionError("The key Canary-3f9a81d2 is not valid any more")

    copies.variables = {"KEY": "Canary-3f9a81d2"}
    monkeypatch.setattr(stores.Store, "_listed", refused)
    found = copies.update()
    assert sorted(found.files.values()) == ["memory://tea/a.txt", "memory://tea/b.txt"]
    (trouble,) = found.troubles
    assert (trouble.name, trouble.reason) == ("memory://tea", "unreachable")
    assert "2 files that were fetched before stay" in trouble.detail


def test_kinds_that_are_not_read_and_files_that_are_too_large_are_named(memory: Any, copies: Copies) -> None:
    memory.pipe({"/tea/a.png": b"A", "/tea/README": b"B", "/tea/big.txt": b"x" * 100_001, "/tea/b.txt": b"B"})
    copies.update("memory://tea")
    assert copies.texts() == {"memory://tea/b.txt": "B"}
    assert copies.reasons() == {
        "memory://tea/README": "unsupported",
        "memory://tea/a.png": "unsupported",
        "memory://tea/big.txt": "too_large",
    }


def test_hidden_files_are_passed_over(memory: Any, copies: Copies) -> None:
    memory.pipe({"/tea/.env.txt": b"A", "/tea/.git/b.txt": b"B", "/tea/~$c.txt": b"C", "/tea/d.txt": b"D"})
    copies.update("memory://tea")
    assert copies.texts() == {"memory://tea/d.txt": "D"}


@settings(deadline=None, max_examples=30)
@given(name=st.text(st.characters(exclude_characters="*?[]", exclude_categories=["Cs"]), min_size=1))
def test_no_name_leads_out_of_the_mirror(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    folder = tmp_path_factory.mktemp("mirror") / "deep" / "sources"
    store = fsspec.filesystem("memory")
    for odd in (f"/odd/{name}.txt", "/odd/../../evil.txt", "/odd/..\\evil.txt", "/odd/%2e%2e%2fevil.txt"):
        store.store[odd] = store.store.get("none") or _memory_file(store, odd)
    try:
        mirror = Mirror(folder)
        source = resolve_source(check_url("memory://odd"), "default", {})
        mirror.update([source], Limits(1000, 20.0), KINDS)
        found = mirror.found([source])
    finally:
        store.store.clear()
        store.pseudo_dirs[:] = [""]
    assert found.files
    assert {path.parent for path in found.files} == {folder}
    assert {path.name for path in folder.parent.iterdir()} == {"sources"}
    assert {path.name for path in folder.parent.parent.iterdir()} == {"deep"}


def _memory_file(store: Any, path: str) -> Any:
    return MemoryFile(store, path, b"text")


def test_local_files_are_named_by_their_url_and_links_do_not_lead_out(tmp_path: Path, copies: Copies) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.txt").write_text("A")
    (tmp_path / "secret.txt").write_text("S")
    (tmp_path / "docs" / "out.txt").symlink_to(tmp_path / "secret.txt")
    (tmp_path / "docs" / "in.txt").symlink_to(tmp_path / "docs" / "a.txt")
    os.mkfifo(tmp_path / "docs" / "pipe.txt")
    copies.update(f"file://{tmp_path}/docs/**")
    assert copies.texts() == {
        f"file://{tmp_path}/docs/a.txt": "A",
        f"file://{tmp_path}/docs/in.txt": "A",
    }


def test_a_library_that_is_missing_is_named(copies: Copies, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object) -> None:
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr(stores.fsspec.core, "url_to_fs", missing)
    (trouble,) = copies.update("s3://bucket/folder/**").troubles
    assert (trouble.name, trouble.reason) == ("s3://bucket/folder/**", "unreachable")
    assert "s3fs" in trouble.detail


def test_a_store_that_hangs_is_given_up(copies: Copies, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores.Store, "_listed", lambda _self: threading.Event().wait(60))
    copies.limits = Limits(1000, 0.2)
    (trouble,) = copies.update("memory://tea").troubles
    assert trouble.reason == "unreachable"
    assert "source_seconds" in trouble.detail
