"""A run after a change of settings exports what a fresh workspace would: nothing stale stays in the files."""

from pathlib import Path
from typing import Any

import pytest

from kg_assets.stages import STAGES
from resources.embedded.graph_server import GraphLease
from tests.fake_model_server import FakeModelServer
from tests.pipeline.conftest import NewProject
from tests.pipeline.project import CHINESE, ENGLISH, Project

BEFORE: dict[str, Any] = {"comprehension": {"statements": 1}}
CHANGES: dict[str, dict[str, Any]] = {
    "documents.max_megabytes": {"documents": {"max_megabytes": 0.0002}},
    "chunking.max_tokens": {"chunking": {"max_tokens": 32, "overlap_tokens": 0}},
    "chunking.resolve_coreference": {"chunking": {"resolve_coreference": True}},
    "extraction.max_relations": {"extraction": {"max_relations": 1}},
    "extraction.language": {"extraction": {"language": "en"}},
    "entities.resolve": {"entities": {"resolve": "off"}},
    "taxonomy.source": {"taxonomy": {"source": "model", "first_level": [1, 3], "second_level": [1, 3]}},
    "comprehension.enabled": {"comprehension": {"enabled": False}},
    "comprehension.statements": {"comprehension": {"statements": 2}},
    "traverse_strategy.max_extra_edges": {"traverse_strategy": {"max_extra_edges": 0}},
    "traverse_strategy.isolated_node_strategy": {"traverse_strategy": {"isolated_node_strategy": "ignore"}},
    "traverse_strategy.qa_form": {"traverse_strategy": {"qa_form": "atomic"}},
    "qa.forms": {"qa": {"forms": ["aggregated"]}},
    "export.formats": {"export": {"formats": ["chatml"]}},
    "export.system_prompt": {"export": {"system_prompt": "Be brief."}},
    "models.synthesizer.temperature": {"models": {"synthesizer": {"temperature": 0.5}}},
}


@pytest.fixture(scope="module")
def made(new_project: NewProject, model_server_process: FakeModelServer, graph_server: GraphLease) -> Project:
    model_server_process.reset()
    project = new_project("changed", server=graph_server)
    project.write("jupiter.txt", ENGLISH)
    project.write("tea.md", CHINESE)
    project.configure(**BEFORE)
    project.run()
    return project


@pytest.mark.parametrize("setting", CHANGES)
def test_a_changed_run_exports_what_a_fresh_one_does(made: Project, setting: str, tmp_path: Path) -> None:
    """After a run under whatever settings were tried last."""
    made.configure(**BEFORE | CHANGES[setting])
    made.run()
    changed = made.export_bytes("report.html")  # what it says of cost is of all runs
    made.run("--workspace", str(tmp_path))
    fresh = tmp_path / "exports" / made.corpus
    assert changed == {
        path.name: path.read_bytes() for path in sorted(fresh.iterdir()) if path.name != "report.html"
    }


def test_pairs_of_a_form_that_is_no_longer_asked_for_leave_the_exports(made: Project) -> None:
    made.configure(**BEFORE)
    made.run()
    assert {row["form"] for row in made.lineage()} == {"atomic", "aggregated", "multi_hop"}
    made.configure(**BEFORE | CHANGES["traverse_strategy.qa_form"])
    made.run()
    assert {row["form"] for row in made.lineage()} == {"atomic"}


def test_the_report_names_the_settings_of_now(made: Project) -> None:
    made.configure(**BEFORE)
    made.run()
    made.configure(**BEFORE | {"traverse_strategy": {"max_depth": 7}})
    made.run()
    assert b"depth 7" in made.export_bytes()["report.html"]


def test_changes_of_all_sections_are_tried() -> None:
    """Of the sections whose settings can change what is exported."""
    sections = {path.partition(".")[0] for stage in STAGES for path in stage.settings}
    assert sections <= {setting.partition(".")[0] for setting in CHANGES}
