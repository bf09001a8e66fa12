"""The curated_qa stage: every pair passes or is a drop, and is judged anew when it or its verdict changes."""

from dataclasses import replace

import pytest

from kg_assets.domain import Chunk
from kg_assets.quality.curate import curation_items, pass_or_drop, unsupported_pairs
from kg_assets.stage.ledger import Ledger
from resources.warehouse.warehouse import Warehouse
from tests.kg_assets.stage_samples import entity_claim, pair, store

ATOMIC = pair("Who built it?")
TEXTUAL = pair("What does the text say?")
AGGREGATED = pair("What is it about?", form="aggregated")
HOPS = pair("Which plant?", form="multi_hop", reasoning=["one", "two"])


@pytest.fixture
def filled(warehouse: Warehouse) -> Warehouse:
    store(warehouse, "qa_multi_hop", {"s1": [HOPS]})
    store(warehouse, "qa_atomic", {"s1/e1": [ATOMIC], "s1/e2": [TEXTUAL]}, {"s1/e3": "invalid_json"})
    store(warehouse, "qa_aggregated", {"s1": [AGGREGATED]})
    return warehouse


def test_pairs_of_all_forms_come_in_a_stable_order_with_their_items(filled: Warehouse) -> None:
    items = curation_items(filled)
    assert [(item.item_id, item.payload[0].question) for item in items] == [
        ("s1/e1", ATOMIC.question),
        ("s1/e2", TEXTUAL.question),
        ("s1", AGGREGATED.question),
        ("s1", HOPS.question),
    ]
    assert curation_items(filled) == items


def test_what_a_gate_stopped_is_a_drop_that_names_it_and_shows_the_pair(filled: Warehouse) -> None:
    ledger, items = Ledger(filled, "curated_qa", "run"), curation_items(filled)
    counts = ledger.execute(items, ledger.pending(items), pass_or_drop)
    assert (counts.rows_in, counts.new, counts.dropped) == (4, 3, 1)
    (drop,) = filled.frame("SELECT reason, raw FROM current_drops WHERE stage = 'curated_qa'").to_dict(
        "records"
    )
    assert drop["reason"] == "refers_to_input"
    assert drop["raw"] == f"Q: {TEXTUAL.question}\nA: {TEXTUAL.answer}"


def test_no_pair_is_judged_twice(filled: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger, items = Ledger(filled, "curated_qa", "run"), curation_items(filled)
    ledger.execute(items, ledger.pending(items), pass_or_drop)
    monkeypatch.setattr("kg_assets.quality.gates.table.GATES", ())  # would let all pass
    assert curation_items(filled) == items


@pytest.mark.parametrize(
    "change", [{"reasoning": ("one", "three")}, {"language": "de"}, {"answer": "Leeds did."}]
)
def test_a_pair_that_changed_in_any_part_is_curated_anew(
    filled: Warehouse, change: dict[str, object]
) -> None:
    before = {item.payload[0].form: item.key for item in curation_items(filled)}
    store(filled, "qa_multi_hop", {"s1": [replace(HOPS, **change)]})  # type: ignore[arg-type]
    after = {item.payload[0].form: item.key for item in curation_items(filled)}
    assert before.pop("multi_hop") != after.pop("multi_hop")
    assert before == after


def test_a_duplicate_passes_when_its_original_is_gone(filled: Warehouse) -> None:
    twin = replace(ATOMIC, qa_id="q-twin", unit_ids=("e2",))
    store(filled, "qa_atomic", {"s1/e1": [ATOMIC], "s1/e2": [twin]})
    first, second = curation_items(filled)[:2]
    assert (first.payload[1].gate, second.payload[1].gate) == ("", "duplicate")
    store(filled, "qa_atomic", {"s1/e2": [twin]})
    alone = curation_items(filled)[0]
    assert alone.payload[1].gate == ""
    assert alone.key != second.key


def test_a_pair_without_evidence_is_found(filled: Warehouse) -> None:
    chunk = Chunk("c1", "a.md", "v1", 0, 0, 20, "Harrow Works made it", 4, (), "en")
    claim = entity_claim("Harrow Works").claim
    store(filled, "chunks", {"a.md": [chunk]})
    store(filled, "claims", {"c1": [claim]})
    supported = pair("Who made it?", unit_ids=["e-unknown", claim.unit_id])
    store(filled, "curated_qa", {"s1": [supported], "s2": [ATOMIC]})
    assert unsupported_pairs(filled) == [ATOMIC.qa_id]
