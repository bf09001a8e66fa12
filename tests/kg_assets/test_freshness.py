"""When a stage is fresh: the rule that `status` and a run share."""

import json
from collections import defaultdict
from typing import Any

import pytest

from kg_assets.export.collect import STAGES
from kg_assets.freshness import UPSTREAM, PastRun, ancestors, stale_because

RECIPE = {"stage version": "1"}


def _runs(*found: dict[str, Any]) -> dict[str, list[PastRun]]:
    runs: dict[str, list[PastRun]] = defaultdict(list)
    for number, fields in enumerate(found):
        usual = {
            "rows_in": 1, "new": 0, "dropped": 0, "rows_out": 1, "calls": 0, "finished_at": "",
            "data_version": "a", "note": "", "recipe": json.dumps(RECIPE),
        }  # fmt: skip
        runs[fields["stage"]].append(PastRun(number=number, **{**usual, **fields}))
    return runs


def _why(*found: dict[str, Any]) -> str:
    return stale_because("claims", _runs(*found), RECIPE, ancestors("claims"))


DOCUMENTS, CHUNKS, CLAIMS = ({"stage": stage} for stage in ("documents", "chunks", "claims"))


def test_after_a_run_a_stage_is_fresh_and_stays_so_when_others_run_with_nothing_new() -> None:
    assert _why(DOCUMENTS, CHUNKS, CLAIMS) == ""
    assert _why(DOCUMENTS, CHUNKS, CLAIMS, DOCUMENTS, CHUNKS) == ""


@pytest.mark.parametrize(
    ("later", "reason"),
    [
        ({"stage": "chunks", "new": 1}, "chunks is newer"),
        ({"stage": "chunks", "data_version": "b"}, "chunks is newer"),
        ({"stage": "chunks", "calls": 1}, "chunks is newer"),
        ({"stage": "documents", "data_version": "b"}, "documents is newer"),
        ({"stage": "claims", "note": "stopped"}, "stopped before its end"),
        ({"stage": "claims", "recipe": '{"stage version": "0"}'}, "stage version 0 → 1"),
    ],
)
def test_what_makes_a_stage_run_again(later: dict[str, Any], reason: str) -> None:
    assert _why(DOCUMENTS, CHUNKS, CLAIMS, later) == reason


def test_a_stage_that_never_ran_is_not_fresh() -> None:
    assert _why(DOCUMENTS, CHUNKS) == "never run"


def test_a_change_that_was_taken_up_since_is_no_reason() -> None:
    assert _why(DOCUMENTS, CHUNKS, CLAIMS, {"stage": "chunks", "new": 1, "data_version": "b"}, CLAIMS) == ""


def test_upstream_is_what_dagster_knows_of_the_assets() -> None:
    from dagster_project.definitions import build_defs
    from resources.workbench import Workbench

    graph = build_defs(Workbench()).resolve_asset_graph()
    for stage in STAGES:
        (key,) = [key for key in graph.get_all_asset_keys() if key.path[-1] == stage]
        assert {up.path[-1] for up in graph.get(key).parent_keys} == set(UPSTREAM[stage])
        assert set(UPSTREAM[stage]) <= set(ancestors(stage)) <= set(STAGES)
