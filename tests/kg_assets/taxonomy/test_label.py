"""Each chunk gets a tag of the tree or none, several in a request."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg_assets.taxonomy.label import (
    EXCERPT_CHARS,
    MOST_TEXTS,
    NO_TAG,
    TEXTS_TOKENS,
    Sight,
    label,
    label_groups,
    label_request,
)
from resources.configuration.taxonomy_file import tag_key
from resources.errors import CallFailed
from tests.kg_assets.stage_samples import Scripted, awaited
from tests.kg_assets.taxonomy.test_tree import COUNT, FakeModel, shown_tokens

TAGS = ("Machines > Pumps", "Machines > Valves", "Law")


def sight(number: int, text: str = "", *, document: str = "a.md", language: str = "en") -> Sight:
    return Sight(f"c{document}{number}", document, language, ("Care",), ("Harrow Works",), text)


def answered(*tags: str) -> dict[str, object]:
    return {"answers": [{"id": number, "tag": tag} for number, tag in enumerate(tags, 1)]}


def test_each_chunk_gets_the_tag_that_was_said_for_it() -> None:
    ask = Scripted(answered("machines > valves", "none of these", " Law"))
    found = awaited(label([sight(1), sight(2), sight(3)], TAGS, ask))
    assert [row.tag for row in found] == ["Machines > Valves", NO_TAG, "Law"]
    assert [row.chunk_id for row in found] == ["ca.md1", "ca.md2", "ca.md3"]


def test_the_request_shows_all_tags_and_how_each_text_begins() -> None:
    request = label_request([sight(1, "x" * 2000)], TAGS)
    shown = json.loads(request.messages[1].content.split("\n")[1])
    assert shown["tags"] == list(TAGS)
    assert shown["texts"][0]["headings"] == ["Care"]
    assert len(shown["texts"][0]["text"]) == EXCERPT_CHARS


@pytest.mark.parametrize("wrong", [answered("Law"), answered("Law", "Pumps"), answered("Law", "")])
def test_a_tag_that_is_none_of_the_tree_is_asked_for_again_and_then_the_group_fails(
    wrong: dict[str, object],
) -> None:
    ask = Scripted(wrong, answered(*TAGS[:2]))
    assert [row.tag for row in awaited(label([sight(1), sight(2)], TAGS, ask))] == list(TAGS[:2])
    assert "texts 2" in ask.requests[1].messages[-1].content
    with pytest.raises(CallFailed):
        awaited(label([sight(1), sight(2)], TAGS, Scripted(wrong, wrong)))


def test_chinese_chunks_are_asked_for_in_chinese_and_apart_from_others() -> None:
    groups = label_groups([sight(1, "茶", language="zh"), sight(2, document="b.md"), sight(3)], COUNT)
    languages = [{s.language for s in group} for group in groups]
    assert all(len(found) == 1 for found in languages)
    (chinese,) = [group for group in groups if group[0].language == "zh"]
    assert "原样抄写" in label_request(chinese, TAGS).messages[0].content


NAME = st.text(min_size=1, max_size=120).filter(tag_key)
SIGHTS = st.lists(
    st.builds(
        Sight,
        chunk_id=st.uuids().map(str),
        document_id=st.sampled_from(["a.md", "b.md", "c.md"]),
        language=st.sampled_from(["en", "zh", "fr"]),
        heading_path=st.lists(st.text(max_size=300), max_size=9).map(tuple),
        names=st.lists(st.text(max_size=200), max_size=30).map(tuple),
        excerpt=st.text(max_size=EXCERPT_CHARS),
    ),
    max_size=40,
    unique_by=lambda s: s.chunk_id,
)


@settings(max_examples=40, deadline=None)
@given(SIGHTS, st.lists(NAME, min_size=1, max_size=100, unique_by=tag_key))
def test_every_chunk_gets_a_tag_of_the_tree_or_none_and_no_request_is_over_the_limit(
    sights: list[Sight], tags: list[str]
) -> None:
    groups, ask = label_groups(sights, COUNT), FakeModel()
    tagged = [row for group in groups for row in awaited(label(group, tags, ask))]
    assert sorted(row.chunk_id for row in tagged) == sorted(s.chunk_id for s in sights)
    assert all(row.tag in (*tags, NO_TAG) for row in tagged)
    for group, request in zip(groups, ask.requests, strict=True):
        without = shown_tokens(label_request(group, [])) if len(group) > 1 else 0
        assert len(group) <= MOST_TEXTS
        assert without <= TEXTS_TOKENS + 100
        assert request.item_id == group[0].chunk_id


def test_a_new_document_changes_hardly_a_group_of_others() -> None:
    sights = [sight(n, f"text {n}", document=f"{d}.md") for d in range(60) for n in range(4)]
    before = set(label_groups(sights, COUNT))
    new = [sight(n, f"new {n}", document="new.md") for n in range(4)]
    after = set(label_groups([*sights, *new], COUNT))
    assert len(before) > 20
    assert len(after - before) <= 3
