"""What was measured of the trainee, as other stages read it."""

from resources.warehouse.warehouse import Warehouse


def current_losses(warehouse: Warehouse) -> dict[str, float]:
    """Measured comprehension loss (nats) by unit id; units that were not measured are absent."""
    return dict(warehouse.tuples("SELECT unit_id, loss FROM current_comprehension"))


def judged_pairs(warehouse: Warehouse) -> list[tuple[float, bool]]:
    """Every current judgement as (p_true, label), in the order of the statements."""
    with warehouse.connect() as connection:
        return connection.execute("SELECT p_true, label FROM current_judged ORDER BY position").fetchall()
