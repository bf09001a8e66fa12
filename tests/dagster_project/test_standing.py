"""Which stages are not fresh: `status` asks what a stage reads, a run all that is before it."""

import json
from collections.abc import Sequence

from dagster_project.standing import stale_stages
from kg_assets.stage.freshness import PastRun
from kg_assets.stage.recipe import recipe
from kg_assets.stage.stage import ancestors
from kg_assets.stages import NAMES, STAGES
from resources.configuration.load import load_configuration

CONFIGURATION = load_configuration(None, {})
RECIPES = {stage.name: json.dumps(recipe(stage, CONFIGURATION)) for stage in STAGES}


def _run(number: int, stage: str, new: int = 0) -> PastRun:
    return PastRun(number, stage, 1, new, 0, 1, 0, "", "a", "", RECIPES[stage])


def _runs(later: Sequence[PastRun] = ()) -> dict[str, list[PastRun]]:
    first = {name: _run(number, name, new=1) for number, name in enumerate(NAMES)}
    return {name: [first[name], *(run for run in later if run.stage == name)] for name in NAMES}


def test_after_a_run_of_all_stages_all_are_fresh() -> None:
    assert stale_stages(_runs(), CONFIGURATION, "") == {}
    assert stale_stages(_runs(), CONFIGURATION, "", ancestors) == {}


def test_changed_documents_make_all_stages_stale() -> None:
    stale = stale_stages(_runs(), CONFIGURATION, "documents: 1 new")
    assert list(stale) == list(NAMES)
    assert stale["documents"] == "documents: 1 new"


def test_a_stage_far_up_that_made_something_new_since_counts_for_a_run() -> None:
    # As after `--select` of all stages but the last, in which what the last one reads came to the same.
    later = [_run(100 + i, name, new=int(name == "claims")) for i, name in enumerate(NAMES[:-1])]
    assert stale_stages(_runs(later), CONFIGURATION, "") == {}
    assert stale_stages(_runs(later), CONFIGURATION, "", ancestors) == {NAMES[-1]: "claims is newer"}
