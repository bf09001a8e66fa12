"""Getting JSON out of what models write, and the one chance of repair."""

import asyncio
import json
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resources.errors import CallFailed
from resources.models.structured import ask_structured, parse_json
from resources.models.types import ChatRequest, ChatResponse, Message

T = TypeVar("T")

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        ('```json\n{"a": [1, 2,],}\n```', {"a": [1, 2]}),
        ('Sure! Here it is:\n{"a": 1}\nHope that helps {really}.', {"a": 1}),
        ('The set [1] becomes {"a": [1, 2]}', {"a": [1, 2]}),
        ("{'a': 'b'}", {"a": "b"}),
        ('{"a": [{"b": 1}, {"b": 2', {"a": [{"b": 1}, {"b": 2}]}),
        ('{"a": "x\ny"}', {"a": "x\ny"}),
        ('{"a": "lone \\ud83d"}', {"a": "lone \ufffd"}),
        ("[]", []),
    ],
)
def test_json_is_found_and_mended(text: str, value: Any) -> None:
    assert parse_json(text) == value


@pytest.mark.parametrize(
    "text",
    ["", "yes", '"yes"', "12", "null", "I like {curly} braces and [brackets].", "see [a] and (b)", "{", "["],
)
def test_nothing_is_made_up_from_prose(text: str) -> None:
    with pytest.raises(ValueError, match="no JSON"):
        parse_json(text)


@settings(max_examples=50)
@given(st.dictionaries(st.text(), JSON) | st.lists(JSON))
def test_every_json_value_comes_back_equal_from_a_fence(value: Any) -> None:
    assert parse_json(json.dumps(value)) == json.loads(json.dumps(value))


class Scripted:
    """An `ask` that answers from a list and remembers what it was asked."""

    def __init__(self, *answers: str | ChatResponse) -> None:
        self.answers = list(answers)
        self.requests: list[ChatRequest] = []

    async def __call__(self, request: ChatRequest) -> ChatResponse:
        self.requests.append(request)
        answer = self.answers.pop(0)
        return ChatResponse(answer, "stop") if isinstance(answer, str) else answer


def answered(
    ask: Any, request: ChatRequest, validate: Callable[[Any], T]
) -> tuple[T, tuple[ChatResponse, ...]]:
    return asyncio.run(ask_structured(ask, request, validate))


REQUEST = ChatRequest(
    (Message("system", "Be brief."), Message("user", "Count.")), 50, schema={"title": "Count"}
)


def count_of(value: Any) -> int:
    if not isinstance(value["count"], int):
        raise ValueError("count must be a number")
    return value["count"]


def test_a_usable_answer_needs_one_request() -> None:
    ask = Scripted('{"count": 3}')
    value, responses = answered(ask, REQUEST, count_of)
    assert (value, len(responses), ask.requests) == (3, 1, [REQUEST])


@pytest.mark.parametrize(
    ("first", "told"),
    [
        ("three", "no JSON object"),
        ('{"count": "three"}', "count must be a number"),
        ('{"number": 3}', "the field 'count' is missing"),
    ],
)
def test_the_repair_shows_the_model_its_answer_and_its_error(first: str, told: str) -> None:
    ask = Scripted(first, '{"count": 3}')
    value, responses = answered(ask, REQUEST, count_of)
    assert (value, len(responses)) == (3, 2)
    repair = ask.requests[1]
    assert repair.messages[:2] == REQUEST.messages
    assert repair.messages[2] == Message("assistant", first)
    assert told in repair.messages[3].content
    assert repair.schema == REQUEST.schema
    assert repair.temperature is not None
    assert repair.temperature > 0


def test_the_repair_of_a_chinese_request_is_in_chinese() -> None:
    request = ChatRequest((Message("user", "数一数。"),), 50, schema={"title": "Count"})
    ask = Scripted("三", '{"count": 3}')
    answered(ask, request, count_of)
    assert "请重新回答" in ask.requests[1].messages[-1].content


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        (("one", "two"), "invalid_json"),
        (('{"count": "a"}', '{"count": "b"}'), "invalid_shape"),
        (("one", '{"count": "b"}'), "invalid_shape"),
        (('{"count": "a"}', ChatResponse('{"count": 1', "length")), "truncated"),
    ],
)
def test_after_the_second_unusable_answer_both_are_handed_on(answers: Any, reason: str) -> None:
    with pytest.raises(CallFailed) as failure:
        answered(Scripted(*answers), REQUEST, count_of)
    assert failure.value.reason == reason
    for answer in answers:
        assert (answer if isinstance(answer, str) else answer.text) in failure.value.raw


def test_half_an_answer_is_not_mended_into_a_whole_one() -> None:
    ask = Scripted(ChatResponse('{"count": 12', "length"), '{"count": 123}')
    value, _ = answered(ask, REQUEST, count_of)
    assert value == 123
    assert "cut off" in ask.requests[1].messages[-1].content


def test_an_answer_that_was_whole_before_it_was_cut_off_is_used() -> None:
    value, responses = answered(Scripted(ChatResponse('{"count": 3}\n\n\n', "length")), REQUEST, count_of)
    assert (value, len(responses)) == (3, 1)


def test_other_errors_of_a_validator_are_not_the_models() -> None:
    def broken(_: Any) -> int:
        raise ZeroDivisionError

    validate: Callable[[Any], int] = broken
    with pytest.raises(ZeroDivisionError):
        answered(Scripted('{"count": 3}'), REQUEST, validate)
