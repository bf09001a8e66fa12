"""What a corpus costs: divided up so that it adds up, and limited by a budget that is never exceeded."""

import re

import pytest

from tests.fake_model_server import FakeModelServer
from tests.pipeline.project import CHINESE, ENGLISH, Project

PRICES = {"prompt_usd_per_million": 1000.0, "completion_usd_per_million": 1.0}
PRICED = {
    "comprehension": {"statements": 1},
    "models": {"synthesizer": {**PRICES, "concurrency": 4}, "trainee": {**PRICES, "concurrency": 4}},
}


@pytest.fixture
def ready(quick_project: Project) -> Project:
    quick_project.write("jupiter.txt", ENGLISH)
    quick_project.write("tea.md", CHINESE)
    quick_project.configure(**PRICED)
    return quick_project


def _total(project: Project, view: str, column: str) -> float:
    return float(project.warehouse.scalar(f"SELECT fsum({column}) FROM {view}"))


def test_costs_by_stage_model_document_and_pair_add_up_to_the_bill(
    ready: Project, fake_models: FakeModelServer
) -> None:
    stages = ready.run().stages
    bill = sum(stage["cost_usd"] or 0.0 for stage in stages.values())
    # The probe of the trainee is a call as well, and belongs to no stage.
    probe = ready.warehouse.scalar("SELECT cost_usd FROM cost_by_stage WHERE stage = 'probe'")
    for view in ("cost_by_stage", "cost_by_model", "cost_by_document", "cost_by_pair"):
        assert _total(ready, view, "cost_usd") == pytest.approx(bill + probe)
    assert _total(ready, "cost_by_stage", "calls") == fake_models.count()
    for row in ready.frame("FROM cost_by_stage WHERE stage <> 'probe'").itertuples():
        assert stages[row.stage]["cost_usd"] == pytest.approx(row.cost_usd)
    documents = ready.frame("FROM cost_by_document")
    assert set(documents["document_id"].dropna()) == {"jupiter.txt", "tea.md"}
    assert documents[documents["document_id"].isna()]["cost_usd"].sum() == pytest.approx(probe)
    pairs = ready.frame("FROM cost_by_pair")
    assert set(pairs["qa_id"]) == {pair["qa_id"] for pair in ready.lineage()}
    assert (pairs["own_usd"] > 0).all()
    assert (pairs["cost_usd"] > pairs["own_usd"]).all()
    report = (ready.exports / "report.html").read_text("utf-8")
    assert f"${bill + probe:,.2f}" in report
    assert re.search(r"By document.*jupiter\.txt.*By exported pair", report, re.DOTALL)


def test_a_stopped_run_says_what_is_reached_and_what_the_rest_costs_and_a_higher_budget_goes_on(
    ready: Project, fake_models: FakeModelServer
) -> None:
    ready.run()
    calls, bill = fake_models.count(), _total(ready, "model_calls", "cost_usd")
    exports = ready.export_bytes()
    fake_models.reset()
    for part in (0.3, 0.7):
        ready.configure(**PRICED, budget_usd=round(bill * part, 4))
        for path in (ready.workspace / "responses.sqlite", ready.warehouse.path):
            if part == 0.3:
                path.unlink()
        stopped = ready.call("run")
        assert stopped.exit_code == 1
        said = stopped.stderr.splitlines()[-1]
        assert re.search(r"graphtutor: [\d.]+ of [\d.]+ USD are spent .* raise budget_usd", said)
        assert re.search(r"Stage \w+: \d+ of \d+ rows are done\.", said)
        assert re.search(r"All that is left of the corpus would take about [\d,]+ calls, .* USD", said)
        assert 0 < _total(ready, "model_calls", "cost_usd") <= bill * part
    ready.configure(**PRICED, budget_usd=bill * 2)
    ready.run()
    assert fake_models.count() == calls
    assert ready.export_bytes() == exports


def test_a_budget_of_tokens_is_never_exceeded(ready: Project) -> None:
    ready.configure(**PRICED, budget_tokens=9000)
    stopped = ready.call("run")
    assert stopped.exit_code == 1
    assert "of 9000 tokens are spent" in stopped.stderr
    assert 0 < _total(ready, "model_calls", "prompt_tokens + completion_tokens") <= 9000


def test_a_budget_in_usd_without_a_price_is_refused_before_anything_is_spent(
    ready: Project, fake_models: FakeModelServer
) -> None:
    ready.configure(models={"synthesizer": PRICES}, budget_usd=1.0)
    refused = ready.call("run")
    assert refused.exit_code == 1
    assert "models.trainee.prompt_usd_per_million" in refused.stderr
    assert fake_models.count() == 0
