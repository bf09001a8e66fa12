"""Whether what a stage made still stands: nothing that it depends on has changed since it last ran.

One rule for two users: `status` says why a stage is not fresh, and a run leaves a stage that is fresh as it
is. Pure functions over the history of stages; what they write outside the warehouse is checked by them.
"""

import json
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kg_assets.stage.recipe import differences
from kg_assets.stage.stage import Stage

REMEMBERED_RUNS = 20
"""Where an upstream stage ran more often than that meanwhile, a stage looks at its rows to be sure."""


@dataclass(frozen=True, slots=True)
class PastRun:
    """One run of a stage: a row of `stage_runs`, which `number` orders by time. `recipe` is JSON."""

    number: int
    stage: str
    rows_in: int
    new: int
    dropped: int
    rows_out: int
    calls: int
    finished_at: str
    data_version: str
    note: str
    recipe: str


def stale_because(
    stage: Stage,
    runs: Mapping[str, Sequence[PastRun]],
    recipe: Mapping[str, Any],
    upstream: Iterable[Stage],
    stale: Container[str] = (),
) -> str:
    """Why `stage` would run again; empty if it is fresh.

    Args:
        stage: the stage.
        runs: the past runs of each stage, in the order of time.
        recipe: the recipe of `stage` under the present configuration.
        upstream: the stages whose runs since then count. One that ran again and made nothing new, without
            asking a model, is no reason.
        stale: names of those of them that are known not to be fresh themselves.
    """
    if not runs[stage.name]:
        return "never run"
    last = runs[stage.name][-1]
    if last.note == "stopped":
        return "stopped before its end"
    if changed := differences(json.loads(last.recipe), recipe):
        return "; ".join(changed)
    for up in (one.name for one in upstream):
        if up in stale:
            return f"{up} is not fresh"
        used = [run.data_version for run in runs[up] if run.number < last.number][-1:]
        since = [run for run in runs[up] if run.number > last.number]
        if any(run.new or run.calls or [run.data_version] != used for run in since):
            return f"{up} is newer"
    return ""
