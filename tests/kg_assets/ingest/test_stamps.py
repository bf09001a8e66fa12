"""A file is read once, and again exactly when it may have changed."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kg_assets.domain import Document
from kg_assets.ingest import documents
from kg_assets.ingest.documents import keep_scan, scan_documents, take_document
from kg_assets.ingest.read import read_file
from kg_assets.stage.ledger import Counts, Ledger
from resources.configuration.settings import DocumentsSettings
from resources.warehouse.warehouse import Warehouse


class Corpus:
    """A folder of documents that are as old as they need be, and the names of the files that are opened."""

    def __init__(self, root: Path, warehouse: Warehouse) -> None:
        self.root = root
        self.warehouse = warehouse
        self.opened: list[str] = []

    def write(self, name: str, text: str, age_s: float = 60.0) -> None:
        path = self.root / name
        path.write_text(text, encoding="utf-8")
        os.utime(path, (time.time() - age_s,) * 2)

    def scan(self, settings: DocumentsSettings | None = None) -> Counts:
        """One materialisation of the documents."""
        self.opened.clear()
        found = scan_documents(self.warehouse, self.root, "default", settings or DocumentsSettings())
        ledger = Ledger(self.warehouse, "documents", "run")
        counts = ledger.execute(found.items, ledger.pending(found.items), take_document)
        keep_scan(self.warehouse, found)
        return counts

    def texts(self) -> dict[str, str]:
        rows = self.warehouse.rows(Document, "FROM current_documents")
        return {row.document_id: row.text for row in rows}


@pytest.fixture
def corpus(tmp_path: Path, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> Corpus:
    made = Corpus(tmp_path / "documents", warehouse)
    made.root.mkdir()
    # The change time cannot be set: here the files are old all the same.
    monkeypatch.setattr("kg_assets.ingest.stamps.YOUNG_S", -1.0)

    def reading(path: Path, name: str, settings: DocumentsSettings) -> Iterator[object]:
        made.opened.append(path.name)
        return read_file(path, name, settings)

    monkeypatch.setattr(documents, "read_file", reading)
    return made


def test_a_file_that_did_not_change_is_not_read_again(corpus: Corpus) -> None:
    corpus.write("a.txt", "alpha")
    corpus.write("b.jsonl", '{"content": "beta"}\n{"content": "gamma"}\nno json\n')
    assert corpus.scan() == Counts(4, 3, 0, 1, 3)
    assert corpus.opened == ["a.txt", "b.jsonl"]
    assert corpus.scan() == Counts(4, 0, 3, 1, 3)
    assert corpus.opened == []
    assert list(corpus.texts().values()) == ["alpha", "beta", "gamma"]


def test_an_edit_of_the_same_length_that_keeps_the_time_is_seen(corpus: Corpus) -> None:
    corpus.write("a.txt", "alpha")
    corpus.write("b.txt", "beta")
    corpus.scan()
    before = (corpus.root / "a.txt").stat()
    (corpus.root / "a.txt").write_text("omega")
    os.utime(corpus.root / "a.txt", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert corpus.scan() == Counts(2, 1, 1, 0, 2)
    assert corpus.opened == ["a.txt"]
    assert corpus.texts() == {"a.txt": "omega", "b.txt": "beta"}


def test_a_file_written_a_moment_ago_is_read_again(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kg_assets.ingest.stamps.YOUNG_S", 3600.0)
    corpus.write("a.txt", "alpha")
    corpus.scan()
    corpus.scan()
    assert corpus.opened == ["a.txt"]


def test_other_settings_read_everything_again(corpus: Corpus) -> None:
    corpus.write("a.txt", "alpha")
    corpus.scan()
    assert corpus.scan(DocumentsSettings(max_megabytes=0.000001)) == Counts(1, 0, 0, 1, 0)
    assert corpus.opened == ["a.txt"]
    assert corpus.scan() == Counts(1, 0, 1, 0, 1)


def test_a_removed_file_leaves_and_may_come_back(corpus: Corpus) -> None:
    corpus.write("a.txt", "alpha")
    corpus.write("b.txt", "beta")
    corpus.scan()
    (corpus.root / "b.txt").rename(corpus.root.parent / "b.txt")
    assert corpus.scan() == Counts(1, 0, 1, 0, 1)
    (corpus.root.parent / "b.txt").rename(corpus.root / "b.txt")
    assert corpus.scan() == Counts(2, 0, 2, 0, 2)
    assert corpus.opened == ["b.txt"]


def test_rows_that_are_gone_are_read_again(corpus: Corpus) -> None:
    corpus.write("a.txt", "alpha")
    corpus.scan()
    with corpus.warehouse.transaction() as connection:
        connection.execute("DELETE FROM documents")
        connection.execute("DELETE FROM done")
    assert corpus.scan() == Counts(1, 1, 0, 0, 1)
    assert corpus.texts() == {"a.txt": "alpha"}


def test_a_file_that_cannot_be_opened_is_tried_again(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus.write("a.txt", "alpha")

    def refused(self: Path, *_: object, **__: object) -> object:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", refused)
        assert corpus.scan() == Counts(1, 0, 0, 1, 0)
    assert corpus.scan() == Counts(1, 1, 0, 0, 1)


def test_of_two_files_with_a_document_of_one_id_the_first_stays_however_often_it_is_scanned(
    corpus: Corpus,
) -> None:
    corpus.write("a.jsonl#b.txt", "of a file")
    assert corpus.scan() == Counts(1, 1, 0, 0, 1)
    corpus.write("a.jsonl", '{"id": "b.txt", "content": "of a row"}\n')
    assert corpus.scan() == Counts(2, 1, 0, 1, 1)
    assert corpus.scan() == Counts(2, 0, 1, 1, 1)
    assert corpus.texts() == {"a.jsonl#b.txt": "of a row"}
    (corpus.root / "a.jsonl").unlink()
    assert corpus.scan() == Counts(1, 0, 1, 0, 1)
    assert corpus.texts() == {"a.jsonl#b.txt": "of a file"}
