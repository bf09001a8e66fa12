"""Chunks and pairs have tags of a tree that stays while the corpus grows a little; off, all is as ever."""

import json
from collections import Counter
from typing import Any

import pytest
import yaml

from resources.embedded.graph_server import GraphLease
from tests.fake_model_server import FakeModelServer
from tests.pipeline.conftest import NewProject
from tests.pipeline.project import Project

NAMES = ("Avon", "Boyne", "Clyde", "Douro", "Elbe", "Foyle", "Garonne", "Humber", "Isere", "Jordan")
SETTINGS: dict[str, Any] = {"comprehension": {"enabled": False}, "qa": {"forms": ["atomic"]}}
MODEL: dict[str, Any] = {"source": "model"}
STAGES = ("topics", "taxonomy", "chunk_tags", "tagged_qa")


def _river(name: str) -> str:
    text = f"The {name} rises near {name} Hill. Many salmon of {name} Water swim to Port {name}."
    return f"# The {name}\n\n{text}\n"


@pytest.fixture(scope="module")
def made(new_project: NewProject, model_server_process: FakeModelServer, graph_server: GraphLease) -> Project:
    model_server_process.reset()
    return new_project("taxonomy", server=graph_server, trainee=False)


@pytest.fixture
def project(made: Project) -> Project:
    """The project of all tests here, with the first documents alone."""
    for path in made.documents.iterdir():
        path.unlink()
    for name in NAMES:
        made.write(f"{name}.md", _river(name))
    return made


def _run(project: Project, taxonomy: dict[str, Any], **export: Any) -> dict[str, dict[str, Any]]:
    project.configure(**SETTINGS, taxonomy=taxonomy, export=export)
    stages = project.run().stages
    assert all(s["rows_in"] == s["new"] + s["reused"] + s["dropped"] for s in stages.values())
    return stages


def _tree(project: Project) -> dict[str, list[str]]:
    loaded: dict[str, list[str]] = yaml.safe_load((project.exports / "taxonomy.yaml").read_text("utf-8"))
    return loaded


def _chunk_tags(project: Project) -> dict[str, str]:
    rows = project.frame(
        "SELECT c.document_id, t.tag FROM current_chunk_tags t JOIN current_chunks c USING (chunk_id)"
    )
    return dict(rows.itertuples(index=False, name=None))


def test_a_dry_run_counts_the_requests(project: Project, model_server_process: FakeModelServer) -> None:
    _run(project, {"source": "off"})
    project.configure(**SETTINGS, taxonomy=MODEL)
    asked = model_server_process.count()
    planned = _planned(project)
    assert model_server_process.count() == asked
    assert planned["topics"]["exact"]
    assert not planned["chunk_tags"]["exact"]
    assert planned["topics"]["pending"] == planned["topics"]["rows"] > 0
    assert planned["qa_atomic"]["exact"]
    stages = _run(project, MODEL)
    assert stages["topics"]["calls"] == planned["topics"]["calls"]
    assert {stage: planned[stage]["pending"] for stage in STAGES[:3] if (planned := _planned(project))} == {
        "topics": 0,
        "taxonomy": 0,
        "chunk_tags": 0,
    }


def test_two_documents_added_one_after_the_other_keep_the_tree_and_most_requests(project: Project) -> None:
    _run(project, MODEL)
    tree, before = _tree(project), _chunk_tags(project)
    tags = {f"{first} > {second}" for first, below in tree.items() for second in below}
    assert {tag for tag in before.values() if tag} <= tags
    assert len(before) == len(NAMES)
    for name in ("Kennet", "Liffey"):
        project.write(f"{name}.md", _river(name))
        stages = _run(project, MODEL)
        assert (stages["topics"]["calls"], stages["taxonomy"]["calls"]) == (0, 0)
        assert 1 <= stages["chunk_tags"]["calls"] <= 3
        assert _tree(project) == tree
        after = _chunk_tags(project)
        assert f"{name}.md" in after
        assert {document: after[document] for document in before} == before
    assert sum(stage["calls"] + stage["new"] for stage in _run(project, MODEL).values()) == 0


def test_a_corpus_that_has_changed_more_gets_a_tree_anew_and_back_again_the_old_one(project: Project) -> None:
    _run(project, MODEL)
    tree, files = _tree(project), project.export_bytes("report.html")
    for name in ("Kennet", "Liffey", "Mersey", "Neva"):
        project.write(f"{name}.md", _river(name))
    stages = _run(project, MODEL)
    assert stages["taxonomy"]["calls"] > 0
    assert _tree(project) != tree
    for name in ("Kennet", "Liffey", "Mersey", "Neva"):
        (project.documents / f"{name}.md").unlink()
    assert sum(stage["calls"] for stage in _run(project, MODEL | {"rebuild_share": 0.2}).values()) == 0
    assert _tree(project) == tree
    assert project.export_bytes("report.html") == files


