"""What was measured of the trainee, as other stages read it."""

from collections.abc import Sequence

from resources.warehouse.warehouse import Warehouse


def current_losses(warehouse: Warehouse, unit_ids: Sequence[str] | None = None) -> dict[str, float]:
    """Measured comprehension loss (nats) by unit id, of these units only if any are named; units that were
    not measured are absent."""
    query = (
        "SELECT unit_id, loss FROM current_comprehension "
        "WHERE $units IS NULL OR unit_id IN (SELECT unnest($units))"
    )
    with warehouse.connect() as connection:
        found = connection.execute(query, {"units": None if unit_ids is None else list(unit_ids)}).fetchall()
    return dict(found)


def judged_pairs(warehouse: Warehouse) -> list[tuple[float, bool]]:
    """Every current judgement as (p_true, label), in the order of the statements."""
    with warehouse.connect() as connection:
        return connection.execute("SELECT p_true, label FROM current_judged ORDER BY position").fetchall()
