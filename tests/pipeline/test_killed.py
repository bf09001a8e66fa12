"""SIGKILL at random moments: in every stage, inside transactions of DuckDB and of the graph, between export
files. What comes of the reruns is what comes of an undisturbed run, and nothing is asked twice that was
answered."""

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from kg_assets.stages import STAGES
from tests.fake_model_server import FakeModelServer
from tests.fake_wiki import FakeWiki
from tests.pipeline.conftest import NewProject
from tests.pipeline.killed import START, Event, Killable, Moment
from tests.pipeline.project import CHINESE, ENGLISH, Project, processes_that_stay

PATIENCE_S = 1200
HALVES = (
    {START, *STAGES[: STAGES.index("subgraphs")]},
    {START, *STAGES[STAGES.index("subgraphs") :]},
)
INSIDE = ("graph", "file", "transaction")
"""Kinds of moments of which each stage that has them gets one, beside a moment of its time."""
LATENCY_S = 0.1
CONCURRENCY = 4
SETTLED_S = 0.25
"""An answer that was sent so shortly before the kill may not have reached the disk, or the process."""
PAGES = (
    {"title": "Ganymede", "summary": "Ganymede has a salt ocean.", "revision": 3},
    {"title": "Padua", "summary": "Padua is crossed by the Bacchiglione.", "revision": 4},
)


@pytest.fixture(scope="module")
def wiki() -> Iterator[FakeWiki]:
    with FakeWiki() as server:
        server.hold(*PAGES)
        yield server


@dataclass(frozen=True)
class Undisturbed:
    """A run to its end, and what it came by."""

    project: Project
    events: list[Event]

    @property
    def stages(self) -> list[str]:
        """In the order in which they ran."""
        return [event.stage for event in self.events if event.kind == "begin"]

    def draw(self, stage: str, chance: random.Random) -> list[tuple[Moment, float | None]]:
        """One moment of each kind that the stage has, and one of its time: seconds after it began."""
        events = [event for event in self.events if event.stage == stage]
        counts = Counter(event.kind for event in events)
        moments = [
            (Moment(stage, kind, chance.randint(1, counts[kind])), None) for kind in INSIDE if kind in counts
        ]
        took_s = events[-1].at - events[0].at
        moments.append((Moment(stage, "end"), chance.uniform(0, took_s)))
        # The graph and the files first: they are not written again once they are there.
        return moments[:-2] + chance.sample(moments[-2:], len(moments[-2:]))


@pytest.fixture(scope="module")
def undisturbed(
    new_project: NewProject, model_server_process: FakeModelServer, wiki: FakeWiki
) -> Undisturbed:
    """In each stage there was something to do."""
    model_server_process.reset()
    project = _filled(new_project("undisturbed"), model_server_process, wiki)
    with Killable(project.folder, project.environment()) as process:
        events = list(process.events())
        assert process.exit_code == 0
    idle = project.frame("SELECT stage FROM stage_runs WHERE new = 0")["stage"]
    assert set(idle) <= {"entity_pairs", "entity_aliases"}
    return Undisturbed(project, events)


def _filled(project: Project, models: FakeModelServer, wiki: FakeWiki) -> Project:
    """Two documents, settings that let every stage have rows, and a model that needs its time."""
    project.use_embedder(models)
    project.configure(
        comprehension={"statements": 1},
        extraction={"enrich": "wikipedia", "wikipedia": wiki.api},
        entities={"resolve": "model"},
        taxonomy={"source": "model"},
        models={role: {"concurrency": CONCURRENCY} for role in ("synthesizer", "trainee")},
    )
    project.write("jupiter.txt", ENGLISH)
    project.write("tea.txt", CHINESE)
    models.configure(latency_s=LATENCY_S)
    return project


def _killed(project: Project, moment: Moment, after_s: float | None) -> Event:
    """Let a run be killed at the moment, or so many seconds after the moment's stage began, and then at the
    latest at the moment. Returns the last that it came by, with the time of the kill."""
    killed_at = []

    def kill() -> None:
        process.kill()
        killed_at.append(time.time())

    with Killable(project.folder, project.environment(), moment) as process:
        for event in process.events():
            if after_s is not None and (event.stage, event.kind) == (moment.stage, "begin"):
                timer = threading.Timer(after_s, kill)
                timer.start()
        assert process.exit_code == -9
    if after_s is not None:
        timer.cancel()
    print(f"{moment}, {after_s} s: killed after {event}")
    return replace(event, at=killed_at[0] if killed_at else event.at)


@pytest.mark.timeout(PATIENCE_S)
@pytest.mark.parametrize("half", HALVES, ids=["to the losses", "from the subgraphs on"])
def test_killed_at_random_the_reruns_come_to_the_same_and_ask_nothing_twice(
    half: set[str],
    undisturbed: Undisturbed,
    new_project: NewProject,
    fake_models: FakeModelServer,
    wiki: FakeWiki,
) -> None:
    seed = random.randrange(1_000_000)
    print(f"The moments are drawn with seed {seed}.")
    chance = random.Random(seed)
    project = _filled(new_project("killed"), fake_models, wiki)
    kills = []
    for stage in undisturbed.stages:
        for moment, after_s in undisturbed.draw(stage, chance) if stage in half else ():
            kills.append(_killed(project, moment, after_s))
            if kills[-1].kind != moment.kind and after_s is None:
                # An earlier kill came so late that less was left to do: something always is.
                kills.append(_killed(project, replace(moment, number=1), None))
                assert kills[-1].kind == moment.kind
    assert {event.stage for event in kills} == half
    assert len(kills) >= 25

    project.run()
    whole = undisturbed.project
    assert project.export_bytes() == whole.export_bytes()
    with project.graph() as graph, whole.graph() as other:
        assert graph.dump("default") == other.dump("default")
    assert processes_that_stay(project.workspace) == []
    assert _asked_though_answered(fake_models.requests(), [event.at for event in kills]) == []


def _asked_though_answered(requests: list[dict[str, Any]], kills: list[float]) -> list[Any]:
    """Bodies of requests that came again although the answer was there, in good time before the kill."""
    last_at = {request["digest"]: request["at"] for request in requests}
    return [
        request["body"]
        for request in requests
        if last_at[request["digest"]] > request["at"]
        and request["answered_at"] is not None
        and not any(-SETTLED_S < killed_at - request["answered_at"] < SETTLED_S for killed_at in kills)
    ]
