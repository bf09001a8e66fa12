"""The verdicts of the gates: by rule, by a model, and of all pairs together."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, replace
from typing import Any

from kg_assets.domain import QaPair, fingerprint
from kg_assets.quality.gates.gate import Asking, Comparison, Finding, Gate, Rule, Verdict
from kg_assets.stage.bench import StageBench
from kg_assets.stage.ledger import Query, Work, WorkItem
from kg_assets.synthesis.forms.table import FORMS
from resources.models.types import Ask
from resources.warehouse.warehouse import Warehouse

VERDICTS = "verdicts"
Looked = tuple[Gate, Rule, QaPair]
Before = Mapping[str, bool]
"""Stages that have judged before, by name, and whether a pair that they could not judge does not pass."""


def rules(gates: Sequence[Gate], warehouse: Warehouse) -> Query[Looked]:
    """Every pair under every gate that is a rule and applies to its form; DuckDB finds those that were never
    judged, so that no pair is looked at twice."""
    by_rule = [(gate, gate.by) for gate in gates if isinstance(gate.by, Rule)]
    known = {gate.name: (gate, rule) for gate, rule in by_rule}

    def load(item_ids: Sequence[str]) -> Mapping[str, Looked]:
        of_pair = [item_id.partition("/") for item_id in item_ids]
        pairs = {
            pair.qa_id: pair
            for pair in warehouse.rows(
                QaPair,
                "FROM written_qa WHERE qa_id IN (SELECT unnest(?))",
                [list({qa_id for qa_id, _, _ in of_pair})],
            )
        }
        return {f"{qa_id}/{name}": (*known[name], pairs[qa_id]) for qa_id, _, name in of_pair}

    parameters = {
        "gates": list(known),
        "identities": [gate.identity for gate, _ in by_rule],
        "exempt": [f"{form.name}/{gate}" for form in FORMS for gate in form.exempt],
    }
    return Query(_RULES, parameters, load)


_RULES = """
    SELECT (row_number() OVER (ORDER BY q.form_place, q.position, g.place))::INTEGER AS position,
        q.qa_id || '/' || g.gate AS item_id,
        row_key([g.identity, q.qa_id, q.details::VARCHAR, q.language]) AS key
    FROM written_qa q CROSS JOIN (
        SELECT unnest($gates) AS gate, unnest($identities) AS identity, unnest(range(len($gates))) AS place
    ) g
    WHERE q.form || '/' || g.gate NOT IN (SELECT unnest($exempt::VARCHAR[]))
"""


async def look(item: WorkItem[Looked], _ask: Ask) -> list[Verdict]:
    """The verdict of a rule on a pair."""
    gate, rule, pair = item.payload
    return [gate.verdict(pair.qa_id, Finding(rule.check(pair)))]


def asked_items(
    gate: Gate, asking: Asking, bench: StageBench, before: Before
) -> tuple[list[WorkItem[Any]], Work[Any]]:
    """What a gate asks about the pairs that the stages `before` have not stopped, and how it judges them."""
    found = asking.items(_applicable(gate, standing_pairs(bench.warehouse, before)), bench)

    async def judge(item: WorkItem[Any], ask: Ask) -> list[Verdict]:
        return [gate.verdict(item.item_id, await asking.judge(item, ask))]

    return [replace(item, key=fingerprint(gate.identity, item.item_id, item.key)) for item in found], judge


def comparisons(gates: Sequence[Gate], bench: StageBench, before: Before) -> list[WorkItem[Verdict]]:
    """The verdicts of the gates that look at all pairs, each on those that none before has stopped."""
    pairs = standing_pairs(bench.warehouse, before)
    items = []
    for gate in gates:
        if isinstance(gate.by, Comparison):
            seen = _applicable(gate, pairs)
            found = gate.by.find(seen, bench)
            verdicts = [gate.verdict(pair.qa_id, found.get(pair.qa_id, Finding())) for pair in seen]
            items += [
                WorkItem(f"{row.qa_id}/{row.gate}", fingerprint(gate.identity, *astuple(row)), row)
                for row in verdicts
            ]
            stopped = {row.qa_id for row in verdicts if row.outcome == "stop"}
            pairs = [pair for pair in pairs if pair.qa_id not in stopped]
    return items


def standing_pairs(warehouse: Warehouse, before: Before) -> list[QaPair]:
    """The pairs, in order, that no gate of these stages has stopped, or could not judge and would have."""
    return warehouse.rows(
        QaPair,
        "FROM written_qa WHERE qa_id NOT IN ("
        "SELECT qa_id FROM current_verdicts WHERE outcome = 'stop' AND stage IN (SELECT unnest($all)) "
        "UNION ALL SELECT item_id FROM current_drops WHERE stage IN (SELECT unnest($stopping::VARCHAR[]))) "
        "ORDER BY form_place, position",
        {"all": list(before), "stopping": [stage for stage, stops in before.items() if stops]},
    )


def _applicable(gate: Gate, pairs: Sequence[QaPair]) -> list[QaPair]:
    exempt = {form.name for form in FORMS if gate.name in form.exempt}
    return [pair for pair in pairs if pair.form not in exempt]
