"""Names in requests that hardly change, vectors back as rows, and which near names are put to a model."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg_assets.domain import entity_id
from kg_assets.entities.embed import MOST_NAMES, as_vectors, embed, name_groups, names_request
from kg_assets.entities.judge import OpenPair, judge
from kg_assets.entities.meaning import embedding_decisions, script_of
from kg_assets.entities.types import Decision, Named, ordered
from resources.configuration.settings import SimilaritySettings
from resources.errors import CallFailed, SettingsError
from resources.models.types import EmbeddingRequest, EmbeddingResponse, Vectors
from tests.kg_assets.stage_samples import Scripted, awaited

ANY = SimilaritySettings(across_scripts=0.5, within_script=0.9)


def named(name: str, *descriptions: str, kind: str = "thing") -> Named:
    return Named(entity_id(name), name, kind, descriptions)


def unit(*rows: list[float]) -> Vectors:
    vectors = np.array(rows)
    found: Vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)
    return found


class Embedder:
    """Answers with a vector that says how long a text is; refuses more than `most` texts."""

    def __init__(self, most: int = 1000, reason: str = "bad_request") -> None:
        self.most, self.reason = most, reason
        self.asked: list[tuple[str, ...]] = []

    async def __call__(self, request: EmbeddingRequest) -> EmbeddingResponse:
        self.asked.append(request.texts)
        if len(request.texts) > self.most:
            raise CallFailed(self.reason, "too many texts")
        return EmbeddingResponse(unit(*[[1.0, float(len(text))] for text in request.texts]))


NAMES = st.lists(st.text("abcdefg", min_size=1, max_size=6), unique=True, min_size=1, max_size=60)


@given(NAMES)
def test_every_name_is_in_one_group_in_whatever_order_they_come(names: list[str]) -> None:
    groups = name_groups([named(name) for name in names])
    assert groups == name_groups([named(name) for name in reversed(names)])
    assert sorted(each.name for group in groups for each in group) == sorted(names)
    assert all(len(group) <= MOST_NAMES for group in groups)


@given(st.integers(0, 200))
def test_one_name_more_changes_one_or_two_requests(number: int) -> None:
    many = [named(f"name {n}") for n in range(200)]
    before = {names_request(group).texts for group in name_groups(many)}
    after = {names_request(group).texts for group in name_groups([*many, named(f"another {number}")])}
    assert 1 <= len(after - before) <= 3


def test_a_vector_is_made_of_the_name_and_of_its_description() -> None:
    group = [named("pump", "It moves water.", "It is old."), named("泵")]
    ask = Embedder()
    rows = awaited(embed(group, ask))
    assert ask.asked == [("pump", "泵", "pump: It moves water.", "泵")]
    assert [(row.entity_id, row.text) for row in rows] == [
        (group[0].entity_id, "pump: It moves water."),
        (group[1].entity_id, "泵"),
    ]
    vectors = as_vectors([row.vector for row in rows]).astype(float)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)
    alone, shown = unit([1, 4]), unit([1, len("pump: It moves water.")])
    assert alone[0, 1] < vectors[0, 1] < shown[0, 1]


def test_an_endpoint_that_takes_fewer_texts_is_asked_for_halves() -> None:
    group = [named(f"name {n}") for n in range(16)]
    ask = Embedder(most=10)
    assert [row.entity_id for row in awaited(embed(group, ask))] == [each.entity_id for each in group]
    assert [len(texts) for texts in ask.asked] == [32, 16, 8, 8, 16, 8, 8]


def test_a_model_that_was_replaced_under_its_name_is_named_as_such() -> None:
    with pytest.raises(SettingsError, match=r"of 2 and of 3 numbers.*models\.embedder\.revision"):
        as_vectors([b"ab" * 2, b"ab" * 3])


@pytest.mark.parametrize(("most", "reason"), [(1, "bad_request"), (1, "server_error")])
def test_a_refusal_that_stays_and_any_other_failure_are_not_hidden(most: int, reason: str) -> None:
    with pytest.raises(CallFailed) as failure:
        awaited(embed([named("one"), named("two")], Embedder(most, reason)))
    assert failure.value.reason == reason


def test_near_names_are_open_until_a_model_says_more() -> None:
    entities = sorted((named("Beijing"), named("北京"), named("Nile")), key=lambda each: each.entity_id)
    place = {each.name: row for row, each in enumerate(entities)}
    vectors = unit([1, 0], [1, 0], [1, 0])
    vectors[place["Nile"]] = (0, 1)
    (found,) = embedding_decisions(entities, vectors, (), ANY)
    assert (found.left_id, found.right_id) == ordered(entity_id("Beijing"), entity_id("北京"))
    assert (found.verdict, found.method, found.evidence) == ("open", "embedding", "cosine 1.00")
    decided = {(found.left_id, found.right_id)}
    assert embedding_decisions(entities, vectors, decided, ANY) == []
    for verdict, expected in (("same", "same"), ("different", "different"), ("unsure", "open")):
        ask = Scripted({"answers": [{"id": 1, "verdict": verdict}]})
        (judged,) = awaited(judge([OpenPair(found, named("Beijing"), named("北京"))], ask))
        assert (judged.verdict, judged.method) == (expected, "embedding")


def test_how_near_names_must_be_depends_on_their_scripts() -> None:
    near = unit([1, 0], [1, 1])
    for names, expected in ((("Pumpe", "pump"), 0), (("泵", "pump"), 1), (("二氧化碳", "CO2"), 1)):
        entities = sorted(map(named, names), key=lambda each: each.entity_id)
        assert len(embedding_decisions(entities, near, (), ANY)) == expected


def test_in_one_script_only_the_very_nearest_are_put_to_a_model() -> None:
    vectors = unit([1, 0], [1, 0.01], [1, 0.05])
    for names, expected in ((("pump", "Pumpe", "pompe"), 1), (("泵", "pump", "Pumpe"), 3)):
        entities = [named(name) for name in names]
        assert len(embedding_decisions(entities, vectors, (), ANY)) == expected


def test_names_that_numbers_or_opposites_keep_apart_are_not_put_to_a_model() -> None:
    for names in (("Messier 31", "Messier 33"), ("upper bearing", "lower bearing"), ("红隼2", "Kestrel 3")):
        entities = sorted(map(named, names), key=lambda each: each.entity_id)
        assert embedding_decisions(entities, unit([1, 0], [1, 0]), (), ANY) == []


def test_only_the_methods_of_vectors_keep_their_name_when_judged() -> None:
    open_by_rule = Decision(*ordered("a", "b"), "open", "initials", 0.5, "why")
    ask = Scripted({"answers": [{"id": 1, "verdict": "same"}]})
    (judged,) = awaited(judge([OpenPair(open_by_rule, named("a"), named("b"))], ask))
    assert judged.method == "model"


@pytest.mark.parametrize(
    ("name", "script"),
    [("Nile", "LATIN"), ("北京", "CJK"), ("COVID疫苗", "CJK"), ("Волга", "CYRILLIC"), ("42", ""), ("", "")],
)
def test_a_script_is_that_of_the_first_letter_and_chinese_before_all(name: str, script: str) -> None:
    assert script_of(name) == script
