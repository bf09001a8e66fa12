"""The curated_qa stage: all current pairs through the gates, in a stable order."""

from kg_assets.domain import QaPair, fingerprint
from kg_assets.quality.gates.table import DEPENDS_ON_OTHERS, GATES_VERSION, PASSED, Verdict, judge_pairs
from kg_assets.stage.ledger import Dropped, WorkItem
from kg_assets.synthesis.forms.table import FORMS
from resources.models.types import Ask
from resources.warehouse.warehouse import Warehouse

Judged = tuple[QaPair, Verdict]


def curation_items(warehouse: Warehouse, include_enrichment: bool = True) -> list[WorkItem[Judged]]:
    """Every current pair with the verdict of the gates.

    A row's key is the pair's content, and with it the verdict where that depends on other rows: what the
    gates said of a pair alone is then found by its key, and no pair is judged twice.

    Unless `include_enrichment`, pairs about units that only pages of an encyclopedia speak of are stopped.
    """
    pairs, item_ids = [], []
    for stage in (form.stage for form in FORMS):
        pairs += warehouse.rows(QaPair, f"FROM current_{stage}")
        item_ids += [
            row for (row,) in warehouse.frame(f"SELECT item_id FROM current_{stage}").itertuples(index=False)
        ]
    keys, known = [_key(pair) for pair in pairs], _known(warehouse)
    looked_up = set() if include_enrichment else _looked_up(warehouse)
    verdicts = judge_pairs(pairs, [known.get(key) for key in keys], looked_up)
    return [
        WorkItem(item_id, _with_verdict(key, verdict), (pair, verdict))
        for item_id, key, pair, verdict in zip(item_ids, keys, pairs, verdicts, strict=True)
    ]


def _known(warehouse: Warehouse) -> dict[str, Verdict]:
    """Earlier verdicts by row key."""
    with warehouse.connect() as connection:
        done = connection.execute("SELECT key FROM done WHERE stage = 'curated_qa'").fetchall()
        drops = connection.execute(
            "SELECT key, reason, detail FROM drops WHERE stage = 'curated_qa'"
        ).fetchall()
    return {key: PASSED for (key,) in done} | {key: Verdict(*why) for key, *why in drops}


def _looked_up(warehouse: Warehouse) -> set[str]:
    with warehouse.connect() as connection:
        found = connection.execute("SELECT unit_id FROM current_units WHERE origin <> ''").fetchall()
    return {unit_id for (unit_id,) in found}


def _key(pair: QaPair) -> str:
    said = pair.qa_id, pair.form, pair.question, pair.answer, pair.reasoning, pair.unit_ids, pair.language
    return fingerprint(GATES_VERSION, said)


def _with_verdict(key: str, verdict: Verdict) -> str:
    return fingerprint(key, verdict.gate, verdict.detail) if verdict.gate in DEPENDS_ON_OTHERS else key


async def pass_or_drop(item: WorkItem[Judged], _ask: Ask) -> list[QaPair]:
    """The pair itself.

    Raises:
        Dropped: a gate stopped it.
    """
    pair, verdict = item.payload
    if verdict.gate:
        raise Dropped(verdict.gate, verdict.detail, f"Q: {pair.question}\nA: {pair.answer}")
    return [pair]


def unsupported_pairs(warehouse: Warehouse) -> list[str]:
    """Ids of current curated pairs without any evidence; a broken promise if there are any."""
    frame = warehouse.frame("""
        WITH described AS (
            SELECT DISTINCT t.unit_id FROM current_items i JOIN claims t ON t.key = i.key
            SEMI JOIN current_chunks c ON c.chunk_id = i.item_id WHERE i.stage = 'claims'
            UNION SELECT unit_id FROM current_enrichment_claims
        ), pairs AS (
            SELECT qa_id, unnest(from_json(unit_ids, '["VARCHAR"]')) AS unit_id FROM current_curated_qa
        )
        SELECT qa_id FROM current_curated_qa ANTI JOIN (SELECT qa_id FROM pairs SEMI JOIN described
            USING (unit_id)) USING (qa_id)
    """)
    return list(frame["qa_id"])
