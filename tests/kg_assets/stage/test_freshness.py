"""When a stage is fresh: the rule that `status` and a run share."""

import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from kg_assets.stage.freshness import PastRun, stale_because
from kg_assets.stage.stage import ancestors, line_to
from kg_assets.stages import BY_NAME, STAGES
from resources.configuration.settings import Settings

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
    return stale_because(BY_NAME["claims"], _runs(*found), RECIPE, ancestors(BY_NAME["claims"]))


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
        (key,) = [key for key in graph.get_all_asset_keys() if key.path[-1] == stage.name]
        assert {up.path[-1] for up in graph.get(key).parent_keys} == {up.name for up in stage.upstream}
        assert set(stage.upstream) <= set(ancestors(stage)) <= set(STAGES)


def test_the_table_of_stages_is_in_an_order_in_which_they_can_run_and_leads_to_the_last() -> None:
    for place, stage in enumerate(STAGES):
        assert set(stage.upstream) <= set(STAGES[:place])
    assert set(line_to(STAGES[-1])) == set(STAGES)


CHANGE_NO_ROWS = {
    "documents.folder",  # its documents are looked at in every run
    "documents.sources",  # and so are theirs
    "documents.source_seconds",
    "documents.source_minutes",
    "budget_usd",
    "budget_tokens",
    *(
        f"models.{role}.{key}"
        for role in ("synthesizer", "trainee", "embedder")
        for key in (
            "base_url", "concurrency", "rpm", "tpm", "timeout", "max_retries", "prompt_usd_per_million",
            "completion_usd_per_million",
        )
    ),
}  # fmt: skip
IN_THE_IDENTITY = {"model", "revision", "temperature", "top_p", "seed"}


def _leaves(section: type[BaseModel], above: str = "") -> Iterator[str]:
    for name, field in section.model_fields.items():
        dotted = f"{above}{field.alias or name}"
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _leaves(kind, f"{dotted}.")
        else:
            yield dotted


def test_every_setting_is_in_the_recipe_of_a_stage_or_changes_no_row() -> None:
    of_stages = {path for stage in STAGES for path in stage.settings}
    for leaf in _leaves(Settings):
        if leaf.startswith("models.") and leaf.rpartition(".")[2] in IN_THE_IDENTITY:
            continue
        known = leaf in of_stages or any(leaf.startswith(f"{path}.") for path in of_stages)
        assert known != (leaf in CHANGE_NO_ROWS), leaf
