"""How long the rest takes: known work where a stage has begun, expected work for the others."""

import pytest

from dagster_project.forecast.estimate import (
    SECONDS_FOR_EACH_EFFORT,
    UNITS_PER_CHUNK,
    RunEstimate,
    clock,
)
from kg_assets.stages import BY_NAME, STAGES
from resources.configuration.settings import Settings

SETTINGS = Settings()
USUAL = {stage.name: stage.usual(SETTINGS) for stage in STAGES if stage.usual is not None}
ATOMIC_OF_A_UNIT = USUAL["qa_atomic"].rows


def _estimate(*names: str) -> RunEstimate:
    return RunEstimate([BY_NAME[name] for name in names], SETTINGS)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-3, "0 s"),
        (0, "0 s"),
        (45.4, "45 s"),
        (59.6, "1:00 min"),
        (200, "3:20 min"),
        (3599.7, "1:00 h"),
        (7500, "2:05 h"),
    ],
)
def test_seconds_as_people_say_them(seconds: float, said: str) -> None:
    assert clock(seconds) == said


def test_before_anything_was_measured_the_default_model_is_assumed() -> None:
    estimate = _estimate("claims")
    estimate.started("claims", 4, 4, 0.0)
    assert estimate.rest_s(0.0) == pytest.approx(4 * USUAL["claims"].effort * SECONDS_FOR_EACH_EFFORT)


def test_a_stage_goes_on_at_the_speed_it_has_gone_at() -> None:
    estimate = _estimate("claims")
    estimate.started("claims", 10_000, 10_000, 100.0)
    estimate.advanced(5_000)
    assert estimate.rest_s(25_100.0) == pytest.approx(5_000 * 5.0, rel=0.01)


def test_one_slow_row_at_the_beginning_counts_no_more_than_one() -> None:
    estimate = _estimate("claims")
    estimate.started("claims", 101, 101, 0.0)
    before = estimate.rest_s(0.0)
    estimate.advanced(1)
    ten_times_slower = 10 * before / 101
    assert before < estimate.rest_s(ten_times_slower) < 3 * before


def test_the_first_stage_that_asks_a_model_shows_how_fast_the_later_ones_will_be() -> None:
    estimate = _estimate("claims", "qa_atomic")
    estimate.started("claims", 10_000, 10_000, 0.0)
    estimate.advanced(5_000)
    to_come = 10_000 * UNITS_PER_CHUNK * ATOMIC_OF_A_UNIT * USUAL["qa_atomic"].effort
    measured = 50.0 / (5_000 * USUAL["claims"].effort)
    rest_s = 50.0 + to_come * measured
    assert rest_s < estimate.rest_s(50.0) < 3 * rest_s


def test_later_stages_are_expected_at_the_speed_measured_so_far() -> None:
    estimate = _estimate("claims", "qa_atomic")
    estimate.started("claims", 2, 2, 0.0)
    estimate.advanced(2)
    estimate.finished(90.0)
    speed = 90.0 / (2 * USUAL["claims"].effort)
    assert estimate.rest_s(90.0) == pytest.approx(
        2 * UNITS_PER_CHUNK * ATOMIC_OF_A_UNIT * USUAL["qa_atomic"].effort * speed
    )


def test_counted_units_replace_expected_ones() -> None:
    estimate = _estimate("claims", "knowledge_graph", "qa_atomic")
    estimate.started("claims", 100, 100, 0.0)
    before = estimate.rest_s(0.0)
    estimate.started("knowledge_graph", 3, 3, 0.0)
    assert estimate.rest_s(0.0) == pytest.approx(
        3 * ATOMIC_OF_A_UNIT * USUAL["qa_atomic"].effort * SECONDS_FOR_EACH_EFFORT
    )
    assert estimate.rest_s(0.0) < before


def test_where_nothing_is_pending_nothing_is_left() -> None:
    estimate = RunEstimate(STAGES, SETTINGS)
    for second, stage in enumerate(BY_NAME):
        estimate.started(stage, 0, 50, float(second))
        assert estimate.finished(float(second)) == ""
    assert estimate.rest_s(99.0) == 0.0


def test_a_finished_stage_says_what_it_did() -> None:
    estimate = _estimate("claims")
    estimate.started("claims", 2, 5, 10.0)
    estimate.advanced(2)
    assert estimate.finished(75.0) == "2 rows in 1:05 min"


def test_the_line_says_where_the_run_is() -> None:
    estimate = _estimate("documents", "claims")
    estimate.started("documents", 0, 3, 0.0)
    estimate.finished(1.0)
    estimate.started("claims", 4, 4, 1.0)
    left = clock(4 * USUAL["claims"].effort * SECONDS_FOR_EACH_EFFORT)
    assert estimate.line(61.0) == f"[2/2] claims 0 of 4 · 1:01 min so far · about {left} left"


def test_a_stage_that_was_not_foreseen_does_no_harm() -> None:
    estimate = _estimate()
    estimate.started("claims", 1, 1, 0.0)
    estimate.advanced(1)
    assert estimate.rest_s(5.0) == 0.0
    assert estimate.line(5.0).startswith("[0/0] claims 1 of 1")


def test_the_estimate_never_falls_below_nothing_and_ends_at_nothing() -> None:
    estimate = _estimate("claims", "statements")
    now = 0.0
    for stage in ("claims", "statements"):
        estimate.started(stage, 5, 5, now)
        for _ in range(5):
            assert estimate.rest_s(now) > 0.0
            now += 2.0
            estimate.advanced(1)
        estimate.finished(now)
    assert estimate.rest_s(now) == 0.0
