"""Which questions are written, and when one is written anew."""

from dataclasses import replace

from kg_assets.domain import GraphUnit, Subgraph
from kg_assets.synthesis.forms.aggregated import aggregated_items
from kg_assets.synthesis.forms.atomic import atomic_items
from kg_assets.synthesis.forms.multi_hop import multi_hop_items
from kg_assets.synthesis.plan import current_subgraphs
from resources.warehouse.warehouse import Warehouse
from tests.kg_assets.stage_samples import entity, relation, store

IDENTITY = {"model": "m", "revision": "", "temperature": 0.0}
A, B, C, BARE = entity("A"), entity("B"), entity("C"), entity("D", "")
AB, BC = relation("A", "B"), relation("B", "C")
UNITS: dict[str, GraphUnit] = {unit.unit_id: unit for unit in (A, B, C, BARE, AB, BC)}


def subgraph(name: str, *units: GraphUnit, difficulty: str = "easy", loss: float | None = 0.5) -> Subgraph:
    entities = tuple(unit.unit_id for unit in units if unit.kind == "entity")
    relations = tuple(unit.unit_id for unit in units if unit.kind == "relation")
    return Subgraph(name, entities, relations, loss, difficulty, 9)  # type: ignore[arg-type]


BOTH = subgraph("s1", A, B, C, AB, BC)
ONE = subgraph("s2", A, B, AB)
LONE = subgraph("s3", BARE)


def test_each_described_unit_is_asked_about_once_with_the_first_subgraph_that_holds_it() -> None:
    items = atomic_items([ONE, BOTH, LONE], UNITS, IDENTITY)
    assert [item.item_id for item in items] == [
        *(f"s2/{unit.unit_id}" for unit in (AB, A, B)),
        *(f"s1/{unit.unit_id}" for unit in (BC, C)),
    ]


def test_a_fact_that_two_units_say_in_the_same_words_is_asked_about_once() -> None:
    twin = entity("B", AB.description)
    items = atomic_items([subgraph("s1", A, twin, AB)], UNITS | {twin.unit_id: twin}, IDENTITY)
    assert [item.payload for item in items] == [AB, A]


def test_an_aggregated_question_needs_two_described_units() -> None:
    items = aggregated_items([BOTH, LONE, subgraph("s4", A, BARE)], UNITS, IDENTITY)
    assert [item.item_id for item in items] == ["s1"]
    assert items[0].payload == ([AB, BC, A, B, C], "easy")


def test_a_multi_hop_question_needs_two_relations_and_is_about_relations_only() -> None:
    items = multi_hop_items([BOTH, ONE, LONE], UNITS, IDENTITY)
    assert [(item.item_id, item.payload) for item in items] == [("s1", [AB, BC])]


def test_every_item_leads_back_to_its_subgraph() -> None:
    found = [
        *atomic_items([BOTH], UNITS, IDENTITY),
        *aggregated_items([BOTH], UNITS, IDENTITY),
        *multi_hop_items([BOTH], UNITS, IDENTITY),
    ]
    assert {item.parent_id for item in found} == {"s1"}


def keys(found: list[Subgraph], units: dict[str, GraphUnit], identity: dict[str, object]) -> list[set[str]]:
    return [
        {item.key for item in plan(found, units, identity)}  # type: ignore[operator]
        for plan in (atomic_items, aggregated_items, multi_hop_items)
    ]


def test_another_loss_or_order_of_growth_changes_no_key_and_another_difficulty_only_the_style() -> None:
    shuffled = replace(
        BOTH, entity_ids=BOTH.entity_ids[::-1], relation_ids=BOTH.relation_ids[::-1], mean_loss=0.9
    )
    assert keys([BOTH], UNITS, IDENTITY) == keys([shuffled], UNITS, IDENTITY)
    atomic, aggregated, multi_hop = keys([replace(BOTH, difficulty="hard")], UNITS, IDENTITY)
    assert [atomic, multi_hop] == keys([BOTH], UNITS, IDENTITY)[::2]
    assert aggregated != keys([BOTH], UNITS, IDENTITY)[1]


def test_a_changed_unit_changes_the_questions_about_it_and_no_others() -> None:
    changed = UNITS | {A.unit_id: replace(A, description="A is another thing.", content_hash="other")}
    before, after = keys([BOTH], UNITS, IDENTITY), keys([BOTH], changed, IDENTITY)
    assert len(before[0] - after[0]) == 1
    assert before[1] != after[1]
    assert before[2] == after[2]


def test_another_model_changes_every_key() -> None:
    for before, after in zip(
        keys([BOTH], UNITS, IDENTITY), keys([BOTH], UNITS, IDENTITY | {"model": "n"}), strict=True
    ):
        assert not before & after


def test_a_unit_that_moves_to_another_subgraph_keeps_its_atomic_key() -> None:
    one, other = (
        atomic_items([ONE], UNITS, IDENTITY),
        atomic_items([subgraph("s9", A, B, AB)], UNITS, IDENTITY),
    )
    assert [item.key for item in one] == [item.key for item in other]
    assert one[0].item_id != other[0].item_id


def test_current_subgraphs_come_in_the_order_they_were_grown(warehouse: Warehouse) -> None:
    grown = [BOTH, replace(ONE, mean_loss=None), LONE]
    store(warehouse, "subgraphs", {found.subgraph_id: [found] for found in grown})
    assert current_subgraphs(warehouse) == grown
