"""Long descriptions become one: nothing is cut before the model has seen it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg_assets.graph.summarise import summarise, summary_request
from resources.errors import CallFailed
from resources.models.types import ChatRequest, ChatResponse
from tests.kg_assets.stage_samples import Scripted, awaited, entity, relation, words


def test_the_request_names_the_thing_and_holds_every_description() -> None:
    request = summary_request(relation("A", "B"), ["one", "two"], 50)
    payload = request.messages[1].content.removeprefix("<input>\n").removesuffix("\n</input>")
    assert json.loads(payload) == {"name": "A – B", "descriptions": ["one", "two"]}


def test_the_prompt_is_in_the_units_language() -> None:
    assert "用中文书写" in summary_request(entity("茶", language="zh"), ["a"], 50).messages[0].content


def test_an_empty_summary_is_asked_for_again() -> None:
    ask = Scripted({"description": "  "}, {"description": "A\n is  all."})
    assert awaited(summarise(entity("A"), ["a", "b"], 10, words, ask)) == "A is all."


def test_a_summary_that_cannot_be_had_is_a_failure_and_not_a_cut() -> None:
    with pytest.raises(CallFailed):
        awaited(summarise(entity("A"), ["a", "b"], 10, words, Scripted("prose", "prose")))


@given(st.lists(st.integers(1, 1500), min_size=1, max_size=30))
def test_every_description_is_seen_by_the_model_and_parts_always_become_one(lengths: list[int]) -> None:
    descriptions = [f"{'word ' * n}number{i}" for i, n in enumerate(lengths)]
    seen: list[str] = []

    async def ask(request: ChatRequest) -> ChatResponse:
        seen.append(request.messages[1].content)
        return ChatResponse('{"description": "short"}', "stop")

    assert awaited(summarise(entity("A"), descriptions, 512, words, ask)) == "short"
    assert all(any(text in content for content in seen) for text in descriptions)
    assert len(seen) <= 2 * len(descriptions)


def test_what_fits_one_request_is_one_request() -> None:
    ask = Scripted({"description": "all"})
    awaited(summarise(entity("A"), ["one two three"] * 20, 512, words, ask))
    assert len(ask.requests) == 1
