"""The trainee's yes or no as a probability, by hand-computed numbers; off-format is a drop, no number."""

from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg_assets.comprehension.judge import (
    NO,
    YES,
    judge_by_logprobs,
    judge_by_sampling,
    judgement_request,
    yes_no_mass,
)
from kg_assets.comprehension.measure import UnitJudgements, measure
from kg_assets.domain import Statement
from kg_assets.stage.ledger import Dropped, WorkItem
from resources.errors import CallFailed
from resources.models.types import ChatResponse, TokenCandidate
from tests.kg_assets.stage_samples import Scripted, awaited

STATEMENT = Statement("t1", "e1", "Harrow Works built the pump.", True, "en")


def first_token(**probabilities: float) -> tuple[TokenCandidate, ...]:
    return tuple(TokenCandidate(token, log(p)) for token, p in probabilities.items())


def answered(candidates: tuple[TokenCandidate, ...], text: str = "yes") -> ChatResponse:
    return ChatResponse(text, "length", first_token=candidates)


def test_the_probability_is_that_of_yes_among_yes_and_no() -> None:
    ask = Scripted(answered(first_token(yes=0.6, no=0.2, maybe=0.2)))
    judgement = awaited(judge_by_logprobs(STATEMENT, "tiny", 0.5, ask))
    assert judgement.p_true == pytest.approx(0.75)
    assert judgement.mass == pytest.approx(0.8)
    assert (judgement.text, judgement.trainee, judgement.method) == (STATEMENT.text, "tiny", "logprobs")


def test_spellings_are_summed_whatever_their_case_space_and_language() -> None:
    candidates = first_token(
        **{
            "Yes": 0.2,
            " yes": 0.1,
            "YES": 0.05,
            "▁Yes": 0.05,
            "是": 0.05,
            "对": 0.05,
            "True": 0.05,
            "ĠYes": 0.05,
        }
    ) + first_token(**{"No": 0.1, " no": 0.1, "否": 0.04, "错": 0.03, "不是": 0.03, "the": 0.1})
    p_yes, p_no = yes_no_mass(candidates)
    assert p_yes == pytest.approx(0.6)
    assert p_no == pytest.approx(0.3)


def test_no_spelling_is_both() -> None:
    assert not YES & NO


def test_words_that_only_begin_like_yes_or_no_do_not_count() -> None:
    assert yes_no_mass(first_token(yesterday=0.4, not_=0.3, know=0.2, 是否=0.1)) == (0.0, 0.0)


def test_off_format_is_a_drop_with_what_the_trainee_said_instead() -> None:
    with pytest.raises(Dropped) as dropped:
        awaited(
            judge_by_logprobs(
                STATEMENT, "tiny", 0.5, Scripted(answered(first_token(The=0.7, yes=0.3), "The"))
            )
        )
    assert dropped.value.reason == "off_format"
    assert "0.300" in str(dropped.value)
    assert "'The' 0.700" in dropped.value.raw


@pytest.mark.parametrize("min_mass", [0.0, 0.5])
def test_without_candidates_there_is_no_judgement(min_mass: float) -> None:
    with pytest.raises(Dropped, match="only 0"):
        awaited(judge_by_logprobs(STATEMENT, "tiny", min_mass, Scripted(answered(()))))


def test_a_failed_call_stays_a_failed_call() -> None:
    with pytest.raises(CallFailed):
        awaited(judge_by_logprobs(STATEMENT, "tiny", 0.5, Scripted(CallFailed("timeout", "late"))))


@given(
    st.dictionaries(
        st.sampled_from(["Yes", "no", "是", "否", "the", " Yes"]), st.floats(1e-9, 1.0), min_size=1
    )
)
def test_a_probability_is_between_0_and_1_or_there_is_none(weights: dict[str, float]) -> None:
    total = sum(weights.values())
    candidates = first_token(**{token: weight / total for token, weight in weights.items()})
    try:
        judgement = awaited(judge_by_logprobs(STATEMENT, "tiny", 0.5, Scripted(answered(candidates))))
    except Dropped:
        assert sum(yes_no_mass(candidates)) < 0.5
    else:
        assert 0.0 <= judgement.p_true <= 1.0
        assert judgement.mass >= 0.5


