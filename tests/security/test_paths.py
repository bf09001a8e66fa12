"""Names and links among the documents lead nowhere: what is outside is not read, and nothing is written
outside the workspace."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from kg_assets.ingest.corpora import corpus_name
from resources.warehouse.warehouse import Warehouse
from resources.workspace.layout import WorkspaceLayout
from tests.fake_model_server import FakeModelServer
from tests.pipeline.project import CANARY_KEY, EVENTS_IN_MEMORY, Project, Result
from tests.security.looking import holds, places_of, snapshot

OUTSIDE = "The Outside Canary was kept in Lisbon by Amelia Rey."
INSIDE = "The Danube flows through Vienna."
READ = {
    "%2e%2e%2f..%2fevil.txt",
    "x..%2f..%2fevil.txt",
    "x..\\..\\evil.txt",
    "a..b...txt",
    "-rf.txt",
    "--config.txt",
    "--config=evil.yaml.txt",
    "~.txt",
    "CON.txt",
    "C:\\evil.txt",
    "x" * 251 + ".txt",
    "folder.txt/inner.txt",
    "link_inside.txt",
    "hardly/-rf/deep.txt",
    "hardly/b/inner.txt",
}
"""Documents of the corpus `files`, which are read under these names."""
SKIPPED = {
    "link_outside.txt": "outside_root",
    "link_to_link.txt": "outside_root",
    "link_folder": "outside_root",
    "link_folder_as_file.txt": "outside_root",
    "link_environment.txt": "outside_root",
    "link_env.txt": "outside_root",
    "link_settings.md": "outside_root",
    "link_workspace": "outside_root",
    "link_nowhere_outside.txt": "outside_root",
    "loop": "link_cycle",
    "hardly/up": "link_cycle",
    "pipe.txt": "unreadable",
    "link_nowhere.txt": "unreadable",
    "link_itself.txt": "unreadable",
    "-rf": "unsupported",
    "--config": "unsupported",
}
HIDDEN = ("..%2f..%2fevil.txt", "...txt", "..txt", ".hidden.txt")
"""Files, as all whose names begin with a dot, that are no documents."""
ODD = "-dash and spaces "
CORPORA = ("CON", ODD, "linked")


@dataclass(frozen=True)
class Ran:
    """The project, a folder some levels above it, all there but the workspace before the runs, and the runs:
    one that reads the documents of all corpora, and one on `files` that asks a model about them."""

    base: Path
    project: Project
    before: dict[str, object]
    results: list[Result]
    requests: str

    def rows(self, corpus: str, sql: str) -> pd.DataFrame:
        layout = WorkspaceLayout(self.project.workspace)
        return Warehouse(layout.warehouse(corpus_name(corpus))).frame(sql)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, model_server_process: FakeModelServer) -> Ran:
    model_server_process.reset()
    base = tmp_path_factory.mktemp("paths")
    outside = base / "outside"
    (outside / "folder").mkdir(parents=True)
    (outside / "secret.txt").write_text(OUTSIDE)
    (outside / "folder" / "secret.txt").write_text(OUTSIDE)
    project = Project(base / "some" / "levels" / "project", corpus="files")
    project.use_models(model_server_process)
    project.configure(comprehension={"enabled": False}, qa={"forms": ["atomic"]})
    (project.folder / ".env").write_text(f"OTHER_API_KEY={CANARY_KEY}\n")
    home = project.workspace / "dagster"
    home.mkdir(parents=True)
    (home / "dagster.yaml").write_text(EVENTS_IN_MEMORY)  # quicker
    _fill(project, outside)
    before = snapshot(base, project.workspace)
    results = [project.call("run", "--select", "documents")]
    results += [project.call("run", "--select", "+claims", "--corpus", "files")]
    sent = str(model_server_process.bodies())
    return Ran(base, project, before, results, sent)


def _fill(project: Project, outside: Path) -> None:
    files, root = project.documents, project.folder / "documents"
    for name in READ - {"link_inside.txt", "hardly/b/inner.txt"}:
        (files / name).parent.mkdir(parents=True, exist_ok=True)
        project.write(name, INSIDE)
    for name in ("-rf", "--config", *HIDDEN):
        project.write(name, OUTSIDE)
    for name, target in {
        "link_inside.txt": files / "CON.txt",
        "link_outside.txt": outside / "secret.txt",
        "link_to_link.txt": files / "link_outside.txt",
        "link_folder": outside / "folder",
        "link_folder_as_file.txt": outside / "folder",
        "link_environment.txt": Path("/proc/self/environ"),
        "link_env.txt": Path("../../.env"),
        "link_settings.md": Path("../../graphtutor.yaml"),
        "link_workspace": project.workspace,
        "link_nowhere_outside.txt": outside / "nothing.txt",
        "link_nowhere.txt": files / "nothing.txt",
        "link_itself.txt": files / "link_itself.txt",
        "loop": files,
        "hardly/up": Path(".."),
    }.items():
        (files / name).symlink_to(target)
    os.mkfifo(files / "pipe.txt")
    for folder in (root / "CON", root / ODD, files / "hardly" / "b"):
        folder.mkdir()
        (folder / "inner.txt").write_text(INSIDE)
    (root / "linked").symlink_to(files / "hardly" / "b")
    (root / "away").symlink_to(outside / "folder")
    for hidden in ("..foo", "..%2f..%2fevil"):
        (root / hidden).mkdir()
        (root / hidden / "secret.txt").write_text(OUTSIDE)


def test_the_runs_succeeded(ran: Ran) -> None:
    assert [result.stderr for result in ran.results if result.exit_code] == []


def test_nothing_outside_the_workspace_was_written(ran: Ran) -> None:
    assert len(ran.before) > 40
    assert snapshot(ran.base, ran.project.workspace) == ran.before
    assert not [path for path in ran.project.workspace.rglob("*") if "evil" in path.name or path.is_symlink()]


def test_odd_names_are_read_under_their_names(ran: Ran) -> None:
    documents = ran.rows("files", "SELECT document_id, text, metadata FROM current_documents")
    read = set(documents["document_id"])
    for metadata in documents["metadata"]:
        # Files of the same content are one document.
        read |= set(json.loads(metadata).get("sources", ()))
    assert read == READ
    assert set(documents["text"]) == {INSIDE}
    claims = ran.rows(
        "files", "SELECT DISTINCT c.document_id FROM current_claims k JOIN current_chunks c USING (chunk_id)"
    )
    assert set(claims["document_id"]) == set(documents["document_id"])


def test_what_is_not_read_is_a_drop_with_its_reason(ran: Ran) -> None:
    drops = ran.rows("files", "SELECT item_id, reason FROM current_drops WHERE stage = 'documents'")
    assert dict(drops.to_numpy().tolist()) == SKIPPED
    away = ran.rows("away", "SELECT item_id, reason FROM current_drops WHERE stage = 'documents'")
    assert list(away["reason"]) == ["outside_root"]


@pytest.mark.parametrize("corpus", CORPORA)
def test_a_corpus_of_an_odd_name_or_by_a_link_inside_is_a_corpus(ran: Ran, corpus: str) -> None:
    documents = ran.rows(corpus, "SELECT document_id, text FROM current_documents")
    assert documents.to_numpy().tolist() == [["inner.txt", INSIDE]]


def test_the_corpora_of_the_workspace_are_exactly_these(ran: Ran) -> None:
    found = {path.name for path in (ran.project.workspace / "warehouse").glob("*.duckdb")}
    assert found == {f"{corpus_name(name)}.duckdb" for name in ("files", "away", *CORPORA)}


def test_what_links_and_hidden_names_hide_was_not_read(ran: Ran) -> None:
    assert "Danube" in ran.requests
    for secret in ("Outside Canary", "Amelia Rey", CANARY_KEY):
        assert not holds(ran.requests, secret)
        assert places_of([secret], ran.project.workspace) == []
        assert not [r for r in ran.results if holds(r.stdout + r.stderr, secret)]


@pytest.mark.parametrize("corpus", ["..", "../files", "/etc", "files/../..", "..foo", "away/secret.txt"])
def test_a_corpus_named_by_a_path_is_none(ran: Ran, corpus: str) -> None:
    result = ran.project.call("run", f"--corpus={corpus}")
    assert result.exit_code == 1
    assert "There is no corpus" in result.stderr
    assert snapshot(ran.base, ran.project.workspace) == ran.before
