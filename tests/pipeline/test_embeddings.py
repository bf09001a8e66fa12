"""Names in two languages are one entity where vectors bring them together and the synthesizer agrees."""

from typing import Any

import pytest

from kg_assets.domain import entity_id
from resources.embedded.graph_server import GraphLease
from tests.fake_model_server import FakeModelServer
from tests.pipeline.conftest import NewProject
from tests.pipeline.project import Project

ENGLISH = "Kestrel Orbiter was built by Harrow Works. Kestrel Orbiter carries Lumen Camera.\n"
CHINESE = "《红隼号》由《哈罗机械厂》建造。《红隼号》飞往《土星》。\n"
SYNONYMS = [["Kestrel Orbiter", "红隼号"]]
BOTH = {entity_id(name) for name in SYNONYMS[0]}
STAGE = "entity_embeddings"
SETTINGS: dict[str, Any] = {
    "comprehension": {"statements": 1},
    "extraction": {"entity_types": ["thing"]},
    "entities": {"resolve": "model"},
}


@pytest.fixture(scope="module")
def project(
    new_project: NewProject, model_server_process: FakeModelServer, graph_server: GraphLease
) -> Project:
    model_server_process.reset()
    model_server_process.configure(synonyms=SYNONYMS)
    made = new_project("embeddings", server=graph_server, trainee=False)
    made.use_embedder(model_server_process)
    made.configure(**SETTINGS)
    return made


def _run(project: Project, *, chinese: bool = True) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    """The stages and the graph's dump after a run on both documents, or on the English one."""
    project.write("orbiter.txt", ENGLISH)
    project.write("zh.txt", CHINESE) if chinese else (project.documents / "zh.txt").unlink(missing_ok=True)
    stages = project.run().stages
    assert all(s["rows_in"] == s["new"] + s["reused"] + s["dropped"] for s in stages.values())
    with project.graph() as graph:
        return stages, graph.dump(project.corpus)


def _entities(graph: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {node["id"]: node for node in graph["nodes"]["Entity"]}


def _asked(server: FakeModelServer, before: int) -> list[dict[str, Any]]:
    """Embedding requests since there were `before` requests."""
    return [body for body in server.bodies()[before:] if "input" in body]


def test_what_only_vectors_bring_together_is_joined_and_parted_again(
    project: Project, model_server_process: FakeModelServer
) -> None:
    stages, apart = _run(project, chinese=False)
    assert stages[STAGE]["rows_in"] == stages[STAGE]["calls"] == len(_asked(model_server_process, 0)) > 0
    _, together = _run(project)
    (kept,) = BOTH & _entities(together).keys()
    node = _entities(together)[kept]
    assert {node["name"], *node["aliases"]} == set(SYNONYMS[0])
    (alias,) = project.frame("SELECT * FROM current_entity_aliases").itertuples()
    assert alias.method == "embedding"
    assert alias.evidence.startswith("cosine ")
    assert _run(project, chinese=False)[1] == apart
    assert _run(project)[1] == together


def test_a_pair_that_is_near_and_not_the_same_stays_apart(
    project: Project, model_server_process: FakeModelServer
) -> None:
    # Near each other for the embedder, but "unsure" for the synthesizer, which does not know them.
    model_server_process.configure(synonyms=[["Harrow Works", "哈罗机械厂"]])
    project.use_embedder(model_server_process, "another-embedder")
    model_server_process.configure(canned=[["哈罗机械厂", '{"answers":[{"id":1,"verdict":"unsure"}]}']])
    try:
        _run(project)
        pairs = project.frame("SELECT verdict FROM current_entity_pairs WHERE method = 'embedding'")
        assert set(pairs["verdict"]) == {"open"}
        assert len(project.frame("FROM current_entity_aliases")) == 0
    finally:
        model_server_process.configure(synonyms=SYNONYMS, canned=[])
        project.use_embedder(model_server_process)
    _run(project)
    assert len(project.frame("FROM current_entity_aliases")) == 1


def test_another_embedder_is_asked_anew_and_nobody_else(
    project: Project, model_server_process: FakeModelServer
) -> None:
    _, before = _run(project)
    count = model_server_process.count()
    project.configure(**SETTINGS, models={"embedder": {"revision": "r2"}})
    assert "embedder revision" in project.call("status").stdout
    (report,) = project.call("run", "--dry-run", "--json").json
    planned = {stage["stage"]: stage for stage in report["stages"]}
    assert model_server_process.count() == count
    stages, after = _run(project)
    asked = _asked(model_server_process, count)
    assert planned[STAGE]["exact"]
    assert planned[STAGE]["pending"] == len(asked) == stages[STAGE]["new"] > 0
    assert len(model_server_process.bodies()[count:]) == len(asked)
    assert all(s["new"] == 0 for stage, s in stages.items() if stage not in (STAGE, *FILES))
    assert after == before
    project.configure(**SETTINGS)


FILES = ("sft_datasets", "graph_export", "report")


def test_nothing_is_asked_again_and_a_replay_asks_nobody(
    project: Project, model_server_process: FakeModelServer
) -> None:
    _run(project)
    exported, count = project.export_bytes(), model_server_process.count()
    _run(project)
    assert model_server_process.count() == count
    project.warehouse.path.unlink()
    stages = project.run("--offline").stages
    assert model_server_process.count() == count
    assert stages[STAGE]["calls_from_store"] == stages[STAGE]["rows_in"] > 0
    assert project.export_bytes() == exported


def test_a_dead_embedder_stops_the_run_and_costs_nothing_that_was_paid(
    project: Project, model_server_process: FakeModelServer
) -> None:
    _run(project)
    project.write("more.txt", "Gyrfalcon circles Tethys. Gyrfalcon sends pictures to Padua.\n")
    project.variables["EMBEDDING_BASE_URL"] = "http://127.0.0.1:9/v1"
    failed = project.call("run")
    assert failed.exit_code == 1
    assert "EMBEDDING_BASE_URL" in failed.stderr
    project.use_embedder(model_server_process)
    (project.documents / "more.txt").unlink()
    _run(project)


def test_without_an_embedder_rules_and_requests_are_as_they_were(
    project: Project, new_project: NewProject, model_server_process: FakeModelServer
) -> None:
    _run(project)
    plain = new_project("plain", server=project.server, trainee=False)
    plain.configure(**SETTINGS)
    before = model_server_process.count()
    stages, graph = _run(plain)
    assert not _asked(model_server_process, before)
    assert stages[STAGE]["rows_in"] == 0
    assert _entities(graph).keys() >= BOTH