def test_confidence_and_loss_of_a_unit_from_its_tokens_by_hand() -> None:
    true = awaited(
        judge_by_logprobs(STATEMENT, "t", 0.5, Scripted(answered(first_token(Yes=0.5, yes=0.3, No=0.2))))
    )
    false = awaited(
        judge_by_logprobs(STATEMENT, "t", 0.5, Scripted(answered(first_token(yes=0.15, no=0.45, x=0.4))))
    )
    unit = UnitJudgements("e1", "t", ((true.p_true, True), (false.p_true, False)))
    (found,) = awaited(measure(WorkItem("e1", "k", unit), Scripted()))
    assert found.confidence == pytest.approx((0.8 + 0.75) / 2)
    assert found.loss == pytest.approx((-log(0.8) - log(0.75)) / 2)


def sampled(*texts: str) -> Scripted:
    return Scripted(*(ChatResponse(text, "stop") for text in texts))


def test_sampling_counts_clear_answers() -> None:
    ask = sampled("Yes.", "no", "**Yes**, it did.", "I cannot tell.")
    judgement = awaited(judge_by_sampling(STATEMENT, "tiny", 0.5, 4, ask))
    assert judgement.p_true == pytest.approx(2 / 3)
    assert (judgement.mass, judgement.method) == (0.75, "sampling")
    assert [(r.sample, r.temperature, r.top_logprobs) for r in ask.requests] == [
        (i, 1.0, 0) for i in range(4)
    ]


def test_too_few_clear_answers_are_off_format() -> None:
    with pytest.raises(Dropped) as dropped:
        awaited(judge_by_sampling(STATEMENT, "tiny", 0.5, 3, sampled("yes", "Perhaps.", "Who knows?")))
    assert dropped.value.reason == "off_format"
    assert "Perhaps." in dropped.value.raw
    with pytest.raises(Dropped):
        awaited(judge_by_sampling(STATEMENT, "tiny", 0.0, 1, sampled("Perhaps.")))


@pytest.mark.parametrize(
    ("text", "p_true"),
    [
        ("Yes", 1.0),
        ("yes, because it did", 1.0),
        ("Answer: No", 0.0),
        ("The answer is yes.", 1.0),
        ("\n\n**True**", 1.0),
        ("Incorrect.", 0.0),
        ("是", 1.0),
        ("是的。", 1.0),
        ("不是", 0.0),
        ("不正确", 0.0),
        ("否。", 0.0),
        ("答案：对", 1.0),
    ],
)
def test_the_first_word_is_the_verdict(text: str, p_true: float) -> None:
    assert awaited(judge_by_sampling(STATEMENT, "tiny", 0.5, 1, sampled(text))).p_true == p_true


@pytest.mark.parametrize(
    "text",
    [
        "该陈述是错误的",
        "对不起，我不知道",
        "是否正确无法判断",
        "Not true",
        "Yesterday",
        "",
        "It is true or false",
    ],
)
def test_an_answer_that_only_holds_such_a_word_is_no_verdict(text: str) -> None:
    with pytest.raises(Dropped):
        awaited(judge_by_sampling(STATEMENT, "tiny", 0.5, 1, sampled(text)))


def test_the_request_asks_for_one_token_with_candidates_and_shows_only_the_statement() -> None:
    request = judgement_request(STATEMENT)
    assert (request.max_tokens, request.temperature) == (1, None)
    assert request.top_logprobs > 0
    assert request.messages[1].content == f"<input>\n{STATEMENT.text}\n</input>"
    assert request.schema is None
