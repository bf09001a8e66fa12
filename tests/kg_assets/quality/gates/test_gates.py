"""Gates: what is wrong with a pair in one sentence, or nothing; the first of equal pairs stays."""

from dataclasses import replace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg_assets.domain import QaPair
from kg_assets.quality.gates.duplicate import duplicates
from kg_assets.quality.gates.gate import Rule
from kg_assets.quality.gates.table import GATES
from kg_assets.stage.bench import StageBench
from kg_assets.synthesis.forms.table import FORMS
from tests.kg_assets.stage_samples import pair

ROUND_AND_ROUND = (
    "The farm has blight, which is caused by the oomycete Phytophthora infestans, which is an oomycete that "
    "causes blight, which is caused by the oomycete Phytophthora infestans, which is an oomycete."
)
NOTHING = cast(StageBench, None)
"""The gate against duplicates reads nothing but the pairs."""
GOOD = [
    pair(
        "Which document must a pharmacist sign?", "A pharmacist must sign the controlled substances register."
    ),
    pair(
        "Which disease does Phytophthora infestans cause?",
        "Phytophthora infestans causes potato late blight.",
    ),
    pair("哪家盐厂使用哈罗机械厂制造的泵？", "伊斯特拉德盐厂。", language="zh"),
    pair("根据气象资料，该地区年降水量是多少？", "约600毫米。", language="zh"),
    pair("Which plant?", "Ystrad.", form="multi_hop", reasoning=["one", "two"]),
    pair("Who wrote it?", "Qi"),
    pair(
        "What are the doses?",
        "Adults take 5 mg by mouth once a day with food, children take 2 mg by mouth once a day with food.",
    ),
    pair("How many?", "42"),
]


def stopped_by(bad: QaPair) -> tuple[str, str]:
    """The first rule that stops a pair and why."""
    for gate in GATES:
        if isinstance(gate.by, Rule) and (detail := gate.by.check(bad)):
            return gate.name, detail
    return "", ""


def test_the_table_is_consistent() -> None:
    names = [gate.name for gate in GATES]
    assert len(set(names)) == len(names)
    assert {exempt for form in FORMS for exempt in form.exempt} <= set(names)


@pytest.mark.parametrize("good", GOOD, ids=[p.question for p in GOOD])
def test_an_ordinary_pair_passes(good: QaPair) -> None:
    assert stopped_by(good) == ("", "")


@pytest.mark.parametrize(
    ("bad", "gate", "detail"),
    [
        (pair("What is it?", unit_ids=[]), "about_nothing", "no unit"),
        (pair(" ?! "), "empty", "question holds no words"),
        (pair("What is it?", "…"), "empty", "answer holds no words"),
        (pair("What is it?", " X "), "empty", "single character"),
        (pair("What is it?", "what is  IT?"), "repeats_question", "repeats the question"),
        (
            pair("The Kestrel-2 is a pump?", "The Kestrel-2 is a pump."),
            "repeats_question",
            "repeats the question",
        ),
        (pair("红隼二号是泵吗？", "红隼二号是泵。"), "repeats_question", "repeats the question"),
        (pair("红隼二号泵由谁制造？"), "language", "question is in Chinese, its source in English"),
        (
            pair("红隼二号泵由谁制造？", "It was built by Harrow Works.", language="zh"),
            "language",
            "answer is in English",
        ),
        (pair("What is it?", ROUND_AND_ROUND), "repeats_itself", "by the oomycete phytophthora"),
        (
            pair(
                "泵由谁制造？",
                "泵由哈罗机械厂在利兹的第二车间制造，因为泵由哈罗机械厂在利兹的第二车间制造。",
                language="zh",
            ),
            "repeats_itself",
            "哈 罗 机 械 厂",
        ),
        (pair("What does the text say about Leeds?"), "refers_to_input", "'does the text say'"),
        (
            pair("Who built it?", "According to the passage, Harrow Works."),
            "refers_to_input",
            "The answer speaks of",
        ),
        (
            pair("根据上述材料，泵由谁制造？", "由哈罗机械厂制造。", language="zh"),
            "refers_to_input",
            "根据上述材料",
        ),
    ],
)
def test_a_bad_pair_is_stopped_with_its_gate_and_a_sentence(bad: QaPair, gate: str, detail: str) -> None:
    found, why = stopped_by(bad)
    assert found == gate
    assert detail in why
    assert why.endswith(".")


def test_of_equal_pairs_the_first_stays_whatever_their_case_and_spaces() -> None:
    first = pair("Who built it?")
    twin = replace(first, question="WHO built  it?", qa_id="q2")
    found = duplicates([first, twin, pair("Who built it then?")], NOTHING)
    assert list(found) == ["q2"]
    assert first.qa_id in found["q2"].detail


def test_the_same_question_with_another_answer_is_no_duplicate() -> None:
    assert duplicates([pair("Who?", "Harrow."), pair("Who?", "Leeds.")], NOTHING) == {}


@given(st.lists(st.sampled_from(GOOD), max_size=10))
def test_each_distinct_good_pair_passes_exactly_once(pairs: list[QaPair]) -> None:
    numbered = [replace(each, qa_id=str(number)) for number, each in enumerate(pairs)]
    assert len(pairs) - len(duplicates(numbered, NOTHING)) == len({each.qa_id for each in pairs})
