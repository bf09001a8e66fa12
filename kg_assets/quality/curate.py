"""The curated_qa stage: all current pairs that no gate stops, in a stable order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kg_assets.domain import QaPair, fingerprint
from kg_assets.stage.ledger import Dropped, WorkItem
from resources.models.types import Ask
from resources.warehouse.warehouse import Warehouse

CURATION_VERSION = "1"
NOT_JUDGED = "not_judged"


@dataclass(frozen=True, slots=True)
class Judged(QaPair):
    """A pair with the gate that stops it and why; both are empty where none does."""

    parent_id: str | None
    gate: str
    detail: str


def curation_items(
    warehouse: Warehouse, gates: Sequence[str], asking: Mapping[str, str]
) -> list[WorkItem[Judged]]:
    """Every current pair with the first gate that stops it.

    Args:
        warehouse: of the corpus.
        gates: names of all gates in their order.
        asking: of the gates that ask a model and stop, the name by that of their stage: a pair that such a
            gate could not judge does not pass.
    """
    stages = list(asking)
    parameters = {"gates": list(gates), "stages": stages, "asking": list(asking.values())}
    with warehouse.connect():
        pairs = warehouse.rows(Judged, _JUDGED, parameters)
    return [WorkItem(pair.qa_id, _key(pair), pair, parent_id=pair.parent_id) for pair in pairs]


def _key(pair: Judged) -> str:
    said = pair.qa_id, pair.question, pair.answer, pair.details, pair.language
    return fingerprint(CURATION_VERSION, said, pair.gate, pair.detail)


_JUDGED = f"""
    WITH stops AS (
        SELECT qa_id, gate, detail FROM current_verdicts WHERE outcome = 'stop'
        UNION ALL
        SELECT d.item_id, '{NOT_JUDGED}', a.gate || ' could not judge it: ' || d.detail
        FROM current_drops d JOIN (
            SELECT unnest($stages::VARCHAR[]) AS stage, unnest($asking::VARCHAR[]) AS gate
        ) a USING (stage)
    ), first AS (
        FROM stops QUALIFY row_number() OVER (
            PARTITION BY qa_id ORDER BY gate = '{NOT_JUDGED}', list_position($gates, gate), detail
        ) = 1
    )
    SELECT q.*, coalesce(f.gate, '') AS gate, coalesce(f.detail, '') AS detail
    FROM written_qa q LEFT JOIN first f USING (qa_id) ORDER BY q.form_place, q.position
"""


async def pass_or_drop(item: WorkItem[Judged], _ask: Ask) -> list[QaPair]:
    """The pair itself.

    Raises:
        Dropped: a gate stopped it.
    """
    pair = item.payload
    if pair.gate:
        raise Dropped(pair.gate, pair.detail, f"Q: {pair.question}\nA: {pair.answer}")
    return [
        QaPair(pair.qa_id, pair.form, pair.question, pair.answer, pair.details, pair.unit_ids, pair.language)
    ]


def unsupported_pairs(warehouse: Warehouse) -> list[str]:
    """Ids of current curated pairs without any evidence; a broken promise if there are any."""
    found = warehouse.tuples("""
        SELECT qa_id FROM current_curated_qa ANTI JOIN (
            SELECT qa_id FROM (
                SELECT qa_id, unnest(from_json(unit_ids, '["VARCHAR"]')) AS unit_id FROM current_curated_qa
            ) SEMI JOIN unit_evidence USING (unit_id)
        ) USING (qa_id)
    """)
    return [qa_id for (qa_id,) in found]
