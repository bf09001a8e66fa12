"""From a unit to true and negated statements: no negation says the same as a true one."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg_assets.comprehension.state import fact_of, statements_request, write_statements
from resources.errors import CallFailed
from tests.kg_assets.stage_samples import Scripted, awaited, entity, relation

UNIT = relation("Harrow Works", "Kestrel-2", "Harrow Works built the Kestrel-2 in 1987.")
TRUE = ["In 1987 the Kestrel-2 was built by Harrow Works."]
FALSE = ["Harrow Works built the Kestrel-2 in 1921.", "Leeds Foundry built the Kestrel-2 in 1987."]


def answer(paraphrases: Any = TRUE, negations: Any = FALSE) -> dict[str, Any]:
    return {"paraphrases": paraphrases, "negations": negations}


def test_the_description_and_its_paraphrases_are_true_and_the_negations_are_not() -> None:
    found = awaited(write_statements(UNIT, 2, Scripted(answer())))
    assert [(s.text, s.label) for s in found] == [
        (UNIT.description, True),
        (TRUE[0], True),
        (FALSE[0], False),
        (FALSE[1], False),
    ]
    assert {s.unit_id for s in found} == {UNIT.unit_id}
    assert len({s.statement_id for s in found}) == 4


def test_one_call_brings_all_wordings() -> None:
    ask = Scripted(answer())
    awaited(write_statements(UNIT, 2, ask))
    (request,) = ask.requests
    payload = json.loads(request.messages[1].content.removeprefix("<input>\n").removesuffix("\n</input>"))
    assert payload == {"statement": UNIT.description, "n_true": 1, "n_false": 2}


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(answer(paraphrases=[UNIT.description]), id="paraphrase is the original"),
        pytest.param(
            answer(paraphrases=["harrow works built the Kestrel-2, in 1987!"]), id="but for punctuation"
        ),
        pytest.param(answer(negations=[FALSE[0], UNIT.description]), id="negation is the original"),
        pytest.param(answer(negations=[FALSE[0], TRUE[0].upper()]), id="negation is a paraphrase"),
        pytest.param(answer(negations=[FALSE[0], FALSE[0]]), id="the same negation twice"),
        pytest.param(answer(negations=FALSE[:1]), id="too few negations"),
        pytest.param(answer(paraphrases=[]), id="too few paraphrases"),
        pytest.param(answer(paraphrases=["  ", 7, None]), id="no texts"),
        pytest.param(answer(negations="Leeds."), id="no list"),
        pytest.param([TRUE, FALSE], id="no object"),
        pytest.param("Sure, here they are.", id="no JSON"),
    ],
)
def test_an_answer_with_too_few_different_wordings_is_repaired_once_and_then_dropped(bad: object) -> None:
    ask = Scripted(bad, answer())
    assert len(awaited(write_statements(UNIT, 2, ask))) == 4
    assert len(ask.requests) == 2

    hopeless = Scripted(bad, bad)
    with pytest.raises(CallFailed) as failure:
        awaited(write_statements(UNIT, 2, hopeless))
    assert failure.value.reason in ("invalid_shape", "invalid_json")
    assert failure.value.raw
    assert len(hopeless.requests) == 2


def test_more_wordings_than_asked_for_are_left_out_and_unusable_ones_skipped() -> None:
    ask = Scripted(answer([UNIT.description, *TRUE, "Another."], [TRUE[0], *FALSE, "Yet another."]))
    assert [s.text for s in awaited(write_statements(UNIT, 2, ask))][1:] == [*TRUE, *FALSE]


def test_one_statement_of_each_kind_needs_no_paraphrase() -> None:
    found = awaited(write_statements(UNIT, 1, Scripted({"paraphrases": [], "negations": FALSE})))
    assert [s.label for s in found] == [True, False]


@pytest.mark.parametrize(
    ("fact", "negation"),
    [
        ("The melt boils at -40 degrees.", "The melt boils at 40 degrees."),
        ("The pH is 10.5.", "The pH is 105."),
        ("The tool is written in C++.", "The tool is written in C."),
        ("x is > 5.", "x is < 5."),
        ("It costs €5.", "It costs $5."),
        ("The start is at 10:30.", "The start is at 1030."),
        ("熔点为-40度。", "熔点为40度。"),
        ("कि", "की"),
    ],
)
def test_a_negation_may_differ_by_a_sign_or_a_point_that_decides(fact: str, negation: str) -> None:
    unit = entity("X", f"X: {fact}")
    (_, negated) = awaited(
        write_statements(unit, 1, Scripted({"paraphrases": [], "negations": [f"X: {negation}"]}))
    )
    assert negated.text == f"X: {negation}"


@pytest.mark.parametrize(
    ("fact", "same"),
    [
        ("It holds 1,000 litres.", "It holds 1000 litres"),
        ("It is “new”.", 'It is "new"'),
        ("The Kestrel-2 is a pump.", "the kestrel 2 is a pump"),
        ("茶产于中国，很香。", "茶产于中国很香"),
        ("It weighs 10,5 kg.", "It weighs 10.5 kg."),
    ],
)
def test_a_negation_that_differs_only_in_punctuation_or_case_is_none(fact: str, same: str) -> None:
    unit = entity("X", f"X: {fact}")
    bad = {"paraphrases": [], "negations": [f"x {same}"]}
    with pytest.raises(CallFailed, match="negations"):
        awaited(write_statements(unit, 1, Scripted(bad, bad)))


@pytest.mark.parametrize(
    ("fact", "part"),
    [
        ("The X is a pump. It holds 1.5 litres.", "It holds 1.5 litres."),
        ("X是一种泵。它的容量为1.5升。", "X是一种泵"),
    ],
)
def test_one_of_the_sentences_of_a_fact_is_no_negation(fact: str, part: str) -> None:
    bad = {"paraphrases": [], "negations": [part]}
    with pytest.raises(CallFailed, match="negations"):
        awaited(write_statements(entity("X", fact), 1, Scripted(bad, bad)))


SENTENCES = st.sampled_from(
    ["A is b.", "a is B", "A is c.", "A is d", "“A” is c!", "A is not b.", "  ", "A is -1", "A is 1"]
)


@given(st.lists(SENTENCES, max_size=6), st.lists(SENTENCES, max_size=6))
def test_no_negation_ever_equals_a_true_statement(paraphrases: list[str], negations: list[str]) -> None:
    reply = answer(paraphrases, negations)
    try:
        found = awaited(write_statements(entity("A", "A is b."), 2, Scripted(reply, reply)))
    except CallFailed:
        return
    plain = [(s.text.lower().strip(" .!").replace("“", "").replace("”", ""), s.label) for s in found]
    assert not {text for text, label in plain if label} & {text for text, label in plain if not label}
    assert len({text for text, _ in plain}) == 4


def test_a_fact_about_an_entity_names_it() -> None:
    assert fact_of(entity("Leeds", "A city in England.")) == "Leeds: A city in England."
    assert fact_of(entity("Leeds", "LEEDS is a city.")) == "LEEDS is a city."
    assert fact_of(entity("利兹", "英格兰的城市。", language="zh")) == "利兹：英格兰的城市。"
    assert fact_of(UNIT) == UNIT.description


def test_the_request_is_bounded_and_in_the_units_language() -> None:
    request = statements_request(entity("茶", "茶产于中国。", language="zh"), 3)
    assert "2 个" in request.messages[0].content
    assert "3 个" in request.messages[0].content
    assert request.schema is not None
    lists = request.schema["properties"]
    assert (lists["paraphrases"]["maxItems"], lists["negations"]["maxItems"]) == (2, 3)
    assert lists["negations"]["items"]["maxLength"] >= 200
