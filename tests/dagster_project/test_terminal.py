"""What the terminal shows of a run."""

from typing import Any

import pytest

from dagster_project.forecast.dry_run import Forecast, StageForecast
from dagster_project.terminal import print_forecast, print_stages


def stage(name: str, rows: int, note: str = "") -> dict[str, Any]:
    counts = dict.fromkeys(
        ("reused", "dropped", "calls", "calls_from_store", "prompt_tokens", "completion_tokens"), 0
    )
    return {
        "stage": name, "rows_in": rows, "new": rows, **counts, "seconds": 0.1, "cost_usd": None, "note": note
    }  # fmt: skip


def test_stages_that_are_switched_off_stand_below_the_table_with_the_setting(
    capsys: pytest.CaptureFixture[str],
) -> None:
    off = "taxonomy.source is off"
    print_stages([stage("chunks", 5), stage("topics", 0, off), stage("taxonomy", 0, off)], "corpus fields")
    shown = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in shown] == ["corpus", "stage", "chunks", "nothing"]
    assert shown[-1] == "nothing to do: topics, taxonomy (taxonomy.source is off)"


def test_a_stage_without_rows_and_without_a_reason_stays_in_the_table(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_stages([stage("chunks", 0), stage("subgraphs", 3, "no losses: random sampling")], "corpus fields")
    shown = capsys.readouterr().out
    assert "nothing to do" not in shown
    assert "chunks" in shown


def test_a_forecast_names_what_cannot_be_read_and_what_has_no_price(
    capsys: pytest.CaptureFixture[str],
) -> None:
    claims = StageForecast("claims", 3, 3, True, 3, 900, 300, None)
    files = [(f"{number:02}.pdf", "encrypted") for number in range(12)]
    print_forecast(Forecast("fields", [claims], files, ["synthesizer"]))
    shown = capsys.readouterr().out
    assert "12 cannot be read and would be dropped:" in shown
    assert "  00.pdf: encrypted" in shown
    assert "  and 2 more" in shown
    assert "models.synthesizer.prompt_usd_per_million" in shown


def test_a_forecast_of_which_all_is_known_says_no_more(capsys: pytest.CaptureFixture[str]) -> None:
    claims = StageForecast("claims", 3, 3, True, 3, 900, 300, 0.1)
    print_forecast(Forecast("fields", [claims], [], []))
    assert capsys.readouterr().out.splitlines()[-1].startswith("all")
