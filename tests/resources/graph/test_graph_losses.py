"""A loss is on the units that were measured as they are now, and on no others."""

from dataclasses import replace
from typing import Any

import pytest

from resources.errors import GraphError
from resources.graph.store import GraphStore
from resources.graph.types import Tally
from tests.resources.graph.states import entity, relation, two_documents


def losses(store: GraphStore, corpus: str) -> dict[str, tuple[float, float, str]]:
    """Loss, confidence and trainee by unit id, of the units that have any of the three."""
    dump = store.dump(corpus)
    units = dump["nodes"]["Entity"] + [r["properties"] for r in dump["relationships"]["RELATED_TO"]]
    names = ("loss", "confidence", "trainee")
    return {
        unit["id"]: tuple(unit[name] for name in names) for unit in units if not unit.keys().isdisjoint(names)
    }


def test_losses_are_on_exactly_the_measured_units(store: GraphStore, corpus: str) -> None:
    store.sync(corpus, two_documents())
    first = store.set_losses(corpus, {"e1": 1.5, "r1": 0.25}, {"e1": 0.2, "r1": 0.8}, "small")
    assert first == Tally(created=2)
    assert losses(store, corpus) == {"e1": (1.5, 0.2, "small"), "r1": (0.25, 0.8, "small")}
    second = store.set_losses(
        corpus, {"e1": 1.5, "e2": 3, "r2": 0.0}, {"e1": 0.2, "e2": 1, "r2": 1.0}, "small"
    )
    assert second == Tally(created=2, deleted=1, unchanged=1)
    assert losses(store, corpus) == {
        "e1": (1.5, 0.2, "small"),
        "e2": (3.0, 1.0, "small"),
        "r2": (0.0, 1.0, "small"),
    }


def test_losses_of_another_trainee_replace_the_old_ones(store: GraphStore, corpus: str) -> None:
    store.sync(corpus, two_documents())
    store.set_losses(corpus, {"e1": 1.5, "r1": 0.25}, {"e1": 0.2, "r1": 0.8}, "before")
    assert store.set_losses(corpus, {"e1": 0.5, "r1": 0.25}, {"e1": 0.2, "r1": 0.8}, "after") == Tally(
        updated=2
    )
    assert losses(store, corpus) == {"e1": (0.5, 0.2, "after"), "r1": (0.25, 0.8, "after")}


def test_no_losses_remove_all(store: GraphStore, corpus: str) -> None:
    store.sync(corpus, two_documents())
    before = store.dump(corpus)
    store.set_losses(corpus, {"e1": 1.5, "r1": 0.25}, {"e1": 0.2, "r1": 0.8}, "small")
    assert store.set_losses(corpus, {}, {}, "small") == Tally(deleted=2)
    assert store.dump(corpus) == before


def test_the_same_losses_are_not_written_again(store: GraphStore, corpus: str, written: list[Any]) -> None:
    store.sync(corpus, two_documents())
    numbers = {"e1": 0.1, "r1": 0.1 + 0.2}
    store.set_losses(corpus, numbers, numbers, "small")
    written.clear()
    assert store.set_losses(corpus, numbers, numbers, "small") == Tally(unchanged=2)
    assert written == []


def test_a_changed_unit_loses_its_loss_and_an_unchanged_one_keeps_it(store: GraphStore, corpus: str) -> None:
    state = two_documents()
    store.sync(corpus, state)
    numbers = {"e1": 0.1, "e2": 0.2, "r1": 0.3, "r2": 0.4}
    store.set_losses(corpus, numbers, numbers, "small")
    changed = replace(
        state,
        entities=[entity("e1", ("c1", "c2"), "changed"), *state.entities[1:]],
        relations=[relation("r1", "e1", "e2", ("c2",), "changed"), state.relations[1]],
    )
    store.sync(corpus, changed)
    assert losses(store, corpus) == {"e2": (0.2, 0.2, "small"), "r2": (0.4, 0.4, "small")}


def test_a_relation_that_is_turned_round_loses_its_loss(store: GraphStore, corpus: str) -> None:
    state = two_documents()
    store.sync(corpus, state)
    store.set_losses(corpus, {"r1": 0.3}, {"r1": 0.3}, "small")
    store.sync(corpus, replace(state, relations=[relation("r1", "e2", "e1", ("c2",))]))
    assert losses(store, corpus) == {}


def test_a_loss_of_a_unit_that_is_not_in_the_graph_is_an_error(store: GraphStore, corpus: str) -> None:
    store.sync(corpus, two_documents())
    with pytest.raises(GraphError, match=r"does not hold 1 of the judged units \(such as 'e9'\)"):
        store.set_losses(corpus, {"e1": 0.1, "e9": 0.1}, {"e1": 0.1, "e9": 0.1}, "small")
    assert losses(store, corpus) == {}


@pytest.mark.parametrize("wrong", [None, float("nan"), float("inf"), "0.5", True])
def test_a_loss_that_is_no_number_is_refused(store: GraphStore, corpus: str, wrong: Any) -> None:
    store.sync(corpus, two_documents())
    with pytest.raises(ValueError, match="loss of unit 'e1' must be a finite number"):
        store.set_losses(corpus, {"e1": wrong}, {"e1": 0.5}, "small")
    with pytest.raises(ValueError, match="confidence of unit 'e1' must be a finite number"):
        store.set_losses(corpus, {"e1": 0.5}, {"e1": wrong}, "small")


def test_loss_and_confidence_must_be_of_the_same_units(store: GraphStore, corpus: str) -> None:
    with pytest.raises(ValueError, match="only one of them has"):
        store.set_losses(corpus, {"e1": 0.5}, {"e2": 0.5}, "small")
