"""The same content under two names is one document with two sources; a file is parsed once."""

import os
import shutil
import time
from pathlib import Path

import pytest

from kg_assets.domain import Document
from kg_assets.ingest import read
from kg_assets.ingest.documents import keep_scan, scan_documents, take_document
from kg_assets.ingest.formats.sandbox import shared_sandbox
from kg_assets.stage.ledger import Counts, Ledger
from resources.configuration.settings import DocumentsSettings
from resources.warehouse.warehouse import Warehouse
from tests.kg_assets.ingest.formats import made_files as made


class Folder:
    """A corpus' folder, what its documents are after a run, and which files were parsed in it."""

    def __init__(self, root: Path, warehouse: Warehouse) -> None:
        self.root = root
        self.warehouse = warehouse
        self.parsed: list[str] = []

    def write(self, name: str, text: str) -> None:
        (self.root / name).write_text(text, encoding="utf-8")

    def scan(self) -> Counts:
        self.parsed.clear()
        for path in self.root.iterdir():
            os.utime(path, (time.time() - 60,) * 2)
        found = scan_documents(self.warehouse, self.root, "default", DocumentsSettings())
        ledger = Ledger(self.warehouse, "documents", "run")
        counts = ledger.execute(found.items, ledger.pending(found.items), take_document)
        keep_scan(self.warehouse, found)
        return counts

    def documents(self) -> dict[str, Document]:
        rows = self.warehouse.rows(Document, "FROM current_documents")
        return {row.document_id: row for row in rows}

    def sources(self) -> dict[str, object]:
        return {name: document.metadata.get("sources") for name, document in self.documents().items()}


@pytest.fixture
def folder(tmp_path: Path, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> Folder:
    made_folder = Folder(tmp_path / "documents", warehouse)
    made_folder.root.mkdir()
    monkeypatch.setattr("kg_assets.ingest.stamps.YOUNG_S", -1.0)

    class Watched:
        def parse(self, path: Path, suffix: str) -> object:
            made_folder.parsed.append(path.name)
            return shared_sandbox(60.0, 3000).parse(path, suffix)

    monkeypatch.setattr(read, "shared_sandbox", lambda _seconds, _megabytes: Watched())
    return made_folder


def test_equal_files_are_one_document_under_the_first_name(folder: Folder) -> None:
    for name in ("b.txt", "a.txt", "c.md"):
        folder.write(name, "alpha")
    assert folder.scan() == Counts(2, 2, 0, 0, 2)
    assert folder.sources() == {"a.txt": ["a.txt", "b.txt"], "c.md": None}
    assert folder.scan() == Counts(2, 0, 2, 0, 2)


def test_when_one_name_goes_the_document_stays(folder: Folder) -> None:
    for name in ("a.txt", "b.txt"):
        folder.write(name, "alpha")
    folder.scan()
    (folder.root / "a.txt").unlink()
    folder.scan()
    assert folder.sources() == {"b.txt": None}
    assert folder.documents()["b.txt"].text == "alpha"
    folder.write("a.txt", "alpha")
    assert folder.scan() == Counts(1, 0, 1, 0, 1)
    assert folder.sources() == {"a.txt": ["a.txt", "b.txt"]}


def test_when_one_of_two_equal_files_is_edited_they_are_two(folder: Folder) -> None:
    for name in ("a.txt", "b.txt"):
        folder.write(name, "alpha")
    folder.scan()
    folder.write("b.txt", "omega")
    folder.scan()
    assert {name: d.text for name, d in folder.documents().items()} == {"a.txt": "alpha", "b.txt": "omega"}
    assert folder.sources() == {"a.txt": None, "b.txt": None}


def test_rows_of_equal_files_have_both_sources(folder: Folder) -> None:
    for name in ("a.jsonl", "b.jsonl"):
        folder.write(name, '{"content": "One.", "sources": 3}\n{"content": ""}\n')
    assert folder.scan() == Counts(3, 1, 0, 2, 1)
    (document,) = folder.documents().values()
    assert document.metadata == {"sources": 3, "file_sources": ["a.jsonl#1", "b.jsonl#1"]}


def test_a_file_is_parsed_once_and_again_when_it_changes(folder: Folder) -> None:
    made.make_docx(folder.root / "a.docx")
    shutil.copy(folder.root / "a.docx", folder.root / "b.docx")
    assert folder.scan() == Counts(1, 1, 0, 0, 1)
    assert folder.parsed == ["a.docx"]
    assert folder.sources() == {"a.docx": ["a.docx", "b.docx"]}
    assert folder.scan() == Counts(1, 0, 1, 0, 1)
    assert folder.parsed == []
    made.make_html(folder.root / "c.html")
    assert folder.scan() == Counts(2, 1, 1, 0, 2)
    assert folder.parsed == ["c.html"]


def test_files_that_cannot_be_parsed_are_drops_and_are_not_tried_again(folder: Folder) -> None:
    made.make_pdf(folder.root / "a.pdf", password="secret")
    made.make_scanned_pdf(folder.root / "b.pdf")
    made.make_zip_bomb(folder.root / "c.docx")
    (folder.root / "d.epub").write_bytes(b"PK")
    (folder.root / "e.pdf").write_bytes(b"")
    made.make_html(folder.root / "f.html")
    assert folder.scan() == Counts(6, 1, 0, 5, 1)
    drops = dict(folder.warehouse.frame("SELECT item_id, reason FROM current_drops").itertuples(index=False))
    assert drops == {
        "a.pdf": "encrypted", "b.pdf": "no_text", "c.docx": "zip_bomb", "d.epub": "corrupt", "e.pdf": "empty",
    }  # fmt: skip
    assert folder.scan() == Counts(6, 0, 1, 5, 1)
    assert folder.parsed == []


def test_files_over_the_limit_are_not_opened(folder: Folder) -> None:
    with (folder.root / "a.pdf").open("wb") as file:
        file.truncate(300_000_000)
    assert folder.scan() == Counts(1, 0, 0, 1, 0)
    assert folder.warehouse.scalar("SELECT reason FROM current_drops") == "too_large"
    assert folder.parsed == []


def test_a_parquet_file_gives_a_document_a_row(folder: Folder, warehouse: Warehouse) -> None:
    target = folder.root / "a.parquet"
    with warehouse.connect() as connection:
        connection.execute(f"COPY (SELECT 'Text ' || i AS content, i AS id FROM range(3) r(i)) TO '{target}'")
    assert folder.scan() == Counts(3, 3, 0, 0, 3)
    assert [d.metadata for d in folder.documents().values()] == [{"id": 0}, {"id": 1}, {"id": 2}]
    assert list(folder.documents()) == ["a.parquet#0", "a.parquet#1", "a.parquet#2"]


def test_pages_are_stored(folder: Folder) -> None:
    made.make_pptx(folder.root / "a.pptx")
    folder.scan()
    (document,) = folder.documents().values()
    assert [number for _, number in document.pages] == [1, 2]
    assert document.text[document.pages[1][0] :].startswith("## Section of 1")
