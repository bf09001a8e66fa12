"""Identity: when two names are one entity, and when two contents are one fingerprint."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg_assets.domain import entity_id, fingerprint, normalise_name, relation_id


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Harrow Works", "harrow  WORKS"),
        ("Harrow\u00a0Works", " Harrow\n\tWorks "),
        ("“Harrow” Works", '"Harrow" Works'),
        ("O’Brien", "O'Brien"),
        ("《茶经》", "《茶经》"),
        ("「茶经」", "茶经"),
        ("ＩＢＭ", "ibm"),
        ("Straße", "STRASSE"),
        ("ﬁbre", "fibre"),
        ("café", "cafe\u0301"),
        ("‴x", "'''x"),
        ("﹁茶﹂", "茶"),
    ],
)
def test_spellings_of_one_name_are_one_entity(one: str, other: str) -> None:
    assert entity_id(one) == entity_id(other)


@pytest.mark.parametrize(
    ("one", "other"), [("Leeds", "Leeds Castle"), ("茶", "茶经"), ("C", "C++"), ("resume", "résumé")]
)
def test_other_names_are_other_entities(one: str, other: str) -> None:
    assert entity_id(one) != entity_id(other)


@given(st.text())
def test_a_normalised_name_is_its_own_normalised_name(name: str) -> None:
    once = normalise_name(name)
    assert normalise_name(once) == once


@given(st.text(min_size=1), st.text(min_size=1))
def test_a_relation_has_one_id_in_both_directions(source: str, target: str) -> None:
    assert relation_id(source, target) == relation_id(target, source)


def test_ids_say_what_they_identify_and_never_collide_between_kinds() -> None:
    assert entity_id("a")[0] == "e"
    assert relation_id("a", "b")[0] == "r"
    assert entity_id("a")[1:] != relation_id("a", "a")[1:]


@given(st.dictionaries(st.text(), st.integers() | st.text()))
def test_a_fingerprint_does_not_depend_on_the_order_of_a_mapping(content: dict[str, object]) -> None:
    backwards = dict(reversed(content.items()))
    assert fingerprint(content) == fingerprint(backwards)


def test_parts_of_a_fingerprint_do_not_run_together() -> None:
    assert (
        len({fingerprint("a", "b"), fingerprint("ab"), fingerprint("ab", ""), fingerprint(["a", "b"])}) == 4
    )


def test_a_fingerprint_takes_any_text_even_half_a_surrogate_pair() -> None:
    assert len(fingerprint("\ud800")) == 32


def test_a_fingerprint_of_something_json_cannot_say_is_refused() -> None:
    with pytest.raises(TypeError):
        fingerprint({1, 2})
