"""Verdicts and the curated_qa stage: every gate says something of every pair it applies to, and says it once;
every pair passes or is a drop, and is judged anew when it, a gate or its verdict changes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import pytest

from kg_assets.domain import Chunk, QaPair, fingerprint
from kg_assets.quality.curate import Judged, curation_items, pass_or_drop, unsupported_pairs
from kg_assets.quality.gates.gate import Asking, Finding, Gate, Rule
from kg_assets.quality.gates.table import GATES
from kg_assets.quality.verdicts import asked_items, comparisons, look, rules, standing_pairs
from kg_assets.stage.bench import StageBench
from kg_assets.stage.ledger import Counts, Ledger, WorkItem, as_it_is
from kg_assets.stage.stage import Usual
from resources.models.types import Ask
from resources.warehouse.warehouse import Warehouse
from tests.kg_assets.stage_samples import entity_claim, pair, store

ATOMIC = pair("Who built it?")
TEXTUAL = pair("What does the text say?")
AGGREGATED = pair("What is it about?", form="aggregated")
HOPS = pair("Which plant?", form="multi_hop", reasoning=["one", "two"])
NAMES = [gate.name for gate in GATES]
RULES = sum(isinstance(gate.by, Rule) for gate in GATES)


@pytest.fixture
def filled(warehouse: Warehouse) -> Warehouse:
    store(warehouse, "qa_multi_hop", {"s1": [HOPS]})
    store(warehouse, "qa_atomic", {"s1/e1": [ATOMIC], "s1/e2": [TEXTUAL]}, {"s1/e3": "invalid_json"})
    store(warehouse, "qa_aggregated", {"s1": [AGGREGATED]})
    return warehouse


def by_rule(warehouse: Warehouse, gates: Sequence[Gate] = GATES) -> Counts:
    """Store the verdicts of the rules."""
    ledger, items = Ledger(warehouse, "rule_verdicts", "run", table="verdicts"), rules(gates, warehouse)
    return ledger.execute(items, ledger.pending(items), look)


def judged(warehouse: Warehouse) -> list[WorkItem[Judged]]:
    """All pairs after all gates."""
    by_rule(warehouse)
    allowing = SimpleNamespace(include_enrichment=True)
    bench = SimpleNamespace(warehouse=warehouse, settings=SimpleNamespace(export=allowing))
    items = comparisons(GATES, cast(StageBench, bench), {"rule_verdicts": False})
    ledger = Ledger(warehouse, "comparison_verdicts", "run", table="verdicts")
    ledger.execute(items, ledger.pending(items), as_it_is)
    return curation_items(warehouse, NAMES, {})


def test_pairs_of_all_forms_come_in_a_stable_order_with_their_subgraphs(filled: Warehouse) -> None:
    items = judged(filled)
    assert [(item.item_id, item.parent_id, item.payload.question) for item in items] == [
        (each.qa_id, "s1", each.question) for each in (ATOMIC, TEXTUAL, AGGREGATED, HOPS)
    ]
    assert judged(filled) == items


def test_each_gate_says_something_of_each_pair_until_one_stops_it(filled: Warehouse) -> None:
    judged(filled)
    frame = filled.frame("SELECT gate, outcome FROM current_verdicts")
    said = Counter(frame.itertuples(index=False, name=None))
    assert said["refers_to_input", "stop"] == 1
    assert said["about_nothing", "pass"] == said["empty", "pass"] == 4
    assert said["duplicate", "pass"] == said["looked_up", "pass"] == 3  # not of the one that is stopped
    assert sum(said.values()) == RULES * 4 + (len(GATES) - RULES) * 3


def test_what_a_gate_stopped_is_a_drop_that_names_it_and_shows_the_pair(filled: Warehouse) -> None:
    ledger, items = Ledger(filled, "curated_qa", "run"), judged(filled)
    counts = ledger.execute(items, ledger.pending(items), pass_or_drop)
    assert (counts.rows_in, counts.new, counts.dropped) == (4, 3, 1)
    (drop,) = filled.frame("SELECT reason, raw FROM current_drops WHERE stage = 'curated_qa'").to_dict(
        "records"
    )
    assert drop["reason"] == "refers_to_input"
    assert drop["raw"] == f"Q: {TEXTUAL.question}\nA: {TEXTUAL.answer}"


def test_no_pair_is_judged_twice(filled: Warehouse) -> None:
    assert by_rule(filled).new == RULES * 4
    assert by_rule(filled).new == 0
    store(filled, "qa_atomic", {"s1/e1": [ATOMIC], "s1/e2": [pair("Who knows?")]})
    assert by_rule(filled).new == RULES


def test_a_gates_new_version_judges_all_pairs_by_that_gate_alone(filled: Warehouse) -> None:
    by_rule(filled)
    stricter = [
        replace(gate, version="2", by=Rule(lambda _pair: "It is never enough."))
        if gate.name == "empty"
        else gate
        for gate in GATES
    ]
    assert by_rule(filled, stricter).new == 4
    assert {item.payload.gate for item in curation_items(filled, NAMES, {})} == {"empty"}


def test_a_gate_that_only_flags_stops_nothing(filled: Warehouse) -> None:
    flagging = [replace(gate, then="flag") for gate in GATES]
    by_rule(filled, flagging)
    frame = filled.frame("SELECT qa_id, detail FROM current_verdicts WHERE outcome = 'flag'")
    assert list(frame["qa_id"]) == [TEXTUAL.qa_id]
    assert not any(item.payload.gate for item in curation_items(filled, NAMES, {}))


@pytest.mark.parametrize(
    "change", [{"details": {"reasoning": ["one", "three"]}}, {"language": "de"}, {"answer": "Leeds did."}]
)
def test_a_pair_that_changed_in_any_part_is_curated_anew(
    filled: Warehouse, change: dict[str, object]
) -> None:
    before = {item.payload.form: item.key for item in judged(filled)}
    store(filled, "qa_multi_hop", {"s1": [replace(HOPS, **change)]})  # type: ignore[arg-type]
    after = {item.payload.form: item.key for item in judged(filled)}
    assert before.pop("multi_hop") != after.pop("multi_hop")
    assert before == after


def test_a_duplicate_passes_when_its_original_is_gone(filled: Warehouse) -> None:
    twin = replace(ATOMIC, qa_id="q-twin", unit_ids=("e2",))
    store(filled, "qa_atomic", {"s1/e1": [ATOMIC], "s1/e2": [twin]})
    first, second = judged(filled)[:2]
    assert (first.payload.gate, second.payload.gate) == ("", "duplicate")
    store(filled, "qa_atomic", {"s1/e2": [twin]})
    alone = judged(filled)[0]
    assert alone.payload.gate == ""
    assert alone.key != second.key


def test_a_stopped_pair_is_no_original_for_a_later_one(filled: Warehouse) -> None:
    broken = replace(ATOMIC, qa_id="q-broken", unit_ids=())
    store(filled, "qa_atomic", {"s1/e1": [broken], "s1/e2": [ATOMIC]})
    first, second = judged(filled)[:2]
    assert (first.payload.gate, second.payload.gate) == ("about_nothing", "")


def test_a_pair_that_two_items_give_is_one(filled: Warehouse) -> None:
    store(filled, "qa_atomic", {"s1/e1": [ATOMIC], "s2/e1": [ATOMIC]})
    assert [item.item_id for item in judged(filled)].count(ATOMIC.qa_id) == 1


def test_two_pairs_of_the_same_text_have_a_verdict_each_of_a_gate_that_asks(filled: Warehouse) -> None:
    twin = replace(ATOMIC, qa_id="q-twin", unit_ids=("e2",))
    store(filled, "qa_atomic", {"s1/e1": [ATOMIC], "s1/e2": [twin]})

    async def unsure(_item: WorkItem[QaPair], _ask: Ask) -> Finding:
        return Finding("Nobody knows.", 0.5)

    def by_text(pairs: Sequence[QaPair], _bench: StageBench) -> list[WorkItem[QaPair]]:
        return [WorkItem(each.qa_id, fingerprint(each.question), each) for each in pairs]

    asking = Asking(by_text, unsure, Usual(1, "units", 1, 1))
    gate = Gate("truth", "It is true.", "1", asking)
    bench = cast(StageBench, SimpleNamespace(warehouse=filled))
    items, judge = asked_items(gate, asking, bench, {"rule_verdicts": False})
    ledger = Ledger(filled, "comparison_verdicts", "run", table="verdicts")
    ledger.execute(items, ledger.pending(items), judge)
    said = filled.tuples("SELECT qa_id, gate, outcome, score FROM current_verdicts")
    assert {row[0] for row in said} == {ATOMIC.qa_id, "q-twin", AGGREGATED.qa_id, HOPS.qa_id}
    assert {row[1:] for row in said} == {("truth", "stop", 0.5)}


def test_a_gate_that_now_only_flags_judges_anew(filled: Warehouse) -> None:
    by_rule(filled)
    flagging = [replace(gate, then="flag") if gate.name == "empty" else gate for gate in GATES]
    assert by_rule(filled, flagging).new == 4


def test_a_pair_that_a_gate_could_not_judge_does_not_pass(filled: Warehouse) -> None:
    by_rule(filled)
    dropped = [(ATOMIC.qa_id, "topics"), (HOPS.qa_id, "taxonomy")]  # as if these two asked a model
    with filled.transaction() as connection:
        for qa_id, stage in dropped:
            connection.execute(
                "INSERT INTO drops VALUES (?, ?, ?, NULL, 'timeout', 'No answer.', '', true, 'run', 't')",
                [stage, qa_id, qa_id],
            )
            connection.execute(
                "INSERT INTO current_items VALUES (?, 0, ?, ?, NULL, NULL)", [stage, qa_id, qa_id]
            )
    found = {item.item_id: item.payload for item in curation_items(filled, NAMES, {"topics": "truth"})}
    assert found[ATOMIC.qa_id].gate == "not_judged"
    assert found[ATOMIC.qa_id].detail == "truth could not judge it: No answer."
    assert found[HOPS.qa_id].gate == ""
    before = {"rule_verdicts": False, "topics": True, "taxonomy": False}
    assert {each.qa_id for each in standing_pairs(filled, before)} == {HOPS.qa_id, AGGREGATED.qa_id}


def test_a_pair_without_evidence_is_found(filled: Warehouse) -> None:
    chunk = Chunk("c1", "a.md", "v1", 0, 0, 20, "Harrow Works made it", 4, (), "en")
    claim = entity_claim("Harrow Works").claim
    store(filled, "chunks", {"a.md": [chunk]})
    store(filled, "claims", {"c1": [claim]})
    supported = pair("Who made it?", unit_ids=["e-unknown", claim.unit_id])
    store(filled, "curated_qa", {"s1": [supported], "s2": [ATOMIC]})
    assert unsupported_pairs(filled) == [ATOMIC.qa_id]
