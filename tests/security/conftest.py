"""The attacked project, which most tests here look at: made once, by real runs."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kg_assets.ingest.corpora import corpus_name
from tests.pipeline.project import CANARY_KEY, ENGLISH, EVENTS_IN_MEMORY, Project, Result
from tests.security.attacks import CORPUS_FOLDER, DOCUMENT_NAMES, HARMLESS, UNREADABLE_NAME, order_document
from tests.security.hostile_model import HostileModel
from tests.security.looking import duckdb_tables, snapshot

BYSTANDER = "bystander"
CANARY_SETTING = "canary-setting-71c3d5"


@dataclass(frozen=True)
class State:
    """What must be the same before and after an attack on another corpus."""

    around: dict[str, object]
    tables: dict[str, bytes]
    database: bytes
    exports: dict[str, bytes]
    graph: dict[str, Any]


@dataclass(frozen=True)
class Attacked:
    """The project `bystander` before and after the run of the attacked corpus `project`.

    `base` is a folder some levels above; `requests` are what the models were asked in the attacked run.
    """

    base: Path
    project: Project
    before: State
    after: State
    graph: dict[str, Any]
    run: Result
    requests: list[dict[str, Any]]


@pytest.fixture(scope="session")
def hostile_model() -> Iterator[HostileModel]:
    """A model that obeys documents."""
    with HostileModel() as server:
        assert isinstance(server, HostileModel)
        yield server


@pytest.fixture(scope="session")
def attacked(tmp_path_factory: pytest.TempPathFactory, hostile_model: HostileModel) -> Attacked:
    base = tmp_path_factory.mktemp("attacked")
    folder = base / "some" / "levels" / "below" / "project"
    folder.mkdir(parents=True)
    bystander = Project(folder, corpus=BYSTANDER)
    home = bystander.workspace / "dagster"
    home.mkdir(parents=True)
    (home / "dagster.yaml").write_text(EVENTS_IN_MEMORY)  # quicker
    project = Project(folder, corpus=corpus_name(CORPUS_FOLDER))
    project.documents.rmdir()
    documents = folder / "documents" / CORPUS_FOLDER
    documents.mkdir()
    for each in (bystander, project):
        each.use_models(hostile_model)
    bystander.configure(
        comprehension={"statements": 1},
        chunking={"max_tokens": 20_000},
        export={"system_prompt": CANARY_SETTING},
    )
    (folder / ".env").write_text(f"OPENAI_API_KEY={CANARY_KEY}\n")
    bystander.write("jupiter.txt", ENGLISH)
    (documents / "orders.md").write_text(order_document(), "utf-8")
    for number, name in enumerate(DOCUMENT_NAMES):
        (documents / name).parent.mkdir(exist_ok=True)
        # Equal files would be one document of several sources.
        (documents / name).write_text(HARMLESS + "\n" * number, "utf-8")
    (documents / UNREADABLE_NAME).write_bytes(b"\x89PNG")

    with project.graph() as graph:
        first = bystander.call("run", "--corpus", BYSTANDER)
        assert first.exit_code == 0, first.stderr
        before = _state(base, bystander, graph.dump(BYSTANDER))
        asked = hostile_model.count()
        run = project.call("run", "--corpus", project.corpus)
        assert run.exit_code == 0, run.stderr
        after = _state(base, bystander, graph.dump(BYSTANDER))
        dump = graph.dump(project.corpus)
    return Attacked(base, project, before, after, dump, run, hostile_model.requests()[asked:])


def _state(base: Path, project: Project, graph: dict[str, Any]) -> State:
    path = project.warehouse.path
    return State(
        around=snapshot(base, project.workspace),
        tables=dict(duckdb_tables(path)),
        database=path.read_bytes(),
        exports=project.export_bytes(),
        graph=graph,
    )
