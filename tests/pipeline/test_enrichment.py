"""Pages of an encyclopedia about what the documents name: their facts are marked, follow the documents, and
are left out where that is asked for."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from resources.embedded.graph_server import GraphLease
from tests.fake_model_server import FakeModelServer
from tests.fake_wiki import FakeWiki
from tests.pipeline.conftest import NewProject
from tests.pipeline.project import Project

EUROPA = "Europa orbits Jupiter.\n"
TEA = "Keemun is grown near Qimen.\n"
PAGES = (
    {
        "title": "Europa",
        "summary": "Europa hides Conamara Chaos. Europa was seen by Simon Marius.",
        "revision": 7,
    },
    {"title": "Jupiter", "summary": "Jupiter may also refer to Jupiter Hammon.", "description": "a name"},
    {"title": "Keemun", "summary": "Keemun came to London with Yu Ganchen.", "revision": 8},
    {"title": "Conamara Chaos", "summary": "Conamara Chaos was found by Voyager."},
)
URL = "https://en.wiki.test/wiki/Europa?oldid=7"
OFF = {"enrichment", "enrichment_claims"}


@pytest.fixture(scope="module")
def wiki() -> Iterator[FakeWiki]:
    with FakeWiki() as server:
        yield server


@pytest.fixture
def project(
    new_project: NewProject, fake_models: FakeModelServer, graph_server: GraphLease, wiki: FakeWiki
) -> Project:
    wiki.hold(*PAGES)
    made = new_project("enrichment", server=graph_server)
    made.write("moons.txt", EUROPA)
    configure(made, wiki)
    return made


def configure(project: Project, wiki: FakeWiki, enrich: bool = True, **export: Any) -> None:
    extraction = {"enrich": "wikipedia", "wikipedia": wiki.api} if enrich else {}
    project.configure(comprehension={"statements": 1}, extraction=extraction, export=export)


def origins(project: Project) -> dict[str, set[str]]:
    """By document that evidence is from, the origins that it is marked with."""
    found: dict[str, set[str]] = {}
    for pair in project.lineage():
        for evidence in pair["evidence"]:
            found.setdefault(evidence["document"], set()).add(evidence.get("origin", ""))
    return found


def graph_of(project: Project) -> Any:
    with project.graph() as graph:
        return graph.dump(project.corpus)


def test_facts_of_pages_are_marked_and_those_pages_name_are_not_looked_up(
    project: Project, wiki: FakeWiki
) -> None:
    stages = project.run().stages
    assert all(s["rows_in"] == s["new"] + s["reused"] + s["dropped"] for s in stages.values())
    assert (stages["enrichment"]["new"], stages["enrichment"]["dropped"]) == (1, 1)
    drops = project.frame("SELECT reason, raw FROM current_drops WHERE stage = 'enrichment'")
    assert drops.to_numpy().tolist() == [["no_match", "Jupiter"]]
    assert wiki.names() == ["Europa", "Jupiter"]
    assert origins(project) == {"moons.txt": {""}, URL: {"enrichment"}}
    nodes = graph_of(project)["nodes"]
    assert {"Conamara Chaos", "Simon Marius"} <= {node["name"] for node in nodes["Entity"]}
    (page,) = [node for node in nodes["Document"] if node["id"] == URL]
    assert '"kind": "enrichment"' in page["metadata_json"]
    marked = {"Conamara Chaos", "Simon Marius"}
    assert {node["name"] for node in nodes["Entity"] if node.get("origin") == "enrichment"} == marked
    file = json.loads((project.exports / "graph.json").read_text("utf-8"))
    assert {node["name"] for node in file["nodes"] if node.get("origin") == "enrichment"} == marked
    report = (project.exports / "report.html").read_text("utf-8")
    assert f"<bdi>{URL}</bdi>" in report
    europa = project.frame("SELECT description FROM current_units WHERE name = 'Europa'")
    assert "Conamara" not in europa["description"].iloc[0]  # the documents say what it is, in their words
    traced = project.call("trace", next(p["qa_id"] for p in project.lineage() if URL in str(p)))
    assert traced.exit_code == 0, traced.stderr
    assert "oldid=7" in traced.stdout

    again = project.run().stages
    assert sum(stage["calls"] for stage in again.values()) == 0
    assert wiki.names() == ["Europa", "Jupiter"]


def test_a_document_that_goes_takes_along_what_was_fetched_for_it(project: Project, wiki: FakeWiki) -> None:
    project.run()
    before, exports = graph_of(project), project.export_bytes("report.html")
    project.write("tea.txt", TEA)
    project.run()
    assert "Yu Ganchen" in {node["name"] for node in graph_of(project)["nodes"]["Entity"]}
    (project.documents / "tea.txt").unlink()
    project.run()
    assert graph_of(project) == before
    assert project.export_bytes("report.html") == exports


def test_pairs_that_rest_on_pages_can_be_left_out(project: Project, wiki: FakeWiki) -> None:
    project.run()
    everything = {pair["qa_id"] for pair in project.lineage()}
    of_pages = {pair["qa_id"] for pair in project.lineage() if URL in str(pair["evidence"])}
    configure(project, wiki, include_enrichment=False)
    stages = project.run().stages
    assert sum(stage["calls"] for stage in stages.values()) == 0
    assert {pair["qa_id"] for pair in project.lineage()} == everything - of_pages != everything
    assert origins(project) == {"moons.txt": {""}}
    drops = project.frame("SELECT DISTINCT reason FROM current_drops WHERE stage = 'curated_qa'")
    assert list(drops["reason"]) == ["looked_up"]
    assert set(project.frame("SELECT qa_id FROM cost_by_pair")["qa_id"]) == everything - of_pages
    configure(project, wiki)
    project.run()
    assert {pair["qa_id"] for pair in project.lineage()} == everything


def test_switched_off_again_all_is_as_if_it_had_never_been_on(project: Project, wiki: FakeWiki) -> None:
    configure(project, wiki, enrich=False)
    first = project.run().stages
    assert {first[stage]["rows_in"] for stage in OFF} == {0}
    assert wiki.requests() == []
    before, exports = graph_of(project), project.export_bytes("report.html")
    configure(project, wiki)
    project.run()
    assert project.export_bytes("report.html") != exports
    configure(project, wiki, enrich=False)
    project.run()
    assert graph_of(project) == before
    assert project.export_bytes("report.html") == exports


def test_an_encyclopedia_that_is_away_is_asked_again_by_the_next_run(
    project: Project, wiki: FakeWiki
) -> None:
    wiki.fail(status=503)
    assert project.run().stages["enrichment"]["dropped"] == 2
    assert origins(project) == {"moons.txt": {""}}
    wiki.hold(*PAGES)
    assert project.run().stages["enrichment"]["new"] == 1
    assert URL in origins(project)


def test_what_was_looked_up_is_enough_to_make_it_all_again(project: Project, wiki: FakeWiki) -> None:
    """A page that has been edited since is not another input."""
    project.run()
    exports = project.export_bytes("report.html")
    wiki.hold({**PAGES[0], "summary": "Europa is gone.", "revision": 99})
    project.warehouse.path.unlink()
    project.run("--offline")
    assert wiki.requests() == []
    assert project.export_bytes("report.html") == exports


def test_a_dry_run_counts_what_would_be_looked_up(project: Project, wiki: FakeWiki) -> None:
    configure(project, wiki, enrich=False)
    project.run()
    configure(project, wiki)
    (report,) = project.call("run", "--dry-run", "--json").json
    planned = {stage["stage"]: stage for stage in report["stages"]}
    assert (planned["enrichment"]["pending"], planned["enrichment"]["exact"]) == (2, True)
    assert planned["enrichment_claims"]["exact"] is False
    assert wiki.requests() == []
    (status,) = project.call("status", "--json", "--corpus", project.corpus).json
    stale = {stage["stage"]: stage["freshness"] for stage in status["stages"]}
    assert "extraction.enrich off → wikipedia" in stale["enrichment"]


def test_costs_of_looking_up_add_up(project: Project) -> None:
    project.run()
    total = project.frame("SELECT sum(calls) AS calls FROM cost_by_stage")["calls"].iloc[0]
    by_document = project.frame("SELECT document_id, calls FROM cost_by_document")
    assert by_document["calls"].sum() == pytest.approx(total)
    stages = set(project.frame("SELECT stage FROM cost_by_stage")["stage"])
    assert stages >= OFF
