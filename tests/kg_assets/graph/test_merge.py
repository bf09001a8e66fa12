"""Merging: the graph is a function of the claims and nothing else."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg_assets.claims.extract import UNKNOWN_TYPE
from kg_assets.claims.merge import ChunkClaim, MergedUnit, merge_claims
from kg_assets.domain import entity_id, normalise_name, relation_id
from kg_assets.graph.merge import describe, unit_key, with_description
from tests.kg_assets.stage_samples import Scripted, awaited, entity_claim, in_chinese, relation_claim, words

IDENTITY = {"model": "m", "revision": "", "temperature": 0.0}


def by_id(merged: list[MergedUnit]) -> dict[str, MergedUnit]:
    return {found.unit.unit_id: found for found in merged}


def test_claims_of_one_name_in_any_spelling_are_one_entity() -> None:
    claims = [
        entity_claim("Harrow Works", "Harrow Works makes pumps."),
        entity_claim("HARROW  works", "Harrow Works is in Leeds.", chunk_id="c2"),
        entity_claim("“Harrow Works”", "Harrow Works makes pumps.", chunk_id="c3"),
    ]
    (found,) = merge_claims(claims)
    assert found.unit.unit_id == entity_id("harrow works")
    assert found.descriptions == ("Harrow Works makes pumps.", "Harrow Works is in Leeds.")
    assert found.chunk_ids == ("c1", "c2", "c3")
    assert found.claims == 3


def test_the_name_and_the_type_are_the_majoritys() -> None:
    claims = [
        entity_claim("ibm", "a", "work"),
        entity_claim("IBM", "b", "organization"),
        entity_claim("IBM", "c", "organization"),
    ]
    (found,) = merge_claims(claims)
    assert (found.unit.name, found.unit.type) == ("IBM", "organization")


def test_a_tie_goes_to_the_first() -> None:
    claims = [entity_claim("ibm", "a", "work"), entity_claim("IBM", "b", "organization")]
    assert [(f.unit.name, f.unit.type) for f in merge_claims(claims)] == [("ibm", "work")]
    assert [(f.unit.name, f.unit.type) for f in merge_claims(claims[::-1])] == [("IBM", "organization")]


def test_a_known_type_outvotes_any_number_of_unknown_ones() -> None:
    claims = [entity_claim("IBM", d, UNKNOWN_TYPE) for d in "abc"] + [
        entity_claim("IBM", "d", "organization")
    ]
    assert merge_claims(claims)[0].unit.type == "organization"


def test_a_relation_is_one_per_unordered_pair_and_its_direction_the_majoritys() -> None:
    claims = [
        relation_claim("Leeds", "Harrow Works", "a"),
        relation_claim("Harrow Works", "leeds", "b"),
        relation_claim("HARROW WORKS", "Leeds", "c"),
    ]
    relation = merge_claims(claims)[-1]
    assert relation.unit.unit_id == relation_id("Leeds", "Harrow Works")
    assert (relation.unit.source_id, relation.unit.target_id) == (
        entity_id("Harrow Works"),
        entity_id("Leeds"),
    )
    assert (relation.unit.source, relation.unit.target) == ("Harrow Works", "Leeds")
    assert relation.descriptions == ("a", "b", "c")


def test_a_tie_of_directions_goes_to_the_first() -> None:
    claims = [relation_claim("A", "B", "1"), relation_claim("B", "A", "2")]
    assert merge_claims(claims)[-1].unit.source == "A"
    assert merge_claims(claims[::-1])[-1].unit.source == "B"


def test_direction_and_type_of_a_relation_are_those_that_most_claims_give_together() -> None:
    said = [("A", "B", "owns"), ("B", "A", "made by"), ("A", "B", "near"), ("B", "A", "made by")]
    claims = [
        replace(made, claim=replace(made.claim, type=type_))
        for made, type_ in ((relation_claim(s, t, str(i)), type_) for i, (s, t, type_) in enumerate(said))
    ]
    unit = merge_claims(claims)[-1].unit
    assert (unit.source, unit.type, unit.target) == ("B", "made by", "A")
    unit = merge_claims(claims[:3])[-1].unit
    assert (unit.source, unit.type, unit.target) == ("A", "owns", "B")


def test_a_relation_that_names_an_unknown_entity_creates_it_with_type_unknown() -> None:
    claims = [
        entity_claim("Leeds", "Leeds is a city.", "location"),
        relation_claim("Harrow Works", "Leeds", chunk_id="c2"),
    ]
    leeds, works, relation = merge_claims(claims)
    assert (works.unit.name, works.unit.type, works.descriptions) == ("Harrow Works", UNKNOWN_TYPE, ())
    assert (works.chunk_ids, works.claims) == (("c2",), 1)
    assert (leeds.unit.type, leeds.chunk_ids, leeds.claims) == ("location", ("c1",), 1)
    assert relation.unit.kind == "relation"


def test_a_relation_shows_its_ends_under_the_names_their_own_claims_give_them() -> None:
    claims = [relation_claim("harrow works", "LEEDS"), entity_claim("Harrow Works"), entity_claim("Leeds")]
    relation = merge_claims(claims)[-1]
    assert (relation.unit.source, relation.unit.target) == ("Harrow Works", "Leeds")


def test_entities_come_first_and_each_kind_in_order_of_first_mention() -> None:
    claims = [relation_claim("B", "A"), entity_claim("C"), entity_claim("A"), relation_claim("C", "B")]
    merged = merge_claims(claims)
    assert [f.unit.name or (f.unit.source, f.unit.target) for f in merged] == [
        "B",
        "A",
        "C",
        ("B", "A"),
        ("C", "B"),
    ]


def test_the_language_is_that_of_most_claims() -> None:
    claims = [
        in_chinese(entity_claim("茶", "a")),
        in_chinese(entity_claim("茶", "b")),
        entity_claim("茶", "c"),
    ]
    assert merge_claims(claims)[0].unit.language == "zh"


NAMES = st.sampled_from(["A", "a ", "B", "“b”", "C", "茶"])
CHUNKS = st.sampled_from(["c1", "c2", "c3", "c4"])
CLAIMS = st.lists(
    st.one_of(
        st.builds(
            lambda name, text, kind, c: entity_claim(name, text, kind, chunk_id=c),
            NAMES,
            st.sampled_from(["one", "two"]),
            st.sampled_from(["person", "place", UNKNOWN_TYPE]),
            CHUNKS,
        ),
        st.builds(lambda a, b, c: relation_claim(a, b, chunk_id=c), NAMES, NAMES, CHUNKS).filter(
            lambda made: normalise_name(made.claim.source) != normalise_name(made.claim.target)
        ),
    ),
    max_size=12,
)


@given(CLAIMS)
def test_every_unit_is_supported_and_every_end_of_a_relation_stands(claims: list[ChunkClaim]) -> None:
    merged = by_id(merge_claims(claims))
    assert set(merged) >= {made.claim.unit_id for made in claims}
    for found in merged.values():
        assert found.claims > 0
        assert found.chunk_ids
        assert set(found.chunk_ids) <= {made.chunk_id for made in claims}
        if found.unit.kind == "relation":
            assert {found.unit.source_id, found.unit.target_id} <= set(merged)


@given(CLAIMS, st.randoms(use_true_random=False))
def test_in_any_order_of_claims_the_same_units_have_the_same_support(
    claims: list[ChunkClaim], random: object
) -> None:
    shuffled = list(claims)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = by_id(merge_claims(claims)), by_id(merge_claims(shuffled))
    assert set(one) == set(other)
    for unit_id, found in one.items():
        again = other[unit_id]
        assert set(found.descriptions) == set(again.descriptions)
        assert set(found.chunk_ids) == set(again.chunk_ids)
        assert found.claims == again.claims
        types = Counter(
            made.claim.type
            for made in claims
            if made.claim.kind == "entity"
            and made.claim.unit_id == unit_id
            and made.claim.type != UNKNOWN_TYPE
        ).most_common(2)
        if len(types) < 2 or types[0][1] > types[1][1]:
            assert found.unit.type == again.unit.type


@given(CLAIMS, st.data())
def test_what_no_claim_speaks_of_any_more_leaves_the_graph(
    claims: list[ChunkClaim], data: st.DataObject
) -> None:
    gone = data.draw(CHUNKS)
    left = [made for made in claims if made.chunk_id != gone]
    merged = merge_claims(left)
    spoken_of = {made.claim.unit_id for made in left}
    ends = {
        entity_id(n)
        for made in left
        if made.claim.kind == "relation"
        for n in (made.claim.source, made.claim.target)
    }
    assert {found.unit.unit_id for found in merged} == spoken_of | ends
    assert all(gone not in found.chunk_ids for found in merged)


@given(CLAIMS)
def test_merging_again_gives_the_same(claims: list[ChunkClaim]) -> None:
    assert merge_claims(claims) == merge_claims(list(claims))


def test_descriptions_that_fit_stand_side_by_side_without_a_model() -> None:
    (found,) = merge_claims([entity_claim("A", "A is one."), entity_claim("A", "A is two")])
    unit = awaited(describe(found, 100, words, Scripted()))
    assert unit.description == "A is one. A is two."


def test_chinese_descriptions_stand_without_spaces() -> None:
    (found,) = merge_claims([in_chinese(entity_claim("茶", t)) for t in ("茶含有咖啡因", "茶产于中国。")])
    assert awaited(describe(found, 100, words, Scripted())).description == "茶含有咖啡因。茶产于中国。"


def test_a_single_description_stays_as_it_is() -> None:
    (found,) = merge_claims([entity_claim("A", "A is one")])
    assert awaited(describe(found, 100, words, Scripted())).description == "A is one"


def test_descriptions_that_do_not_fit_are_summarised_whole() -> None:
    (found,) = merge_claims([entity_claim("A", f"A is number {i}.") for i in range(6)])
    ask = Scripted({"description": "A is all six."})
    assert awaited(describe(found, 8, words, ask)).description == "A is all six."
    asked = ask.requests[0].messages[1].content
    assert all(f"A is number {i}." in asked for i in range(6))


def test_the_key_of_a_unit_changes_with_the_model_only_where_the_model_is_asked() -> None:
    (found,) = merge_claims([entity_claim("A", "A is one."), entity_claim("A", "A is two.")])
    other = IDENTITY | {"model": "n"}
    assert unit_key(found, 100, words, IDENTITY) == unit_key(found, 100, words, other)
    assert unit_key(found, 100, words, IDENTITY)[1] is False
    assert unit_key(found, 3, words, IDENTITY) != unit_key(found, 3, words, other)
    assert unit_key(found, 3, words, IDENTITY)[1] is True


@pytest.mark.parametrize(
    "change", [{"descriptions": ("A is three.",)}, {"claims": 7}, {"chunk_ids": ("c9",)}]
)
def test_the_key_of_a_unit_changes_with_what_it_says_not_with_who_says_it(change: dict[str, object]) -> None:
    (found,) = merge_claims([entity_claim("A", "A is one.")])
    changed = replace(found, **change)  # type: ignore[arg-type]
    same = unit_key(found, 100, words, IDENTITY) == unit_key(changed, 100, words, IDENTITY)
    assert same is ("descriptions" not in change)


def test_the_content_hash_covers_what_a_reader_sees() -> None:
    (found,) = merge_claims([entity_claim("A", "A is one.")])
    relation = merge_claims([relation_claim("A", "B")])[-1]
    turned = merge_claims([relation_claim("B", "A", "A knows B.")])[-1]
    hashes = {
        with_description(found, "x").content_hash,
        with_description(found, "y").content_hash,
        with_description(replace(found, unit=replace(found.unit, type="place")), "x").content_hash,
        with_description(relation, "x").content_hash,
        with_description(turned, "x").content_hash,
    }
    assert len(hashes) == 5
    assert with_description(found, "x") == with_description(replace(found, claims=9), "x")