def test_with_a_rebuild_share_of_zero_history_does_not_count(
    project: Project, new_project: NewProject
) -> None:
    function = MODEL | {"rebuild_share": 0}
    project.write("Kennet.md", _river("Kennet"))
    _run(project, function)
    (project.documents / "Kennet.md").unlink()
    _run(project, function)
    fresh = new_project("fresh_taxonomy", server=project.server, trainee=False)
    for name in NAMES:
        fresh.write(f"{name}.md", _river(name))
    _run(fresh, function)
    assert _tree(fresh) == _tree(project)
    assert fresh.lineage() == project.lineage()


def test_a_generated_tree_can_be_edited_and_given_back(project: Project) -> None:
    _run(project, MODEL)
    files = project.export_bytes("report.html")
    (project.folder / "tags.yaml").write_bytes((project.exports / "taxonomy.yaml").read_bytes())
    stages = _run(project, {"source": "tags.yaml"})
    assert stages["topics"]["rows_in"] == 0
    assert stages["chunk_tags"]["calls"] == 0
    assert project.export_bytes("report.html") == files
    (project.folder / "tags.yaml").write_text("Rivers: [Salmon, Boats]\n")
    assert "tags in the file" in str(project.call("status", "--json").json)
    assert _run(project, {"source": "tags.yaml"})["chunk_tags"]["calls"] > 0
    assert set(_chunk_tags(project).values()) == {"Rivers > Salmon"}
    assert {line["tag"] for line in project.lineage()} == {"Rivers > Salmon"}


def test_each_pair_has_the_tag_of_its_text_in_lineage_and_training_files(project: Project) -> None:
    _run(project, MODEL)
    by_document = _chunk_tags(project)
    lineage = project.lineage()
    for line in lineage:
        assert line["tag"] in {by_document[e["document"]] or None for e in line["evidence"]}
    for name in ("alpaca", "sharegpt"):
        rows = json.loads((project.exports / f"{name}.json").read_text("utf-8"))
        assert [row["tag"] for row in rows] == [line["tag"] or "" for line in lineage]
    assert '"tag"' not in (project.exports / "chatml.jsonl").read_text("utf-8")
    assert "By tag" in (project.exports / "report.html").read_text("utf-8")


def test_balancing_leaves_out_what_is_too_much_of_a_tag_and_says_so(project: Project) -> None:
    (project.folder / "tags.yaml").write_text("Rivers: [Salmon]\nPorts: []\n")
    own = {"source": "tags.yaml"}
    _run(project, own)
    everything = {line["qa_id"]: line for line in project.lineage()}
    stages = _run(project, own, balance="tag", max_share=0.25)
    exported = {line["qa_id"] for line in project.lineage()}
    times = Counter(str(line["tag"]).partition(" > ")[0] for line in project.lineage() if line["tag"])
    assert max(times.values()) <= len(everything) * 0.25
    left_out = project.frame("SELECT item_id, reason, raw FROM current_drops WHERE stage = 'tagged_qa'")
    assert stages["tagged_qa"]["dropped"] == len(left_out) > 0
    assert exported | set(left_out["item_id"]) == everything.keys()
    assert set(left_out["reason"]) == {"over_max_share"}
    assert all(everything[row.item_id]["question"] in row.raw for row in left_out.itertuples())
    assert "left out, as" in (project.exports / "report.html").read_text("utf-8")
    assert _run(project, own)["tagged_qa"]["dropped"] == 0
    assert {line["qa_id"] for line in project.lineage()} == everything.keys()


def test_off_again_the_files_are_as_they_were(project: Project) -> None:
    off = _run(project, {"source": "off"})
    assert all(off[stage]["rows_in"] == 0 for stage in STAGES)
    files = project.export_bytes("report.html")
    assert "taxonomy.yaml" not in files
    assert b'"tag"' not in files["lineage.jsonl"]
    _run(project, MODEL)
    _run(project, {"source": "off"})
    assert project.export_bytes("report.html") == files
    assert "By tag" not in (project.exports / "report.html").read_text("utf-8")


def _planned(project: Project) -> dict[str, dict[str, Any]]:
    (report,) = project.call("run", "--dry-run", "--json").json
    return {stage["stage"]: stage for stage in report["stages"]}


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"taxonomy": {"source": "none.yaml"}}, "none.yaml does not exist: check taxonomy.source"),
        ({"export": {"balance": "tag"}}, "export.balance is tag, but there are no tags"),
    ],
)
def test_what_is_wrong_stops_the_run_before_anything_is_asked(
    project: Project, model_server_process: FakeModelServer, settings: dict[str, Any], sentence: str
) -> None:
    project.configure(**SETTINGS, **settings)
    before = model_server_process.count()
    result = project.call("run")
    assert result.exit_code != 0
    assert sentence in " ".join(result.stderr.split())
    assert model_server_process.count() == before
