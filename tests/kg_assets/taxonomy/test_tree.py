"""Map and reduce: topics of any corpus become one tree, and no request is over its limit."""

import json
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg_assets.taxonomy.topics import (
    GROUP_TOKENS,
    Mention,
    find_topics,
    mentions,
    topic_groups,
    topics_request,
)
from kg_assets.taxonomy.tree import ROUND_TOKENS, distinct_names, grow_tree, tree_of, tree_rows
from resources.configuration.settings import TaxonomySettings
from resources.configuration.taxonomy_file import MOST_NAME_CHARS, TagTree, tag_key
from resources.errors import CallFailed
from resources.models.types import ChatRequest, ChatResponse
from resources.tokenizer import Tokenizer
from tests.fake_model_answers import chat_answer
from tests.kg_assets.stage_samples import Scripted, awaited, entity, relation

COUNT = Tokenizer("cl100k_base").count
SIZES = TaxonomySettings()


class FakeModel:
    """Answers as the fake model server does, and remembers what it was asked."""

    def __init__(self) -> None:
        self.requests: list[ChatRequest] = []

    async def __call__(self, request: ChatRequest) -> ChatResponse:
        self.requests.append(request)
        body = {
            "messages": [{"role": m.role, "content": m.content} for m in request.messages],
            "response_format": {"json_schema": {"schema": request.schema}},
        }
        return ChatResponse(chat_answer(body), "stop")


def shown_tokens(request: ChatRequest) -> int:
    return COUNT(request.messages[-1].content)


def answered(*branches: tuple[str, Sequence[str]]) -> dict[str, object]:
    return {"tags": [{"name": name, "tags": list(below)} for name, below in branches]}


def test_what_is_common_comes_first_in_what_is_shown() -> None:
    hub, leaf, other = entity("Harrow Works"), entity("Leeds"), entity("brine")
    found = mentions(
        [("Pumps", "Care"), ("Pumps", "Care"), ("Valves",)],
        [leaf, hub, other, relation("Harrow Works", "Leeds")],
    )
    assert [each.name for each in found if each.kind == "heading"] == ["Care", "Pumps", "Valves"]
    assert {each.name for each in found[3:5]} == {"Harrow Works", "Leeds"}
    assert found[-1] == Mention("entity", "brine", "concept", "brine is a thing.")


TEXT = st.text(min_size=1, max_size=300)


@settings(max_examples=40, deadline=None)
@given(st.lists(TEXT, max_size=120), st.lists(st.tuples(TEXT, TEXT), max_size=120))
def test_every_mention_is_in_one_request_below_the_limit(
    headings: list[str], things: list[tuple[str, str]]
) -> None:
    found = mentions([[heading] for heading in headings], [entity(name, said) for name, said in things])
    groups = topic_groups(found, COUNT)
    assert sorted(each.name for group in groups for each in group) == sorted(each.name for each in found)
    for group in groups:
        assert shown_tokens(topics_request(group, "en")) <= GROUP_TOKENS + 100


def test_a_further_heading_changes_few_groups() -> None:
    headings = [[f"The care of pump {number}"] for number in range(2000)]
    before = set(topic_groups(mentions(headings, []), COUNT))
    after = set(topic_groups(mentions([*headings, ["A valve"]], []), COUNT))
    assert len(before) > 20
    assert len(after - before) <= 3


def test_topics_are_distinct_short_names_on_one_line() -> None:
    ask = Scripted({"topics": ["Pumps", "Pumps ", "Care\n> of", "x" * 90, ""]})
    topics = awaited(find_topics([Mention("heading", "Pumps")], "en", ask))
    assert [topic.name for topic in topics] == ["Pumps", "Care of", "x" * MOST_NAME_CHARS]
    with pytest.raises(CallFailed):
        awaited(find_topics([Mention("heading", "Pumps")], "en", Scripted({"topics": []}, {"topics": [" "]})))


