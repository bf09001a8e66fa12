"""Names that mean one thing are joined where that is certain, and names that look alike stay apart."""

import pytest

from kg_assets.domain import entity_id
from kg_assets.entities.resolve import rule_decisions
from tests.kg_assets.entities.naming import joined, merged, named


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("on-line shop", "online shop"),
        ("The Grand Canal", "Grand Canal"),
        ("Café Müller", "Cafe Mueller"),
        ("Part III", "part 3"),
        ("第二十四条", "第24条"),
        ("長城", "长城"),
        ("《论语》", "论语"),
        ("Oak & Ash", "Oak and Ash"),
        ("Down's syndrome", "Down syndrome"),
        ("Mt. Kenya", "Mount Kenya"),
    ],
)
def test_spellings_of_one_name_are_joined(one: str, other: str) -> None:
    assert joined(one, other)


@pytest.mark.parametrize(
    ("one", "other"), [("solar panel", "solar panels"), ("color vision", "colour vision"), ("PCB", "PCBs")]
)
def test_plurals_and_british_spellings_of_common_nouns_are_joined(one: str, other: str) -> None:
    assert joined(one, other)


def test_a_plural_of_a_proper_name_is_left_open() -> None:
    (decision,) = rule_decisions([named("Orient Line", "work"), named("Orient Lines", "work")], [])
    assert decision.verdict == "open"


@pytest.mark.parametrize(
    ("one", "other", "type_"),
    [
        ("Release 4.1", "Release 4.2", "technology"),
        ("Ruby", "Ruby 3", "technology"),
        ("Model Ash7x1", "Model Ash7x2", "organization"),
        ("Louis XIV", "Louis XV", "person"),
        ("hyperthermia", "hypothermia", "disease"),
        ("employer", "employee", "concept"),
        ("vitamin D", "vitamin E", "substance"),
        ("North Island", "South Island", "location"),
        ("南开大学", "南开", "location"),
        ("复旦大学", "复旦大学出版社", "organization"),
        ("高温", "低温", "concept"),
        ("亚硫酸", "硫酸", "substance"),
        ("二号楼", "三号楼", "location"),
        ("Bern", "Berne Convention", "location"),
        ("C++", "C", "technology"),
        ("version 1 11", "version 11 1", "technology"),
    ],
)
def test_names_that_only_look_alike_stay_apart(one: str, other: str, type_: str) -> None:
    assert not joined(one, other, type_)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Dr. Ada Byron", "Ada Byron"),
        ("Hopper, Grace", "Grace Hopper"),
        ("G. B. M. Hopper", "Grace Brewster Murray Hopper"),
        ("Grace B. Hopper", "Grace Hopper"),
        ("竺可桢教授", "竺可桢"),
    ],
)
def test_ways_to_write_a_person_are_joined(one: str, other: str) -> None:
    assert joined(one, other, "person")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("A. Byron", "Ada Byron"),
        ("Ada Byron", "George Byron"),
        ("John B. Byron", "John C. Byron"),
        ("赵教授", "赵明"),
        ("Ann Lake", "Ann Laker"),
    ],
)
def test_people_who_share_a_surname_stay_apart(one: str, other: str) -> None:
    assert not joined(one, other, "person", said=("A nurse in Leeds.", "A surgeon in Leeds."))


def test_a_middle_initial_joins_nobody_where_two_people_have_the_name() -> None:
    people = [named(name, "person") for name in ("Carl Reed", "Carl A. Reed", "Carl B. Reed")]
    assert merged(*people) == []


def test_a_name_heard_in_two_ways_is_joined_where_the_descriptions_agree() -> None:
    said = ("The author of War and Peace.", "He wrote War and Peace, and the author was a count.")
    assert joined("Lev Nikolaevich Tolstoy", "Lev Nikolayevich Tolstoy", "person", said=said)
    assert not joined("Lev Nikolaevich Tolstoy", "Lev Nikolayevich Tolstoy", "person")


def test_a_legal_form_makes_no_other_company_but_two_of_them_might() -> None:
    assert joined("Alder Rail Ltd.", "Alder Rail", "organization")
    assert joined("青山机械股份有限公司", "青山机械", "organization")
    assert not joined("Alder Rail AG", "Alder Rail GmbH", "organization")


def test_initials_are_enough_where_one_name_has_them() -> None:
    union, other = "International Telecommunication Union", "Irish Teachers Union"
    assert merged(named("ITU", "organization"), named(union, "organization")) == [(union, "ITU")]
    assert merged(*(named(name, "organization") for name in ("ITU", union, other))) == []
    assert not joined("IT", "Information Technology")


def test_a_chinese_name_made_of_characters_of_another_is_joined_where_no_other_has_them() -> None:
    assert joined("社科院", "社会科学院", "organization")
    assert merged(*(named(name, "organization") for name in ("社科院", "社会科学院", "社区科普院"))) == []
    assert not joined("王明", "王小明", "person")


def test_types_that_differ_leave_it_open_and_an_unknown_one_does_not() -> None:
    pair = named("C.A.T.", "organization"), named("cat", "organism")
    assert [decision.verdict for decision in rule_decisions(pair, [])] == ["open"]
    assert merged(named("C.A.T.", "organization"), named("cat", "unknown"))


def test_decisions_say_which_rule_and_why() -> None:
    (decision,) = rule_decisions([named("ITU"), named("International Telecommunication Union")], [])
    assert (decision.method, decision.evidence) == ("initials", "ITU are its initials")
    assert {decision.left_id, decision.right_id} == {
        entity_id("ITU"),
        entity_id("International Telecommunication Union"),
    }
