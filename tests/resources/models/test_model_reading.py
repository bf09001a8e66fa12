"""How the body of a completion is read: reasoning is no answer, and the first token is the answer's."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resources.models.reading import read_completion, split_reasoning, well_formed


def body(message: dict[str, Any], **choice: Any) -> str:
    return json.dumps({"choices": [{"message": message, "finish_reason": "stop", **choice}]})


def token(text: str, *candidates: tuple[str, float]) -> dict[str, Any]:
    top = [{"token": word, "logprob": logprob} for word, logprob in candidates or ((text, -0.1),)]
    return {"token": text, "logprob": top[0]["logprob"], "top_logprobs": top}


@pytest.mark.parametrize(
    ("content", "reasoning", "text"),
    [
        ("yes", "", "yes"),
        ("<think>hm</think>yes", "hm", "yes"),
        ("\n<think>\nhm\n</think>\n\nyes\n", "hm", "yes"),
        ("<thinking>a</thinking><think>b</think>yes", "a\nb", "yes"),
        ("<think>never ends {}", "never ends {}", ""),
        ("opened in the prompt</think>yes", "opened in the prompt", "yes"),
        ('{"a": "</think> is a tag"}', "", '{"a": "</think> is a tag"}'),
        ("", "", ""),
    ],
)
def test_reasoning_is_split_from_the_answer(content: str, reasoning: str, text: str) -> None:
    assert split_reasoning(content) == (reasoning, text)


@given(st.text())
def test_text_without_tags_is_left_as_it_is(text: str) -> None:
    if "think" not in text:
        assert split_reasoning(text) == ("", text.strip())


def test_reasoning_fields_are_never_the_answer() -> None:
    for name in ("reasoning_content", "reasoning"):
        completion = read_completion(body({"content": None, name: "yes, because"}))
        assert (completion.text, completion.reasoning) == ("", "yes, because")


def test_content_in_parts_is_joined_without_its_thinking() -> None:
    parts = [
        {"type": "thinking", "thinking": "hm"},
        {"type": "text", "text": "a"},
        {"type": "text", "text": "b"},
    ]
    assert read_completion(body({"content": parts})).text == "ab"


def test_first_token_is_that_of_the_answer_and_not_of_the_reasoning() -> None:
    tokens = [
        token("<think>"),
        token("no"),
        token("</think>"),
        token("\n"),
        token("Yes", ("Yes", -0.2), ("No", -2.0)),
    ]
    completion = read_completion(body({"content": "<think>no</think>\nYes"}, logprobs={"content": tokens}))
    assert [c.token for c in completion.first_token] == ["Yes", "No"]


def test_first_token_without_visible_text_still_has_its_candidates() -> None:
    tokens = [token(" ", (" ", -0.5), ("yes", -1.0))]
    completion = read_completion(body({"content": " "}, logprobs={"content": tokens}))
    assert [c.token for c in completion.first_token] == [" ", "yes"]


def test_candidates_are_ordered_and_only_numbers_count() -> None:
    tokens = [token("a", ("b", -3.0), ("a", -1.0), ("c", float("-inf")), ("d", -2.0))]
    completion = read_completion(body({"content": "a"}, logprobs={"content": tokens}))
    assert [c.token for c in completion.first_token] == ["a", "d", "b"]


def test_no_logprobs_is_no_candidates() -> None:
    completion = read_completion(body({"content": "a"}, logprobs=None))
    assert completion.first_token == ()
    assert not completion.has_logprobs


def test_usage_is_none_where_it_is_missing_or_nonsense() -> None:
    assert read_completion(body({"content": "a"})).prompt_tokens is None
    raw = json.dumps({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": "many"}})
    assert (read_completion(raw).prompt_tokens, read_completion(raw).completion_tokens) == (3, None)


@pytest.mark.parametrize(
    "raw", ["", "{", "[]", "null", '"text"', '{"choices": null}', '{"choices": ["a"]}', "<html>"]
)
def test_what_is_no_completion_is_refused(raw: str) -> None:
    with pytest.raises(ValueError, match="the answer is"):
        read_completion(raw)


def test_lone_surrogates_are_replaced_and_pairs_joined() -> None:
    assert read_completion(body({"content": "a\ud83d"})).text == "a\ufffd"
    assert well_formed("\ud83d\ude00") == "😀"
    assert well_formed("雪") == "雪"
