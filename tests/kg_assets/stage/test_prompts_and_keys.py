"""Prompts are filled files; a row key changes with everything that can change the answer and nothing else."""

import json
from dataclasses import replace
from importlib import resources as package_files
from typing import Any

import pytest

from kg_assets.stage.prompts import WRITTEN_LANGUAGES, payload_message, system_prompt
from kg_assets.stage.request_keys import request_key
from kg_assets.stages import STAGES
from resources.models.types import ChatRequest, Message

REQUEST = ChatRequest(
    (Message("system", "Judge."), Message("user", "x")), 10, schema={"title": "A", "type": "object"}
)
IDENTITY = {"model": "m", "revision": "", "temperature": 0.0, "top_p": 1.0, "seed": 0}

PROMPTS = sorted({prompt for stage in STAGES for prompt in stage.prompts})
VALUES = {
    "entity_types": "person",
    "relation_types": "knows",
    "max_entities": 3,
    "max_relations": 4,
    "n_paraphrases": 1,
    "n_negations": 2,
    "style": "plain.",
    "most": 6,
    "first_least": 6,
    "first_most": 12,
    "second_least": 4,
    "second_most": 10,
}


@pytest.mark.parametrize("language", ["en", "zh", "de"])
@pytest.mark.parametrize(("group", "task"), PROMPTS, ids=["/".join(prompt) for prompt in PROMPTS])
def test_every_prompt_can_be_filled_and_leaves_no_placeholder(group: str, task: str, language: str) -> None:
    text = system_prompt(group, task, language, **VALUES)
    assert text
    assert "$" not in text


def test_every_file_of_a_prompt_is_one_that_a_stage_names() -> None:
    files = {
        (group.name, *file.name.split(".")[:2])
        for group in package_files.files("kg_assets").iterdir()
        if group.joinpath("prompts").is_dir()
        for file in group.joinpath("prompts").iterdir()
    }
    assert files == {(*prompt, language) for prompt in PROMPTS for language in WRITTEN_LANGUAGES}


def test_another_language_takes_the_english_prompt_and_names_the_language() -> None:
    assert "Write in German" in system_prompt("synthesis", "atomic", "de")


def test_a_chinese_prompt_is_chinese() -> None:
    assert "用中文书写" in system_prompt("synthesis", "atomic", "zh")


def test_dollars_and_braces_in_a_value_stay_as_they_are() -> None:
    assert "$price {x}" in system_prompt(
        "claims", "extraction", "en", **VALUES | {"entity_types": "$price {x}"}
    )


def test_a_payload_is_marked_as_data_and_keeps_every_character() -> None:
    payload = {"fact": "“茶” costs $5 \\ 'x'"}
    content = payload_message(payload).content
    assert json.loads(content.removeprefix("<input>\n").removesuffix("\n</input>")) == payload


@pytest.mark.parametrize(
    "change",
    [
        {"messages": (Message("system", "Judge!"), Message("user", "x"))},
        {"messages": (Message("user", "Judge."), Message("system", "x"))},
        {"schema": {"title": "B", "type": "object"}},
        {"schema": None},
        {"max_tokens": 11},
        {"top_logprobs": 5},
        {"temperature": 0.5},
        {"sample": 1},
    ],
)
def test_a_key_changes_with_all_of_the_request_that_can_change_the_answer(change: dict[str, Any]) -> None:
    assert request_key("1", REQUEST, IDENTITY) != request_key("1", replace(REQUEST, **change), IDENTITY)


@pytest.mark.parametrize("change", [{"stage": "claims"}, {"item_id": "c1"}, {"document_id": "a.md"}])
def test_a_key_does_not_change_with_what_is_only_for_accounting(change: dict[str, Any]) -> None:
    assert request_key("1", REQUEST, IDENTITY) == request_key("1", replace(REQUEST, **change), IDENTITY)


@pytest.mark.parametrize("name", IDENTITY)
def test_a_key_changes_with_the_model_its_revision_and_its_sampling(name: str) -> None:
    assert request_key("1", REQUEST, IDENTITY) != request_key("1", REQUEST, IDENTITY | {name: "other"})


def test_a_key_changes_with_the_stage_version_and_with_what_else_matters() -> None:
    keys = {
        request_key("1", REQUEST, IDENTITY),
        request_key("2", REQUEST, IDENTITY),
        request_key("1", REQUEST, IDENTITY, 0.5),
    }
    assert len(keys) == 3
