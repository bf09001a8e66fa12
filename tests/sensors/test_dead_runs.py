"""Runs whose process is gone are reported as failed, so that nothing waits for them; living ones are not."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from resources.workspace.layout import WorkspaceLayout
from sensors import dead_runs
from sensors.dead_runs import PARTITION_TAG, report_dead_runs

SINCE = "2026-01-01T00:00:00+00:00"


@dg.job
def nothing() -> None:
    pass


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def layout(tmp_path: Path) -> WorkspaceLayout:
    return WorkspaceLayout(tmp_path)


def started(instance: dg.DagsterInstance, corpus: str = "fields") -> str:
    run = instance.create_run_for_job(
        nothing, status=dg.DagsterRunStatus.STARTED, tags={PARTITION_TAG: corpus}
    )
    return run.run_id


def status(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRunStatus:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run.status


def test_a_run_whose_process_is_gone_has_failed(
    instance: dg.DagsterInstance, layout: WorkspaceLayout
) -> None:
    run_id = started(instance)
    with layout.corpus_lock("fields").held(run_id, SINCE, print):
        assert report_dead_runs(instance, layout) == []
    assert (
        report_dead_runs(instance, layout) == []
    )  # this process lives: it may be about to say that all is well
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    holder = layout.root / "locks" / "fields.holder.json"
    holder.write_text(json.dumps({"run_id": run_id, "pid": ended.pid, "since": SINCE}))
    assert report_dead_runs(instance, layout) == [run_id]
    assert status(instance, run_id) == dg.DagsterRunStatus.FAILURE


def test_a_run_that_never_came_to_its_first_step_is_given_some_time(
    instance: dg.DagsterInstance, layout: WorkspaceLayout, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = started(instance)
    assert report_dead_runs(instance, layout) == []
    monkeypatch.setattr(dead_runs, "FIRST_STEP_WITHIN_S", -1.0)
    with layout.corpus_lock("fields").held("another run", SINCE, print):
        assert report_dead_runs(instance, layout) == []  # it may be waiting for the other
    assert report_dead_runs(instance, layout) == [run_id]


def test_what_is_over_or_of_no_corpus_is_left_alone(
    instance: dg.DagsterInstance, layout: WorkspaceLayout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dead_runs, "FIRST_STEP_WITHIN_S", -1.0)
    instance.create_run_for_job(nothing, status=dg.DagsterRunStatus.STARTED)
    instance.create_run_for_job(nothing, status=dg.DagsterRunStatus.SUCCESS, tags={PARTITION_TAG: "fields"})
    assert report_dead_runs(instance, layout) == []
