"""What a change costs, and that the result is that of a fresh start: documents, settings, models that change.

The changes are made one after the other to one project; each test looks at one of the runs.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from resources.embedded.graph_server import GraphLease
from tests.fake_model_server import FakeModelServer
from tests.pipeline.conftest import NewProject
from tests.pipeline.project import CHINESE, ENGLISH, Project, Result

CURIE = "Marie Curie found polonium in Paris. Pierre Curie worked with Marie Curie at the Sorbonne.\n"
EDITED = ENGLISH.replace("Ganymede was seen first by Galileo Galilei from Padua.", "Europa hides an Ocean.")
SETTINGS: dict[str, Any] = {
    "chunking": {"max_tokens": 32, "overlap_tokens": 0},
    "comprehension": {"statements": 1},
}
OTHER_TYPES = {**SETTINGS, "extraction": {"entity_types": ["body", "place"]}}
FINETUNED = {**OTHER_TYPES, "models": {"trainee": {"revision": "finetuned"}}}
MODEL_STAGES = ("claims", "statements", "judgements", "qa_atomic", "qa_aggregated", "qa_multi_hop")


@dataclass(frozen=True)
class Run:
    """A run, the requests that it made, and what stood there afterwards."""

    result: Result
    requests: list[dict[str, Any]]
    lineage: list[dict[str, Any]]
    graph: Mapping[str, Any]
    judgements: int

    @property
    def new(self) -> dict[str, int]:
        return {stage: counts["new"] for stage, counts in self.result.stages.items()}

    @property
    def asked(self) -> Counter[str]:
        """Requests by the model that was asked."""
        return Counter(request["model"] for request in self.requests)

    def mentions(self, word: str) -> bool:
        """Whether a fact with this word is anywhere in the graph or the exports."""
        return word in str(self.graph) or word in str(self.lineage)


Story = dict[str, Run]


@pytest.fixture(scope="module")
def story(new_project: NewProject, model_server_process: FakeModelServer, graph_server: GraphLease) -> Story:
    server = model_server_process
    server.reset()
    project, fresh = new_project("changing", server=graph_server), new_project("fresh", server=graph_server)

    def run(project: Project, settings: dict[str, Any], **files: str) -> Run:
        for old in project.documents.iterdir():
            old.unlink()
        for name, text in files.items():
            project.write(name.replace("_", "."), text)
        project.configure(**settings)
        before = server.count()
        result = project.run()
        with project.graph() as graph:
            dump = graph.dump(project.corpus)
        judgements = project.warehouse.scalar("SELECT count(*) FROM judgements")
        return Run(result, server.bodies()[before:], project.lineage(), dump, judgements)

    return {
        "first": run(project, SETTINGS, jupiter_txt=ENGLISH, tea_md=CHINESE, curie_txt=CURIE),
        "changed": run(project, SETTINGS, jupiter_txt=EDITED, tea_md=CHINESE),
        "fresh": run(fresh, SETTINGS, tea_md=CHINESE, jupiter_txt=EDITED),
        "other types": run(project, OTHER_TYPES, jupiter_txt=EDITED, tea_md=CHINESE),
        "finetuned": run(project, FINETUNED, jupiter_txt=EDITED, tea_md=CHINESE),
        "undone": run(project, SETTINGS, jupiter_txt=ENGLISH, tea_md=CHINESE, curie_txt=CURIE),
    }


def test_an_edit_costs_only_the_chunks_it_touched(story: Story) -> None:
    first, changed = story["first"], story["changed"]
    assert first.new["documents"] == 3
    assert changed.new["documents"] == changed.new["chunks"] == changed.new["claims"] == 1
    assert first.new["claims"] > 3
    for stage in MODEL_STAGES:
        assert 0 < changed.new[stage] < first.new[stage], stage
    assert 0 < len(changed.requests) < len(first.requests) / 2


def test_facts_of_text_that_is_gone_leave_graph_and_exports(story: Story) -> None:
    assert story["first"].mentions("Padua")
    assert not story["changed"].mentions("Padua")
    assert story["changed"].mentions("Europa")
    assert story["changed"].mentions("December 1995")


def test_a_removed_document_costs_nothing_and_leaves_nothing(story: Story) -> None:
    for word in ("polonium", "curie.txt"):
        assert story["first"].mentions(word)
        assert not story["changed"].mentions(word)
    assert "polonium" not in str(story["changed"].requests)


def test_after_changes_the_graph_is_that_of_a_fresh_start(story: Story) -> None:
    assert story["changed"].graph == story["fresh"].graph
    assert story["changed"].lineage == story["fresh"].lineage


def test_a_changed_setting_recomputes_what_depends_on_it(story: Story) -> None:
    changed = story["other types"]
    assert changed.new["documents"] == changed.new["chunks"] == 0
    assert changed.new["claims"] == changed.result.stages["claims"]["rows_in"]
    types = {node["type"] for node in changed.graph["nodes"]["Entity"]}
    assert types <= {"body", "place"}


def test_another_trainee_is_asked_anew_and_nobody_else(story: Story) -> None:
    run = story["finetuned"]
    new = run.new
    assert [
        stage for stage in ("documents", "chunks", "claims", "knowledge_graph", "statements") if new[stage]
    ] == []
    assert new["judgements"] > 0
    assert new["comprehension"] == run.result.stages["comprehension"]["rows_in"]
    assert set(run.asked) == {"fake-trainee"}


def test_old_judgements_stay_beside_the_new_ones(story: Story) -> None:
    before, after = story["other types"], story["finetuned"]
    assert after.judgements == before.judgements + after.new["judgements"]


def test_going_back_costs_nothing(story: Story) -> None:
    assert story["undone"].requests == []
    assert story["undone"].lineage == story["first"].lineage
    assert story["undone"].graph == story["first"].graph


def test_every_run_accounts_for_every_row(story: Story) -> None:
    for run in story.values():
        for stage in run.result.stages.values():
            assert stage["rows_in"] == stage["new"] + stage["reused"] + stage["dropped"]
