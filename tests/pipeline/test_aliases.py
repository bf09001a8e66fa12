"""Two names of one thing are one entity as long as a document, a rule or the user's file says so."""

from typing import Any

import pytest

from kg_assets.domain import entity_id
from resources.embedded.graph_server import GraphLease
from tests.fake_model_server import FakeModelServer
from tests.pipeline.conftest import NewProject
from tests.pipeline.project import Project

ORBITER = "Kestrel Orbiter was built by Harrow Works. Kestrel Orbiter carries Lumen Camera.\n"
GYRFALCON = "Gyrfalcon circles Tethys. Gyrfalcon sends pictures to Padua.\n"
LINK = "Kestrel Orbiter, also known as Gyrfalcon, was renamed in Leeds.\n"
SETTINGS: dict[str, Any] = {"comprehension": {"statements": 1}, "extraction": {"entity_types": ["thing"]}}
LONG, SHORT = entity_id("Kestrel Orbiter"), entity_id("Gyrfalcon")


@pytest.fixture(scope="module")
def project(
    new_project: NewProject, model_server_process: FakeModelServer, graph_server: GraphLease
) -> Project:
    model_server_process.reset()
    made = new_project("aliases", server=graph_server)
    made.write("orbiter.txt", ORBITER)
    made.write("gyrfalcon.txt", GYRFALCON)
    return made


def _run(project: Project, aliases: str = "", link: bool = True, **entities: str) -> dict[str, Any]:
    """The graph's dump after a run."""
    project.write("link.txt", LINK) if link else (project.documents / "link.txt").unlink(missing_ok=True)
    (project.folder / "aliases.yaml").write_text(aliases)
    project.configure(**SETTINGS, entities=entities)
    stages = project.run().stages
    assert all(s["rows_in"] == s["new"] + s["reused"] + s["dropped"] for s in stages.values())
    with project.graph() as graph:
        return graph.dump(project.corpus)


def _dry(project: Project) -> dict[str, dict[str, Any]]:
    (report,) = project.call("run", "--dry-run", "--json").json
    return {stage["stage"]: stage for stage in report["stages"]}


def _entities(graph: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {node["id"]: node for node in graph["nodes"]["Entity"]}


def test_a_document_that_names_both_makes_them_one_and_its_removal_two_again(project: Project) -> None:
    apart = _run(project, link=False)
    assert {LONG, SHORT} <= _entities(apart).keys()
    together = _run(project)
    merged = _entities(together)
    assert SHORT not in merged or LONG not in merged
    (kept,) = {LONG, SHORT} & merged.keys()
    assert {merged[kept]["name"], *merged[kept]["aliases"]} == {"Kestrel Orbiter", "Gyrfalcon"}
    assert _run(project, link=False) == apart
    assert _run(project) == together


def test_the_merged_entity_has_the_evidence_and_relations_of_both(project: Project) -> None:
    _run(project)
    (row,) = project.frame("SELECT * FROM current_entity_aliases").itertuples()
    assert (row.method, row.evidence) == ("definition", "Kestrel Orbiter, also known as Gyrfalcon")
    evidence = {
        e["document"]
        for line in project.lineage()
        for e in line["evidence"]
        if row.canonical_id in line["units"]
    }
    assert {"orbiter.txt", "gyrfalcon.txt"} <= evidence
    names = project.frame("SELECT source, target FROM current_knowledge_graph WHERE kind = 'relation'")
    assert row.alias not in {*names["source"], *names["target"]}
    costs = project.frame("SELECT document_id FROM cost_by_document WHERE document_id IS NOT NULL")
    assert {"orbiter.txt", "gyrfalcon.txt", "link.txt"} <= set(costs["document_id"])


def test_the_graph_does_not_depend_on_how_it_came_about(project: Project, new_project: NewProject) -> None:
    changed = _run(project)
    fresh = new_project("fresh_aliases", server=project.server)
    for name, text in (("orbiter.txt", ORBITER), ("gyrfalcon.txt", GYRFALCON)):
        fresh.write(name, text)
    assert _strip(_run(fresh), fresh) == _strip(changed, project)


def _strip(graph: dict[str, Any], project: Project) -> str:
    return str(graph).replace(project.corpus, "corpus")


def test_the_users_file_wins_over_texts_and_rules(project: Project) -> None:
    apart = _entities(_run(project, "different: [[Gyrfalcon, Kestrel Orbiter]]"))
    assert {LONG, SHORT} <= apart.keys()
    joined = _entities(_run(project, "same: [[The Bird, gyrfalcon, Kestrel Orbiter]]", link=False))
    assert joined[entity_id("The Bird")]["name"] == "The Bird"
    assert not {LONG, SHORT} & joined.keys()


def test_off_leaves_every_name_by_itself_but_for_the_users_own(project: Project) -> None:
    assert {LONG, SHORT} <= _entities(_run(project, resolve="off")).keys()
    own = _entities(_run(project, "same: [[Gyrfalcon, Kestrel Orbiter]]", resolve="off"))
    assert own[SHORT]["aliases"] == ["Kestrel Orbiter"]


def test_a_changed_file_is_the_reason_that_status_gives(project: Project) -> None:
    _run(project)
    (project.folder / "aliases.yaml").write_text("different: [[Gyrfalcon, Kestrel Orbiter]]")
    shown = project.call("status", "--json").json
    assert "names in the file of aliases" in str(shown)


def test_open_pairs_go_to_the_model_once(project: Project, model_server_process: FakeModelServer) -> None:
    project.write("typo.txt", "Kestrel Orbitar passes Titan. Harrow Worcs makes Rivets.\n")
    _run(project)
    project.configure(**SETTINGS, entities={"resolve": "model"})
    before = model_server_process.count()
    planned = _dry(project)["entity_pairs"]
    assert planned["exact"]
    assert planned["pending"] == planned["rows"] > 0
    assert model_server_process.count() == before
    _run(project, resolve="model")
    asked = [body for body in model_server_process.bodies()[before:] if "EntityPairs" in str(body)]
    assert asked
    verdicts = project.frame("SELECT verdict FROM current_entity_pairs WHERE method = 'model'")
    assert len(verdicts) > 0
    assert len(asked) == planned["pending"]
    assert _dry(project)["entity_pairs"]["pending"] == 0
    before = model_server_process.count()
    _run(project, resolve="model")
    assert model_server_process.count() == before
    (project.documents / "typo.txt").unlink()


def test_a_wrong_file_stops_the_run_before_anything_is_asked(
    project: Project, model_server_process: FakeModelServer
) -> None:
    before = model_server_process.count()
    (project.folder / "aliases.yaml").write_text("same: [[Gyrfalcon, Falco], [Falco, Hawk]]")
    result = project.call("run")
    assert result.exit_code != 0
    assert "rows 1 and 2 of same: make one row of them" in " ".join(result.stderr.split())
    assert model_server_process.count() == before
