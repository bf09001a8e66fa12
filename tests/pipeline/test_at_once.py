"""A second run of the same corpus, `status` and a DuckDB shell beside a running run."""

import json
import time
from typing import Any

import duckdb
import psutil

from tests.fake_model_server import FakeModelServer
from tests.pipeline.project import ENGLISH, Project, processes_that_stay


def _in_a_shell(project: Project, sql: str) -> list[tuple[Any, ...]]:
    """What a DuckDB shell of somebody's shows; the run holds the file only for moments, so it tries again."""
    path = str(project.workspace / "warehouse" / "default.duckdb")
    while True:
        try:
            with duckdb.connect(path, read_only=True) as shell:
                return shell.execute(sql).fetchall()
        except duckdb.IOException as error:
            if "lock" not in str(error):
                raise
            time.sleep(0.05)


def test_a_second_run_waits_for_the_first_and_pays_for_nothing(
    project: Project, fake_models: FakeModelServer
) -> None:
    project.configure(comprehension={"statements": 1})
    project.write("jupiter.txt", ENGLISH)
    fake_models.configure(latency_s=0.5)
    first = project.start_and_wait(fake_models, 3)
    second = project.start()

    status = project.call("status")
    assert status.exit_code == 0, status.stderr
    assert f"(process {first.pid}) since" in status.stdout.splitlines()[0]
    assert "is under way" in status.stdout
    assert _in_a_shell(project, "SELECT count(*) FROM current_chunks") == [(1,)]

    _, first_err = first.communicate(timeout=120)
    _, second_err = second.communicate(timeout=120)
    assert first.returncode == 0, first_err
    assert second.returncode == 0, second_err
    assert "waiting for run" not in first_err
    assert f"(process {first.pid}) to finish with corpus default" in second_err
    asked = [json.dumps(body, sort_keys=True) for body in fake_models.bodies()]
    assert len(set(asked)) == len(asked)
    assert project.call("status", "--json").json[0]["running"] == ""


def test_a_graph_server_that_dies_during_a_run_is_replaced(
    project: Project, fake_models: FakeModelServer
) -> None:
    project.configure(comprehension={"statements": 1})
    project.write("jupiter.txt", ENGLISH)
    fake_models.configure(latency_s=0.3)
    run = project.start_and_wait(fake_models, 4)  # the graph is written, and the statements are asked for
    state = project.workspace / "servers" / "graph.json"
    psutil.Process(json.loads(state.read_text())["pid"]).kill()
    _, stderr = run.communicate(timeout=120)
    assert run.returncode == 0, stderr
    with project.graph() as graph:
        nodes = graph.dump("default")["nodes"]
    assert nodes["Entity"]
    assert all("loss" in entity for entity in nodes["Entity"] if entity["description"])
    assert processes_that_stay(project.workspace) == []
