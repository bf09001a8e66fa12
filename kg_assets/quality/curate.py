"""The curated_qa stage: all current pairs through the gates, in a stable order."""

from dataclasses import asdict

from kg_assets.domain import QaPair, fingerprint
from kg_assets.ledger import Dropped, WorkItem
from kg_assets.quality.gates import GATES_VERSION, PASSED, Verdict, judge_pairs
from kg_assets.warehouse_reads import current_evidence
from resources.models.types import Ask
from resources.warehouse.warehouse import Warehouse

QA_STAGES = ("qa_atomic", "qa_aggregated", "qa_multi_hop")
Judged = tuple[QaPair, Verdict]


def curation_items(warehouse: Warehouse) -> list[WorkItem[Judged]]:
    """Every current pair with the verdict of the gates; the key changes with either."""
    pairs, item_ids = [], []
    for stage in QA_STAGES:
        pairs += warehouse.rows(QaPair, f"FROM current_{stage}")
        item_ids += [
            row for (row,) in warehouse.frame(f"SELECT item_id FROM current_{stage}").itertuples(index=False)
        ]
    with warehouse.connect() as connection:
        done = {
            key for (key,) in connection.execute("SELECT key FROM done WHERE stage = 'curated_qa'").fetchall()
        }
    keys = [_key(pair, PASSED) for pair in pairs]
    verdicts = judge_pairs(pairs, [key in done for key in keys])
    return [
        WorkItem(item_id, _key(pair, verdict) if verdict.gate else key, (pair, verdict))
        for item_id, key, pair, verdict in zip(item_ids, keys, pairs, verdicts, strict=True)
    ]


def _key(pair: QaPair, verdict: Verdict) -> str:
    return fingerprint(GATES_VERSION, asdict(pair), asdict(verdict))


def pass_or_drop(item: WorkItem[Judged], _ask: Ask) -> list[QaPair]:
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
    evidence = current_evidence(warehouse)
    pairs = warehouse.rows(QaPair, "FROM current_curated_qa")
    return [pair.qa_id for pair in pairs if not any(evidence.get(unit_id) for unit_id in pair.unit_ids)]
