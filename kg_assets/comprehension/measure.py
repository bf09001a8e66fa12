"""From the judgements of one unit to its comprehension, and the corpus' calibration into its table."""

from dataclasses import dataclass

from kg_assets.comprehension.calibration import Calibration, unit_comprehension
from kg_assets.domain import Comprehension
from kg_assets.stage.ledger import Dropped, WorkItem, utc_now
from resources.models.types import Ask
from resources.warehouse.warehouse import Warehouse, insert_rows

COMPREHENSION_VERSION = "1"


@dataclass(frozen=True, slots=True)
class UnitJudgements:
    """All judgements of one unit as (p_true, label)."""

    unit_id: str
    trainee: str
    judged: tuple[tuple[float, bool], ...]


@dataclass(frozen=True, slots=True)
class CalibrationRow:
    """Calibration of a trainee over one corpus at one time; a row of `calibration`."""

    run_id: str
    trainee: str
    measured_at: str
    judgements: int
    accuracy: float
    ece: float
    brier: float
    bins: tuple[tuple[float, float, int, float | None, float | None], ...]


async def measure(item: WorkItem[UnitJudgements], _ask: Ask) -> list[Comprehension]:
    """Confidence and loss of one unit.

    Raises:
        Dropped: none of its statements was judged; then there is no loss, not a default one.
    """
    unit = item.payload
    if not unit.judged:
        raise Dropped(
            "no_judgement", "None of the unit's statements got a usable judgement, so it has no loss."
        )
    return [unit_comprehension(unit.unit_id, unit.trainee, unit.judged)]


def store_calibration(warehouse: Warehouse, run_id: str, trainee: str, measured: Calibration) -> None:
    """Keep this measurement beside the earlier ones, unless it is the same as the trainee's last."""
    row = CalibrationRow(
        run_id, trainee, utc_now(), measured.n, measured.accuracy, measured.ece, measured.brier, measured.bins
    )
    with warehouse.transaction() as connection:
        last = connection.execute(
            "SELECT judgements, accuracy, ece, brier FROM calibration WHERE trainee = ? "
            "ORDER BY number DESC LIMIT 1",
            [trainee],
        ).fetchall()
        if last != [(row.judgements, row.accuracy, row.ece, row.brier)]:
            insert_rows(connection, "calibration", [row])
