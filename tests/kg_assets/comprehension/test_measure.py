"""Comprehension of a unit is measured or absent; calibrations are kept beside each other."""

import pytest

from kg_assets.comprehension.calibration import calibration
from kg_assets.comprehension.measure import UnitJudgements, measure, store_calibration
from kg_assets.stage.ledger import Dropped, WorkItem
from resources.warehouse.warehouse import Warehouse
from tests.kg_assets.stage_samples import Scripted, awaited


def test_a_unit_is_measured_by_its_judgements() -> None:
    judged = ((0.8, True), (0.4, False))
    (found,) = awaited(measure(WorkItem("e1", "k", UnitJudgements("e1", "tiny", judged)), Scripted()))
    assert (found.unit_id, found.trainee, found.judgements) == ("e1", "tiny", 2)
    assert found.confidence == pytest.approx(0.7)


def test_a_unit_without_a_judgement_is_dropped_and_has_no_default_loss() -> None:
    with pytest.raises(Dropped) as dropped:
        awaited(measure(WorkItem("e1", "k", UnitJudgements("e1", "tiny", ())), Scripted()))
    assert dropped.value.reason == "no_judgement"


def test_a_calibration_is_stored_once_until_it_changes(warehouse: Warehouse) -> None:
    first, second = calibration([(0.9, True), (0.2, True)]), calibration([(0.9, True), (0.1, True)])
    for measured in (first, first, second, second, first):
        store_calibration(warehouse, "run", "tiny", measured)
    assert warehouse.frame("SELECT brier FROM calibration ORDER BY number")["brier"].tolist() == [
        first.brier,
        second.brier,
        first.brier,
    ]


def test_another_trainee_is_kept_beside_the_first(warehouse: Warehouse) -> None:
    measured = calibration([(0.9, True)])
    store_calibration(warehouse, "run", "before", measured)
    store_calibration(warehouse, "run", "after", measured)
    assert set(warehouse.frame("SELECT trainee FROM calibration")["trainee"]) == {"before", "after"}