def test_topics_are_asked_for_in_the_language_of_the_corpus() -> None:
    request = topics_request([Mention("heading", "茶")], "zh")
    assert "用中文书写" in request.messages[0].content
    assert "French" in topics_request([Mention("heading", "Thé")], "fr").messages[0].content


NAME = st.text(min_size=1, max_size=MOST_NAME_CHARS).map(str.strip).filter(bool)


@settings(max_examples=25, deadline=None)
@given(st.lists(NAME, min_size=1, max_size=60), st.integers(0, 4000))
def test_any_number_of_topics_becomes_one_tree_and_no_request_is_over_its_limit(
    names: list[str], more: int
) -> None:
    ask = FakeModel()
    tree = awaited(
        grow_tree([*names, *(f"{number} topic" for number in range(more))], "en", SIZES, COUNT, ask)
    )
    assert 1 <= len(tree.leaves()) <= SIZES.first_level[1] * SIZES.second_level[1]
    assert all(shown_tokens(request) <= ROUND_TOKENS + 100 for request in ask.requests)
    assert ask.requests[-1].schema is not None
    assert ask.requests[-1].schema["title"] == "TagTree"


def test_what_fits_one_request_is_asked_for_once_and_the_most_named_come_first() -> None:
    ask = Scripted(answered(("Machines", ["Pumps", "Valves"])))
    tree = awaited(grow_tree(["Valves", "Pumps", "pumps"], "en", SIZES, COUNT, ask))
    assert tree == TagTree((("Machines", ("Pumps", "Valves")),))
    assert json.loads(ask.requests[0].messages[1].content.split("\n")[1]) == {"topics": ["Pumps", "Valves"]}
    assert "6 to 12 areas" in ask.requests[0].messages[0].content


def test_a_round_that_does_not_get_fewer_is_asked_for_again() -> None:
    names = [f"A rather long name of a topic with the number {number}" for number in range(400)]
    halves = FakeModel()
    awaited(grow_tree(names, "en", SIZES, COUNT, halves))
    merging = [
        request for request in halves.requests if request.schema and request.schema["title"] != "TagTree"
    ]
    assert merging
    for request in merging:
        shown = json.loads(request.messages[1].content.split("\n")[1])
        assert shown["most"] == max(1, len(shown["topics"]) // 2)


def test_equal_names_are_one_tag_and_an_area_without_tags_is_one_itself() -> None:
    ask = Scripted(answered(("Heat > cold", ["Pumps", "pumps", ""]), ("heat cold", ["Valves"]), ("Law", [])))
    tree = awaited(grow_tree(["Pumps"], "en", SIZES, COUNT, ask))
    assert tree == TagTree((("Heat cold", ("Pumps", "Valves")), ("Law", ())))
    assert tree.leaves() == ("Heat cold > Pumps", "Heat cold > Valves", "Law")


def test_an_answer_without_a_tag_is_asked_for_again_and_then_fails() -> None:
    ask = Scripted(answered(), answered(("Machines", ["Pumps"])))
    assert awaited(grow_tree(["Pumps"], "en", SIZES, COUNT, ask)).leaves() == ("Machines > Pumps",)
    with pytest.raises(CallFailed):
        awaited(grow_tree(["Pumps"], "en", SIZES, COUNT, Scripted(answered(("", ["Pumps"])), answered())))


def test_rows_and_tree_are_the_same_thing() -> None:
    tree = TagTree((("Machines", ("Pumps", "Valves")), ("Law", ())))
    rows = tree_rows(tree)
    assert [(row.level, row.tag) for row in rows] == [
        (1, "Machines"),
        (2, "Machines > Pumps"),
        (2, "Machines > Valves"),
        (1, "Law"),
    ]
    assert tree_of(rows) == tree


@given(st.lists(st.sampled_from(["Pumps", "pumps", "PUMPS ", "Valves", "Law"])))
def test_each_topic_is_counted_once_whatever_its_case(names: list[str]) -> None:
    assert sorted(map(tag_key, distinct_names(names))) == sorted({tag_key(name) for name in names})
