"""One corpus with every kind of file runs to the exports, and evidence from a file with pages says which."""

from pathlib import Path

import pytest

from tests.kg_assets.ingest.formats import made_files as made
from tests.pipeline.conftest import NewProject
from tests.pipeline.project import ENGLISH, Project

PLAIN = {
    "plain.txt": ENGLISH,
    "rows.csv": "content,by\nTriton orbits Neptune. William Lassell saw Triton from Liverpool.,Lee\n",
    "table.csv": "Moon,Planet\nTitan,Saturn\nEuropa,Jupiter\n",
}


@pytest.fixture(scope="module")
def finished(new_project: NewProject) -> Project:
    project = new_project("formats")
    for name, text in PLAIN.items():
        project.write(name, text)
    for suffix, make in made.MAKERS.items():
        project.write(f"made{suffix}", b"")
        make(project.documents / f"made{suffix}")
    made.make_pdf(project.documents / "locked.pdf", password="secret")
    result = project.process("run", "--json")
    assert result.exit_code == 0, result.stderr
    return project


def test_every_kind_of_file_is_a_document(finished: Project) -> None:
    found = finished.frame("SELECT document_id FROM current_documents")["document_id"]
    expected = {f"made{suffix}" for suffix in made.MAKERS} | {"plain.txt", "table.csv", "rows.csv#1"}
    assert set(found) == expected
    drops = finished.frame("SELECT item_id, reason FROM current_drops WHERE stage = 'documents'")
    assert list(drops.itertuples(index=False, name=None)) == [("locked.pdf", "encrypted")]


def test_evidence_is_the_text_of_the_document_and_says_its_page(finished: Project) -> None:
    texts = finished.frame("SELECT document_id, text FROM current_documents").set_index("document_id")["text"]
    seen: dict[str, set[object]] = {}
    for line in finished.lineage():
        for evidence in line["evidence"]:
            document = texts[evidence["document"]]
            assert document[evidence["start"] : evidence["end"]] == evidence["text"]
            seen.setdefault(Path(evidence["document"]).suffix, set()).add(evidence.get("page"))
    assert seen[".pdf"] <= {1, 2, 3}
    assert seen[".txt"] == {None}


def test_trace_shows_the_page(finished: Project) -> None:
    of_pdf = next(
        line
        for line in finished.lineage()
        if any(evidence["document"] == "made.pdf" for evidence in line["evidence"])
    )
    shown = finished.call("trace", of_pdf["qa_id"])
    assert shown.exit_code == 0, shown.stderr
    assert "made.pdf page " in shown.stdout
