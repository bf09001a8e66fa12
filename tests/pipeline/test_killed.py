"""SIGKILL in every stage, inside transactions of DuckDB and the graph, between export files, and at random:
what comes of the reruns is what comes of an undisturbed run, and nothing is asked twice that was answered."""

import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from kg_assets.stages import STAGES
from tests.fake_model_server import FakeModelServer
from tests.fake_wiki import FakeWiki
from tests.pipeline.conftest import NewProject
from tests.pipeline.project import CHINESE, ENGLISH, GRAPHTUTOR, Project, processes_that_stay

KILLED = [sys.executable, str(Path(__file__).with_name("killed.py"))]
ROWS = {"claims": 2, "judgements": 5, "qa_atomic": 3}
"""Stages that are also killed between rows, and how many rows each has at least."""
HALVES = (STAGES[: STAGES.index("comprehension")], STAGES[STAGES.index("comprehension") :])
PAGES = (
    {"title": "Ganymede", "summary": "Ganymede has a salt ocean.", "revision": 3},
    {"title": "Padua", "summary": "Padua is crossed by the Bacchiglione.", "revision": 4},
)
AT_RANDOM = 1
PATIENCE_S = 1200
SEED = 20_260
SETTLED_S = 0.5
"""An answer that was sent so shortly before the kill may not have reached the disk."""


@pytest.fixture(scope="module")
def wiki() -> Iterator[FakeWiki]:
    with FakeWiki() as server:
        server.hold(*PAGES)
        yield server


def _fill(project: Project, models: FakeModelServer, wiki: FakeWiki) -> None:
    """Two documents, and settings that give every stage something to do."""
    project.use_embedder(models)
    project.configure(
        comprehension={"statements": 1},
        extraction={"enrich": "wikipedia", "wikipedia": wiki.api},
        entities={"resolve": "model"},
        taxonomy={"source": "model"},
    )
    project.write("jupiter.txt", ENGLISH)
    project.write("tea.txt", CHINESE)


def _moments(stages: Sequence[str], chance: random.Random) -> list[tuple[str, int]]:
    """In the order in which a run comes by them, so that each rerun gets as far as its own."""
    moments = []
    for stage in stages:
        if stage in ROWS:
            moments.append((f"rows:{stage}", chance.randint(1, ROWS[stage])))
        moments.append((f"transaction:{stage}", 1))
        if stage == "knowledge_graph":
            moments += [("graph", 1), ("graph", chance.randint(2, 3))]
        if stage == "sft_datasets":
            moments += [("export", 1), ("export", chance.randint(2, 4))]
    return moments


def _start(project: Project, command: list[str]) -> "subprocess.Popen[bytes]":
    quiet: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
    return subprocess.Popen(command, cwd=project.folder, env=project.environment(), **quiet)


@pytest.mark.timeout(PATIENCE_S)
@pytest.mark.parametrize("stages", HALVES, ids=["to the judgements", "from the losses on"])
def test_killed_anywhere_the_reruns_come_to_the_same_and_ask_nothing_twice(
    stages: Sequence[str], new_project: NewProject, fake_models: FakeModelServer, wiki: FakeWiki
) -> None:
    whole = new_project("undisturbed")
    _fill(whole, fake_models, wiki)
    done = whole.run().stages
    assert all(done[stage]["new"] for stage in stages if stage not in ("entity_pairs", "entity_aliases"))

    project = new_project("killed")
    _fill(project, fake_models, wiki)
    fake_models.reset()
    chance = random.Random(SEED)
    kills: list[float] = []
    met = set()
    for moment, number in _moments(stages, chance):
        process = _start(project, [*KILLED, moment, str(number), "run"])
        exit_code = process.wait(120)
        assert exit_code in (0, -9)
        if exit_code == -9:
            kills.append(time.time())
            met.add(moment)
    asking = {f"rows:{stage}" for stage in stages if stage in ROWS}
    apart = {"graph"} if "knowledge_graph" in stages else {"export"}
    assert met >= {f"transaction:{stage}" for stage in stages} | asking | apart
    for _ in range(AT_RANDOM):
        process = _start(project, [*GRAPHTUTOR, "run"])
        time.sleep(chance.uniform(0.5, 5.0))
        process.kill()
        process.wait()
        kills.append(time.time())
    assert len(kills) >= 15

    project.run()
    assert project.export_bytes() == whole.export_bytes()
    with project.graph() as graph, whole.graph() as undisturbed:
        assert graph.dump("default") == undisturbed.dump("default")
    assert processes_that_stay(project.workspace) == []

    asked = fake_models.requests()
    times = Counter(request["digest"] for request in asked)
    assert [
        request["body"]
        for request in asked
        if times[request["digest"]] > 1
        and request["answered_at"] is not None
        and not any(0 <= killed_at - request["answered_at"] < SETTLED_S for killed_at in kills)
        and any(later["digest"] == request["digest"] and later["at"] > request["at"] for later in asked)
    ] == []
