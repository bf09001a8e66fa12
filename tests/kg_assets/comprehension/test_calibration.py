"""What confidence, comprehension loss and calibration promise, by hand-computed numbers."""

from itertools import pairwise
from math import inf, isnan, log, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg_assets.comprehension.calibration import (
    calibration,
    clamp,
    probability_right,
    unit_comprehension,
)

PROBABILITIES = st.floats(0, 1)
JUDGED = st.lists(st.tuples(PROBABILITIES, st.booleans()), min_size=1, max_size=40)


@pytest.mark.parametrize(
    ("p", "expected"),
    [(0.0, 1e-6), (1e-7, 1e-6), (1e-6, 1e-6), (0.3, 0.3), (1 - 1e-6, 1 - 1e-6), (1.0, 1 - 1e-6)],
)
def test_clamp_only_moves_what_is_outside_its_bounds(p: float, expected: float) -> None:
    assert clamp(p) == expected


def test_clamp_invents_no_score_for_what_is_not_a_number() -> None:
    assert isnan(clamp(nan))


def test_the_right_answer_to_a_negation_is_no() -> None:
    assert probability_right(0.75, True) == 0.75
    assert probability_right(0.75, False) == 0.25


@pytest.mark.parametrize("p_true", [-0.1, 1.1, nan, inf])
def test_what_is_no_probability_is_refused_everywhere(p_true: float) -> None:
    with pytest.raises(ValueError, match="probability from 0 to 1"):
        probability_right(p_true, False)
    with pytest.raises(ValueError, match="probability from 0 to 1"):
        unit_comprehension("e1", "t", [(0.5, True), (p_true, True)])
    with pytest.raises(ValueError, match="probability from 0 to 1"):
        calibration([(0.5, True), (p_true, True)])


def test_confidence_and_loss_of_a_unit_by_hand() -> None:
    # right: 0.5, 0.25, 1 - 0.5 = 0.5, 1 - 0.75 = 0.25
    unit = unit_comprehension("e1", "tiny", [(0.5, True), (0.25, True), (0.5, False), (0.75, False)])
    assert (unit.unit_id, unit.trainee, unit.judgements) == ("e1", "tiny", 4)
    assert unit.confidence == 0.375
    # (2 ln 2 + 2 ln 4) / 4 = 1.5 ln 2
    assert unit.loss == pytest.approx(1.5 * log(2), rel=1e-15)


def test_a_certain_answer_has_a_finite_loss_and_an_unclamped_confidence() -> None:
    wrong = unit_comprehension("e1", "t", [(0.0, True), (1.0, False)])
    right = unit_comprehension("e1", "t", [(1.0, True), (0.0, False)])
    assert (wrong.confidence, right.confidence) == (0.0, 1.0)
    assert wrong.loss == pytest.approx(13.815510558)
    assert right.loss == pytest.approx(1.0000005e-6, rel=1e-9)


def test_nothing_judged_gives_no_number() -> None:
    with pytest.raises(ValueError, match="no default"):
        unit_comprehension("e1", "t", [])
    with pytest.raises(ValueError, match="no default"):
        calibration([])


def test_calibration_of_a_known_table() -> None:
    judged = [
        (0.9, True),  # says yes,  confidence 0.9, right
        (0.9, False),  # says yes, confidence 0.9, wrong
        (0.1, False),  # says no,  confidence 0.9, right
        (0.1, True),  # says no,   confidence 0.9, wrong
        (0.6, True),  # says yes,  confidence 0.6, right
        (0.6, True),  # says yes,  confidence 0.6, right
        (0.6, False),  # says yes, confidence 0.6, wrong
        (0.5, False),  # says yes, confidence 0.5, wrong
    ]
    result = calibration(judged)
    assert (result.n, result.accuracy) == (8, 0.5)
    filled = {index: one for index, one in enumerate(result.bins) if one.n}
    # 0.5 lies in (7/15, 8/15], 0.6 = 9/15 closes its bin, 0.9 lies in (13/15, 14/15]
    assert {index: one.n for index, one in filled.items()} == {7: 1, 8: 3, 13: 4}
    assert [one.accuracy for one in filled.values()] == [0.0, 2 / 3, 0.5]
    assert [one.mean_confidence for one in filled.values()] == pytest.approx([0.5, 0.6, 0.9])
    # 1/8 * 0.5 + 3/8 * (2/3 - 0.6) + 4/8 * 0.4
    assert result.ece == pytest.approx(0.0625 + 0.025 + 0.2)
    # (2 * 0.01 + 2 * 0.81 + 2 * 0.16 + 0.36 + 0.25) / 8
    assert result.brier == pytest.approx(2.57 / 8)


def test_empty_bins_have_no_mean() -> None:
    result = calibration([(0.9, True)])
    assert [(one.mean_confidence, one.accuracy) for one in result.bins if not one.n] == [(None, None)] * 14


def test_bins_are_of_equal_width_and_cover_zero_to_one() -> None:
    bins = calibration([(0.9, True)]).bins
    assert len(bins) == 15
    assert (bins[0].lower, bins[-1].upper) == (0.0, 1.0)
    assert all(left.upper == right.lower for left, right in pairwise(bins))
    assert [one.upper - one.lower for one in bins] == pytest.approx([1 / 15] * 15)


def test_bins_are_closed_on_the_right() -> None:
    four = calibration([(0.5, True), (0.75, True), (0.76, True), (1.0, True)], bins=4)
    assert [one.n for one in four.bins] == [0, 1, 1, 2]


def test_one_bin_compares_accuracy_with_confidence() -> None:
    result = calibration([(0.75, True), (0.75, False)], bins=1)
    assert result.ece == 0.25
    with pytest.raises(ValueError, match="bins"):
        calibration([(0.75, True)], bins=0)


def test_a_tie_counts_as_yes() -> None:
    assert calibration([(0.5, True)]).accuracy == 1.0
    assert calibration([(0.5, False)]).accuracy == 0.0


def test_a_perfect_trainee_has_no_error_and_an_always_wrong_one_has_all() -> None:
    perfect = calibration([(1.0, True), (0.0, False)])
    assert (perfect.accuracy, perfect.ece, perfect.brier) == (1.0, 0.0, 0.0)
    wrong = calibration([(0.0, True), (1.0, False)])
    assert (wrong.accuracy, wrong.ece, wrong.brier) == (0.0, 1.0, 1.0)


@settings(deadline=None)
@given(JUDGED, st.data())
def test_results_do_not_depend_on_the_order(judged: list[tuple[float, bool]], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(judged))
    assert calibration(shuffled) == calibration(judged)
    assert unit_comprehension("e1", "t", shuffled) == unit_comprehension("e1", "t", judged)


@settings(deadline=None)
@given(JUDGED, st.integers(1, 30))
def test_every_judgement_is_in_the_bin_of_its_confidence(judged: list[tuple[float, bool]], bins: int) -> None:
    result = calibration(judged, bins)
    assert sum(one.n for one in result.bins) == result.n == len(judged)
    assert 0 <= result.ece <= 1
    assert 0 <= result.brier <= 1
    for p_true, _ in judged:
        confidence = max(p_true, 1 - p_true)
        home = [one for one in result.bins if one.lower < confidence <= one.upper]
        assert len(home) == 1
        assert home[0].n > 0
