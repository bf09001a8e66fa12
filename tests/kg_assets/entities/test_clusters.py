"""Joins are transitive, do not depend on any order, and never bring together what is kept apart."""

import random

from hypothesis import given
from hypothesis import strategies as st

from kg_assets.domain import entity_id
from kg_assets.entities.clusters import OWN_FILE, aliases
from kg_assets.entities.resolve import rule_decisions
from kg_assets.entities.types import Decision, Passage, Verdict, ordered
from tests.kg_assets.entities.naming import named

NAMES = [f"thing {letter}" for letter in "abcdefgh"]


def decision(
    one: str, other: str, verdict: Verdict, confidence: float = 0.9, method: str = "rule"
) -> Decision:
    return Decision(*ordered(entity_id(one), entity_id(other)), verdict, method, confidence, "because")


pairs = st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)).filter(lambda pair: pair[0] < pair[1])


@given(
    same=st.dictionaries(pairs, st.sampled_from([0.8, 0.9, 1.0]), max_size=14),
    different=st.sets(pairs, max_size=6),
    seed=st.randoms(use_true_random=False),
)
def test_joins_are_transitive_and_keep_apart_whatever_the_order(
    same: dict[tuple[str, str], float], different: set[tuple[str, str]], seed: random.Random
) -> None:
    entities = [named(name) for name in NAMES]
    decisions = [decision(*pair, "same", sure) for pair, sure in same.items() if pair not in different]
    decisions += [decision(*pair, "different", 1.0, OWN_FILE) for pair in different]
    rows = aliases(entities, decisions)
    canonical = {row.alias_id: row.canonical_id for row in rows}
    assert not canonical.keys() & set(canonical.values())
    for one, other in different:
        ends = [canonical.get(entity_id(name), entity_id(name)) for name in (one, other)]
        assert ends[0] != ends[1]
    if not different:
        for one, other in same:
            ends = [canonical.get(entity_id(name), entity_id(name)) for name in (one, other)]
            assert ends[0] == ends[1]
    seed.shuffle(entities)
    seed.shuffle(decisions)
    assert aliases(entities, decisions) == rows


@given(st.randoms(use_true_random=False))
def test_decisions_do_not_depend_on_the_order_of_entities_and_texts(seed: random.Random) -> None:
    names = ["Deep Space Network", "DSN", "deep-space network", "solar panel", "solar panels", "Ada Byron"]
    entities = [*map(named, names), named("Dr. Ada Byron", "person"), named("A. Byron", "person")]
    passages = [
        Passage("c1", "The Deep Space Network (DSN) listens."),
        Passage("c2", "DSN (Deep Space Network)."),
    ]
    expected = rule_decisions(entities, passages)
    seed.shuffle(entities)
    seed.shuffle(passages)
    assert rule_decisions(entities, passages) == expected


def test_the_written_out_name_is_canonical_then_the_one_of_most_claims() -> None:
    network, dsn = named("Deep Space Network"), named("DSN", claims=9)
    hyphens = named("Deep-Space Network", claims=4)
    rows = aliases([network, dsn, hyphens], rule_decisions([network, dsn, hyphens], []))
    assert {(row.canonical, row.alias) for row in rows} == {
        ("Deep-Space Network", "DSN"),
        ("Deep-Space Network", "Deep Space Network"),
    }


def test_the_users_names_count_first_and_the_first_of_them_is_canonical() -> None:
    entities = [named(name) for name in ("thing a", "thing b", "thing c")]
    decisions = [
        decision("thing b", "thing c", "same"),
        decision("thing a", "thing c", "different", 1.0, OWN_FILE),
    ]
    rows = aliases(entities, decisions, [["The Thing", "thing b", "thing a"]])
    assert [(row.canonical, row.alias, row.method) for row in rows] == [
        ("The Thing", alias, OWN_FILE) for alias in sorted(("thing a", "thing b"), key=entity_id)
    ]
    assert {row.canonical_id for row in rows} == {entity_id("The Thing")}


def test_an_alias_says_what_ties_it_to_the_rest() -> None:
    entities = [named(name) for name in NAMES[:3]]
    decisions = [
        decision("thing a", "thing b", "same", 0.9, "first"),
        decision("thing b", "thing c", "same", 0.8, "last"),
    ]
    rows = aliases(entities, decisions)
    assert {(row.canonical, row.alias): row.method for row in rows} == {
        ("thing a", "thing b"): "first",
        ("thing a", "thing c"): "last",
    }
