"""A change recomputes exactly what depends on it: settings, models, a prompt, the schema of an answer, the
version of a stage."""

import shutil
import string
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import kg_assets.comprehension.plan as comprehension_plan
import kg_assets.synthesis.forms.multi_hop as multi_hop
from kg_assets.stage import prompts
from kg_assets.stages import BY_NAME, NAMES
from resources.embedded.graph_server import GraphLease
from tests.fake_model_server import FakeModelServer
from tests.pipeline.conftest import NewProject
from tests.pipeline.project import CHINESE, CODE_ROOT, ENGLISH, Project

SETTINGS: dict[str, Any] = {"comprehension": {"statements": 1}}
ASKING = {"claims", "statements", "judgements", "qa_atomic", "qa_aggregated", "qa_multi_hop"}
WRITING = ASKING - {"judgements"}
FILES = {"sft_datasets", "graph_export", "report"}


@pytest.fixture(scope="module")
def made(new_project: NewProject, model_server_process: FakeModelServer, graph_server: GraphLease) -> Project:
    model_server_process.reset()
    project = new_project("recomputed", server=graph_server)
    project.write("jupiter.txt", ENGLISH)
    project.write("tea.md", CHINESE)
    project.configure(**SETTINGS)
    project.run()
    return project


def _made_anew(project: Project) -> set[str]:
    return {stage for stage, counts in project.run().stages.items() if counts["new"]}


def _and_back(project: Project) -> None:
    """What was there before is there still: going back asks nobody."""
    project.configure(**SETTINGS)
    assert sum(counts["calls"] for counts in project.run().stages.values()) == 0


@pytest.mark.parametrize(
    ("change", "surely", "perhaps"),
    [
        ({"chunking": {"max_tokens": 32, "overlap_tokens": 0}}, {"chunks", "claims"}, set(NAMES[3:])),
        ({"chunking": {"strategy": "recursive"}}, {"chunks"}, {"report"}),  # the same texts: the rest stays
        ({"extraction": {"entity_types": ["moon"]}}, {"claims"}, set(NAMES[3:])),
        ({"models": {"synthesizer": {"temperature": 0.5}}}, WRITING, {"curated_qa", "report"}),
        ({"models": {"trainee": {"revision": "tuned"}}}, {"judgements", "comprehension"}, FILES),
        ({"models": {"trainee": {"temperature": 0.5}}}, {"judgements", "comprehension"}, FILES),
        ({"export": {"system_prompt": "Be brief."}}, {"sft_datasets", "report"}, set()),
        ({"qa": {"forms": ["atomic"]}}, {"sft_datasets", "report"}, set()),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_setting(made: Project, change: dict[str, Any], surely: set[str], perhaps: set[str]) -> None:
    made.configure(**SETTINGS | change)
    anew = _made_anew(made)
    assert surely <= anew <= surely | perhaps
    _and_back(made)


def test_a_prompt(made: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    template: Callable[..., string.Template] = prompts._template

    def edited(group: str, task: str, language: str) -> string.Template:
        found = template(group, task, language)
        return string.Template(f"{found.template}\nBe kind.") if task == "atomic" else found

    with monkeypatch.context() as patch:
        patch.setattr(prompts, "_template", edited)
        anew = _made_anew(made)
    assert {"qa_atomic"} <= anew <= {"qa_atomic", "curated_qa", *FILES}
    _and_back(made)


def test_the_schema_of_an_answer(made: Project, tmp_path: Path) -> None:
    for package in ("dagster_project", "kg_assets", "resources", "sensors"):
        shutil.copytree(CODE_ROOT / package, tmp_path / package)
    changed = tmp_path / "kg_assets" / "synthesis" / "forms" / "atomic.py"
    schema = 'text_schema("AtomicQa", question=400'
    assert schema in changed.read_text()
    changed.write_text(changed.read_text().replace(schema, schema.replace("400", "399")))

    (status,) = made.process("status", "--json", PYTHONPATH=str(tmp_path)).json
    assert {stage["freshness"] for stage in status["stages"]} == {"graphtutor's code changed"}
    result = made.process("run", "--json", PYTHONPATH=str(tmp_path))
    assert result.exit_code == 0, result.stderr
    anew = {stage for stage, counts in result.stages.items() if counts["new"]}
    assert {"qa_atomic"} <= anew <= {"qa_atomic", "curated_qa", *FILES}
    _and_back(made)


@pytest.mark.parametrize(
    ("stage", "module", "name"),
    [
        ("statements", comprehension_plan, "STATEMENTS_VERSION"),
        ("qa_multi_hop", multi_hop, "MULTI_HOP_VERSION"),
    ],
)
def test_the_version_of_a_stage(
    made: Project, monkeypatch: pytest.MonkeyPatch, stage: str, module: ModuleType, name: str
) -> None:
    record = BY_NAME[stage]
    before = record.version
    with monkeypatch.context() as patch:
        patch.setattr(module, name, "next")
        object.__setattr__(record, "version", "next")
        try:
            anew = _made_anew(made)
        finally:
            object.__setattr__(record, "version", before)
    assert anew == {stage}
    _and_back(made)
