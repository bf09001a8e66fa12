"""A text that gives one thing two names joins them; brackets that say something else do not."""

import pytest

from kg_assets.domain import normalise_name
from kg_assets.entities import definitions as definitions_module
from kg_assets.entities.definitions import definitions
from kg_assets.entities.types import Passage
from tests.kg_assets.entities.naming import joined, merged, named


@pytest.mark.parametrize(
    ("one", "other", "text"),
    [
        ("Webb Space Telescope", "JWST", "The Webb Space Telescope (JWST) flies."),
        ("Department of Water", "DW", "The Department of Water (DW) is old."),
        ("copper sulfate", "CuSO4", "Copper sulfate (formula CuSO4) is blue."),
        ("aubergine", "eggplant", "The aubergine, also known as eggplant, is a fruit."),
        ("Istanbul", "Constantinople", "Istanbul, formerly called Constantinople, lies on the Bosporus."),
        ("Istanbul", "Constantinople", "Istanbul (formerly Constantinople) lies on the Bosporus."),
        ("Eric Blair", "George Orwell", "Eric Blair, better known as George Orwell, was born in 1903."),
        ("vitamin B2", "riboflavin", "Vitamin B2, or riboflavin, is yellow."),
        ("barn owl", "Tyto alba", "The barn owl (Tyto alba) hunts at night."),
        ("Acme", "Acme Holdings, Ltd.", "Acme (formerly Acme Holdings, Ltd.) makes anvils."),
        ("土卫六", "泰坦", "土卫六又称泰坦，有大气。"),
        ("向日葵", "葵花", "向日葵，俗称“葵花”，朝向太阳。"),
        ("辛弃疾", "辛幼安", "辛弃疾，字幼安，历城人。"),
        ("上海证券交易所", "沪交所", "上海证券交易所（以下简称“沪交所”）成立了。"),
        ("碳酸钙", "calcium carbonate", "碳酸钙（calcium carbonate）不溶于水。"),
        ("机器学习", "ML", "机器学习（Machine Learning，简称ML）很有用。"),
    ],
)
def test_a_definition_joins_two_names(one: str, other: str, text: str) -> None:
    assert joined(one, other, text=text)
    assert not joined(one, other)


@pytest.mark.parametrize(
    ("one", "other", "type_", "text"),
    [
        ("Lyon", "France", "location", "Lyon (France) has silk."),
        ("Leiden", "Netherlands", "location", "Leiden (the Netherlands) has a university."),
        ("昆明", "中国", "location", "昆明（中国）四季如春。"),
        ("昆明", "China", "location", "昆明（China）四季如春。"),
        ("antibiotics", "amoxicillin", "substance", "Antibiotics (amoxicillin) are given."),
        ("pears", "oranges", "organism", "They grow apples, pears, or oranges, which they sell."),
        ("Paris", "City", "location", "Paris, also known as the City of Light, is lit."),
        (
            "tomato",
            "Solanum pimpinellifolium",
            "organism",
            "The currant tomato (Solanum pimpinellifolium) is wild.",
        ),
        ("番茄", "圣女果", "organism", "小番茄也叫圣女果，很甜。"),
    ],
)
def test_other_words_between_two_names_join_nothing(one: str, other: str, type_: str, text: str) -> None:
    assert not joined(one, other, type_, text)


def test_the_longest_known_name_is_taken_on_both_sides() -> None:
    names = ["Space Telescope", "Webb Space Telescope", "JWST"]
    assert merged(*map(named, names), text="The Webb Space Telescope (JWST) flies.") == [
        ("Webb Space Telescope", "JWST")
    ]


def test_the_evidence_is_the_text_of_its_chunk() -> None:
    text = "In 1903 the aubergine, also known as eggplant, was new."
    ids = {normalise_name(name): name for name in ("aubergine", "eggplant")}
    (found,) = definitions([Passage("c7", text)], ids)
    assert (found.chunk_id, found.text) == ("c7", text[found.start : found.end])
    assert found.text == "aubergine, also known as eggplant"


def test_types_that_differ_leave_a_definition_open() -> None:
    pair = named("Nokia", "organization"), named("Espoo", "location")
    assert not merged(*pair, text="Nokia, also known as Espoo, makes networks.")


def test_what_is_looked_for_first_hides_no_cue() -> None:
    """Without a hint a text is not searched; so every wording that the pattern knows must hold one."""
    verbs = definitions_module._VERBS.split("|")
    cues = [f", also {verb} as " for verb in verbs] + [f" {verb} simply as B" for verb in verbs]
    cues += [
        ", a.k.a. ",
        " aka ",
        ", ak.a ",
        ", short for ",
        ", née ",
        " Alias ",
        ",\nor ",
        " stands for ",
    ]
    cues += [
        ", formerly ",
        ", HEREAFTER ",
        ", hereinafter ",
        " is an abbreviation of ",
        " is an acronym for ",
    ]
    for cue in cues:
        text = f"Alpha{cue}Beta, and more."
        assert definitions_module._ENGLISH_CUE.search(text), cue
        assert list(definitions_module._places(text)), cue
