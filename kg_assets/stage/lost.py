"""What a run lost: which stages dropped rows or had none, and examples of what was dropped."""

from collections.abc import Sequence
from dataclasses import dataclass

from kg_assets.stage.stage import Stage
from resources.warehouse.warehouse import Warehouse

SHOWN_DROPS = 5


def what_was_lost(warehouse: Warehouse, stages: Sequence[Stage]) -> str:
    """One clause for each stage that lost rows or had none, to the first that lost all, and examples of what
    was dropped; for the error of a run that exports nothing."""
    latest = {
        stage: numbers
        for stage, *numbers in warehouse.tuples(
            "SELECT stage, rows_in, dropped, note FROM stage_runs QUALIFY row_number() OVER "
            "(PARTITION BY stage ORDER BY number DESC) = 1"
        )
    }
    clauses = []
    for stage in stages:
        if stage.name in latest:
            rows_in, dropped, note = latest[stage.name]
            if dropped:
                clauses.append(f"{stage.name} dropped {dropped} of {rows_in} rows")
            elif rows_in == 0 and stage.needs_rows:
                clauses.append(f"{stage.name} had no rows" + (f" ({note})" if note else ""))
            if rows_in and dropped == rows_in:
                break
    examples = [f"{row.where}: {row.detail}" for row in dropped_rows(warehouse, stages, SHOWN_DROPS)]
    return "; ".join(clauses) + "".join(f" [{example}]" for example in examples)


@dataclass(frozen=True, slots=True)
class DroppedRow:
    """A drop as it is shown; `where` is the document, the question, the unit, or else the row."""

    stage: str
    where: str
    reason: str
    detail: str


def dropped_rows(warehouse: Warehouse, stages: Sequence[Stage], limit: int) -> list[DroppedRow]:
    """A few drops that count now, one of every reason of every stage before a second."""
    order = {stage.name: number for number, stage in enumerate(stages)}
    rows = warehouse.rows(
        DroppedRow,
        r"""
        WITH first AS (
            SELECT *, row_number() OVER (PARTITION BY stage, reason ORDER BY item_id) AS number
            FROM current_drops QUALIFY number <= ?
        )
        SELECT f.stage, coalesce(
            f.document_id, nullif(regexp_extract(f.raw, '^Q: ([^\n]+)', 1), ''),
            nullif(u.name, ''), u.source || ' – ' || u.target, f.item_id
        ) AS where, f.reason, f.detail
        FROM first f LEFT JOIN current_knowledge_graph u ON u.unit_id = f.item_id
        ORDER BY f.number, list_position(?, f.stage), f.item_id LIMIT ?
        """,
        [limit, list(order), limit],
    )
    return sorted(rows, key=lambda row: order[row.stage])
