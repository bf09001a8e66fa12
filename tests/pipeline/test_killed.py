"""SIGKILL at random moments: in every stage, inside transactions of DuckDB and of the graph, between export
files. What comes of the reruns is what comes of an undisturbed run, and nothing is asked twice that was
answered."""

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from kg_assets.stages import NAMES
from tests.fake_model_server import FakeModelServer
from tests.fake_wiki import FakeWiki
from tests.pipeline.conftest import NewProject
from tests.pipeline.killed import START, Event, Killable, Moment
from tests.pipeline.project import CHINESE, ENGLISH, Project, processes_that_stay

PATIENCE_S = 1200
_HALF = NAMES.index("subgraphs")
KILLED_IN = {
    "a first run": {START, *NAMES[:_HALF]},
    "a run after changes": {START, "knowledge_graph", "comprehension", *NAMES[_HALF:]},
}
BEFORE = {
    "jupiter.txt": "Jupiter is orbited by Ganymede, a small moon of the Solar System.",
    "sun.txt": "The Sun is orbited by Jupiter. The Sun consists of hydrogen.",
}
DOCUMENTS = {"jupiter.txt": ENGLISH, "tea.txt": CHINESE}
INSIDE = ("graph", "file", "transaction")
"""Kinds of moments of which a stage that has them gets one, beside a moment of its time. After changes it
gets only one of all these, for the time that kills take."""
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


def _prepared(project: Project, models: FakeModelServer, wiki: FakeWiki, changed: bool) -> Project:
    """Two documents, settings that let every stage have rows, and models that need their time. If `changed`,
    a run has come to its end with other documents before."""
    project.use_embedder(models)
    project.configure(
        comprehension={"statements": 1},
        extraction={"enrich": "wikipedia", "wikipedia": wiki.api},
        entities={"resolve": "model"},
        taxonomy={"source": "model"},
        models={role: {"concurrency": CONCURRENCY} for role in ("synthesizer", "trainee")},
    )
    if changed:
        for name, text in BEFORE.items():
            project.write(name, text)
        project.run()
        for name in BEFORE.keys() - DOCUMENTS.keys():
            (project.documents / name).unlink()
    for name, text in DOCUMENTS.items():
        project.write(name, text)
    models.reset()
    models.configure(latency_s=LATENCY_S)
    return project


def _undisturbed(project: Project) -> dict[str, list[Event]]:
    """What a run to its end came by, by stage, in the order in which they ran."""
    with Killable(project.folder, project.environment()) as process:
        by_stage: dict[str, list[Event]] = {}
        for event in process.events():
            by_stage.setdefault(event.stage, []).append(event)
        assert process.exit_code == 0
    return by_stage


def _drawn(events: list[Event], chance: random.Random) -> list[tuple[Moment, float | None]]:
    """Of a stage's events one moment of each kind, and one of its time: seconds after it began."""
    stage = events[0].stage
    counts = Counter(event.kind for event in events)
    moments = [
        (Moment(stage, kind, chance.randint(1, counts[kind])), None) for kind in INSIDE if counts[kind]
    ]
    moments.append((Moment(stage, "end"), chance.uniform(0, events[-1].at - events[0].at)))
    # The graph and the files first: they are not written again once they are there.
    return moments[:-2] + chance.sample(moments[-2:], len(moments[-2:]))


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
@pytest.mark.parametrize("case", KILLED_IN)
def test_killed_at_random_the_reruns_come_to_the_same_and_ask_nothing_twice(
    case: str, new_project: NewProject, fake_models: FakeModelServer, wiki: FakeWiki
) -> None:
    stages, changed = KILLED_IN[case], case == "a run after changes"
    whole = _prepared(new_project("undisturbed"), fake_models, wiki, changed)
    by_stage = _undisturbed(whole)
    idle = whole.frame(
        "SELECT stage FROM stage_runs QUALIFY number = max(number) OVER (PARTITION BY stage) AND new = 0"
    )
    assert not stages & set(idle["stage"]) - {"entity_pairs", "entity_aliases"}

    project = _prepared(new_project("killed"), fake_models, wiki, changed)
    seed = random.randrange(1_000_000)
    print(f"The moments are drawn with seed {seed}.")
    chance = random.Random(seed)
    kills = []
    for stage, events in by_stage.items():
        if stage not in stages:
            continue
        drawn = _drawn(events, chance)
        for moment, after_s in chance.sample(drawn, 1) if changed else drawn:
            kills.append(_killed(project, moment, after_s))
            if kills[-1].kind != moment.kind and after_s is None:
                # An earlier kill came so late that less was left to do: something always is.
                kills.append(_killed(project, replace(moment, number=1), None))
                assert kills[-1].kind == moment.kind
    assert {event.stage for event in kills} == stages
    assert len(kills) >= (len(stages) if changed else 25)

    project.run()
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
