"""One more form, gate that asks a model, gate over all pairs, format and reader, each defined in
`tests/extension` alone and added to its table, go through the whole pipeline without one more edit."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from resources.embedded.graph_server import lease_graph
from tests.extension.cards import CARDS
from tests.extension.definition import DEFINITION
from tests.extension.plain import PLAIN
from tests.extension.same_answer import SAME_ANSWER
from tests.fake_model_server import FakeModelServer
from tests.pipeline.project import ENGLISH, Project

EXTENDED = [sys.executable, "-m", "tests.extension"]
MOONS = "[Jupiter]\nmoon = Ganymede orbits Jupiter, and Europa orbits Jupiter too.\n"


@pytest.fixture(scope="module")
def extended(
    tmp_path_factory: pytest.TempPathFactory, model_server_process: FakeModelServer
) -> Iterator[Project]:
    """A project that uses all of them."""
    with lease_graph(tmp_path_factory.mktemp("graph_server")) as lease:
        project = Project(tmp_path_factory.mktemp("extended"), server=lease)
        project.use_models(model_server_process)
        project.write("galileo.md", ENGLISH)
        project.write("moons.ini", MOONS)
        project.configure(qa={"forms": ["atomic", "definition"]}, export={"formats": ["alpaca", "cards"]})
        yield project


def called(project: Project, *arguments: str) -> Any:
    """What a command prints, as JSON."""
    done = subprocess.run(
        [*EXTENDED, *arguments, "--json"],
        cwd=project.folder,
        env=project.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def rows(project: Project, sql: str) -> pd.DataFrame:
    """Rows of the warehouse as a user's own shell shows them: this process lacks the lines of the tables, and
    would put its own views in place of theirs."""
    with duckdb.connect(str(project.warehouse.path), read_only=True) as connection:
        return connection.execute(sql).df()


@pytest.fixture(scope="module")
def foreseen(extended: Project) -> dict[str, Any]:
    """What a dry run said before the first run, by stage."""
    return {stage["stage"]: stage for stage in called(extended, "run", "--dry-run")[0]["stages"]}


@pytest.fixture(scope="module")
def ran(extended: Project, foreseen: dict[str, Any]) -> dict[str, Any]:
    """The stages of the first run."""
    stages: dict[str, Any] = called(extended, "run")["stages"]
    return stages


def test_the_dry_run_expects_them(foreseen: dict[str, Any]) -> None:
    assert foreseen["qa_definition"]["calls"] > 0
    assert foreseen["plain_verdicts"]["calls"] > 0


def test_they_are_assets_that_ran(ran: dict[str, Any]) -> None:
    assert ran["qa_definition"]["new"] > 0
    assert ran["plain_verdicts"]["calls"] > 0
    assert ran["comparison_verdicts"]["new"] > 0


@pytest.mark.usefixtures("ran")
def test_the_reader_made_a_document(extended: Project) -> None:
    (document,) = rows(extended, "FROM current_documents WHERE document_id = 'moons.ini'").to_dict("records")
    assert document["text"].startswith("# Jupiter\n\n- moon: Ganymede")
    assert json.loads(document["metadata"])["sections"] == ["Jupiter"]


@pytest.mark.usefixtures("ran")
def test_the_pairs_are_in_the_table_of_all_forms_with_their_details(extended: Project) -> None:
    pairs = rows(extended, "FROM current_qa_pairs WHERE form = 'definition'").to_dict("records")
    assert pairs
    for pair in pairs:
        name = json.loads(pair["details"])["name"]
        assert pair["question"] in (f"What is {name}?", f"{name}是什么？")
    assert len(pairs) == len(rows(extended, "FROM current_qa_definition"))


@pytest.mark.usefixtures("ran")
def test_both_gates_have_a_verdict_on_every_pair_and_an_exempt_form_is_left_alone(extended: Project) -> None:
    curated = set(rows(extended, "SELECT qa_id FROM current_curated_qa")["qa_id"])
    verdicts = rows(extended, "FROM current_verdicts")
    asked, compared = (verdicts[verdicts["gate"] == gate] for gate in ("plain", "same_answer"))
    assert curated <= set(asked["qa_id"])
    assert curated <= set(compared["qa_id"])
    assert set(asked["outcome"]) == {"pass"}
    assert set(asked["score"]) == {1.0}
    # The fake model has one text for an unknown schema: all definitions are the same, flagged, not stopped.
    flagged = compared[compared["outcome"] == "flag"]
    assert len(flagged) > 1
    assert set(flagged["qa_id"]) <= curated
    forms = rows(extended, "SELECT qa_id, form FROM current_qa_pairs").set_index("qa_id")["form"]
    assert set(verdicts[verdicts["gate"] == "empty"]["qa_id"].map(forms)) == {"atomic"}
    assert "definition" in set(verdicts[verdicts["gate"] == "about_nothing"]["qa_id"].map(forms))


@pytest.mark.usefixtures("ran")
def test_the_format_wrote_its_files_and_the_others_have_the_pairs_too(extended: Project) -> None:
    lines = (extended.exports / "cards.tsv").read_text("utf-8").splitlines()
    note = (extended.exports / "cards-note.txt").read_text("utf-8")
    assert note == f"{len(lines)} cards about {extended.corpus}\n"
    definitions = [pair for pair in extended.lineage() if pair["form"] == "definition"]
    assert len(lines) == len(definitions) > 0
    assert all(pair["evidence"] for pair in definitions)
    assert not (extended.exports / "chatml.json").exists()


@pytest.mark.usefixtures("ran")
def test_status_costs_and_report_name_them(extended: Project) -> None:
    status = {stage["stage"]: stage for stage in called(extended, "status")[0]["stages"]}
    assert status["qa_definition"]["rows"] > 0
    assert status["plain_verdicts"]["calls"] > 0
    assert {stage["freshness"] for stage in status.values()} == {"fresh"}
    costs = rows(extended, "SELECT stage, calls FROM cost_by_stage").set_index("stage")["calls"]
    assert costs["qa_definition"] > 0
    assert costs["plain_verdicts"] > 0
    assert "definition" in set(rows(extended, "SELECT form FROM cost_by_pair WHERE own_tokens > 0")["form"])
    report = (extended.exports / "report.html").read_text("utf-8")
    gates = (PLAIN.description, SAME_ANSWER.description)
    for said in (DEFINITION.title, *gates, *CARDS.owned, "moons.ini"):
        assert said in report, said


@pytest.mark.usefixtures("ran")
def test_nothing_is_made_again_and_without_them_they_are_gone(extended: Project) -> None:
    again = called(extended, "run")["stages"]
    assert sum(stage["new"] + stage["calls"] for stage in again.values()) == 0
    extended.configure(qa={"forms": ["atomic"]}, export={"formats": ["alpaca"]})
    called(extended, "run")
    assert {pair["form"] for pair in extended.lineage()} == {"atomic"}
    assert not (extended.exports / "cards.tsv").exists()
    assert not (extended.exports / "cards-note.txt").exists()


def test_settings_and_docs_name_them_where_they_are_added(tmp_path: Path) -> None:
    script = (
        "import tests.extension.__main__\n"
        "import kg_assets.stages\n"
        "from docs.generate.settings import settings_as_markdown\n"
        "from docs.generate.stages import stage_table, stages_as_markdown\n"
        "print(settings_as_markdown('en'), stages_as_markdown(stage_table()))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=Path(__file__).parents[1], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    for said in ("`definition`", "`cards`", "qa_definition", "plain_verdicts"):
        assert said in done.stdout, said
