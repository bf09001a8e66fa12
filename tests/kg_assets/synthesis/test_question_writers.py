"""The three forms of question: what is asked of the model, what of its answer is accepted."""

import json
from typing import Any

import pytest

from kg_assets.domain import QaPair, Subgraph
from kg_assets.synthesis.forms.aggregated import aggregated_request, write_aggregated
from kg_assets.synthesis.forms.atomic import atomic_request, write_atomic
from kg_assets.synthesis.forms.facts import facts_of, language_of, qa_pair, text_schema, units_of
from kg_assets.synthesis.forms.multi_hop import multi_hop_request, write_multi_hop
from resources.errors import CallFailed
from resources.models.types import ChatRequest
from tests.kg_assets.stage_samples import Scripted, awaited, entity, relation

WORKS = entity("Harrow Works", "Harrow Works makes pumps.")
BUILT = relation("Harrow Works", "Kestrel-2", "Harrow Works built the Kestrel-2.")
MOVES = relation("Kestrel-2", "Ystrad", "The Kestrel-2 moves brine for Ystrad.")
TEA = entity("茶", "茶产于中国。", language="zh")
QA = {"question": " Who built\n the Kestrel-2? ", "answer": "Harrow Works built it."}
HOPS = {"reasoning": [BUILT.description, MOVES.description], "question": "Which plant?", "answer": "Ystrad."}


def payload(request: ChatRequest) -> Any:
    return json.loads(request.messages[1].content.removeprefix("<input>\n").removesuffix("\n</input>"))


def test_an_atomic_pair_is_about_one_fact() -> None:
    ask = Scripted(QA)
    pair = awaited(write_atomic(BUILT, ask))
    assert payload(ask.requests[0]) == {"fact": BUILT.description}
    assert (pair.form, pair.question, pair.answer) == ("atomic", "Who built the Kestrel-2?", QA["answer"])
    assert (pair.unit_ids, pair.language, pair.details) == ((BUILT.unit_id,), "en", {})


def test_an_aggregated_pair_is_a_text_and_then_the_question_it_answers() -> None:
    ask = Scripted({"answer": "A coherent text."}, {"question": "What does the text say?"})
    pair = awaited(write_aggregated([BUILT, WORKS], "hard", ask))
    assert payload(ask.requests[0])["facts"] == [BUILT.description, WORKS.description]
    assert payload(ask.requests[1]) == {"answer": "A coherent text."}
    assert (pair.form, pair.answer, pair.unit_ids) == (
        "aggregated",
        "A coherent text.",
        (BUILT.unit_id, WORKS.unit_id),
    )


def test_the_style_of_an_aggregated_answer_follows_the_difficulty() -> None:
    prompts = {
        aggregated_request([BUILT, WORKS], level).messages[0].content for level in ("easy", "medium", "hard")
    }
    assert len(prompts) == 3
    assert "像写给专家" in aggregated_request([TEA], "hard").messages[0].content


def test_a_multi_hop_pair_keeps_its_path() -> None:
    pair = awaited(write_multi_hop([BUILT, MOVES], Scripted(HOPS)))
    assert (pair.form, pair.details["reasoning"]) == ("multi_hop", [BUILT.description, MOVES.description])


@pytest.mark.parametrize(
    "bad",
    [HOPS | {"reasoning": r} for r in (["one"], ["one", "one"], ["one", " "], "one", None)]
    + [{"question": "?"}, []],
)
def test_a_path_of_fewer_than_two_facts_is_repaired_once_and_then_dropped(bad: object) -> None:
    ask = Scripted(bad, HOPS)
    assert len(awaited(write_multi_hop([BUILT, MOVES], ask)).details["reasoning"]) == 2
    assert len(ask.requests) == 2
    with pytest.raises(CallFailed, match="Unusable twice"):
        awaited(write_multi_hop([BUILT, MOVES], Scripted(bad, bad)))


@pytest.mark.parametrize(
    "bad", [{"question": "Who?"}, {"question": "", "answer": "x"}, {"question": 3, "answer": "x"}, [], "no"]
)
def test_a_pair_without_one_of_its_texts_is_repaired_once_and_then_dropped(bad: object) -> None:
    assert awaited(write_atomic(BUILT, Scripted(bad, QA))).answer == QA["answer"]
    with pytest.raises(CallFailed) as failure:
        awaited(write_atomic(BUILT, Scripted(bad, bad)))
    assert failure.value.raw


def test_prompts_are_in_the_language_of_the_source() -> None:
    for request in (atomic_request(TEA), aggregated_request([TEA], "easy"), multi_hop_request([TEA, TEA])):
        assert "用中文书写" in request.messages[0].content


def test_the_language_is_that_of_most_units() -> None:
    assert language_of([TEA, BUILT, MOVES]) == "en"
    assert language_of([TEA, BUILT]) == "zh"


def test_an_entity_is_named_in_its_fact_and_equal_facts_are_said_once() -> None:
    city = entity("Leeds", "A city.")
    assert facts_of([city, BUILT, BUILT]) == ["Leeds: A city.", BUILT.description]


def test_the_order_of_facts_does_not_depend_on_how_the_subgraph_was_grown() -> None:
    units = {unit.unit_id: unit for unit in (WORKS, BUILT, MOVES)}
    one = Subgraph("s", (WORKS.unit_id,), (BUILT.unit_id, MOVES.unit_id), None, "medium", 1)
    other = Subgraph("s", (WORKS.unit_id,), (MOVES.unit_id, BUILT.unit_id), 0.5, "easy", 1)
    assert units_of(one, units) == units_of(other, units) == [BUILT, MOVES, WORKS]


def test_units_without_a_description_are_no_facts() -> None:
    bare = entity("Ystrad", "")
    found = units_of(
        Subgraph("s", (bare.unit_id, WORKS.unit_id), (), None, "medium", 1),
        {u.unit_id: u for u in (bare, WORKS)},
    )
    assert found == [WORKS]


def test_a_subgraph_older_than_the_graph_yields_nothing() -> None:
    """After `--select knowledge_graph` the subgraphs still name units that have left the graph."""
    old = Subgraph("s", (WORKS.unit_id, "e-gone"), (), None, "medium", 1)
    assert units_of(old, {WORKS.unit_id: WORKS}) == []


def test_the_id_of_a_pair_is_a_hash_of_what_it_says_and_is_about() -> None:
    def made(*, question: str = "Q?", answer: str = "A.", units: tuple[Any, ...] = (BUILT,)) -> QaPair:
        return qa_pair("atomic", question, answer, units)

    ids = {made().qa_id, made(question="R?").qa_id, made(answer="B.").qa_id, made(units=(MOVES,)).qa_id}
    assert len(ids) == 4
    assert made() == made()


def test_every_text_of_a_schema_is_bounded_and_required() -> None:
    schema = text_schema("A", question=5, answer=7)
    assert schema["required"] == ["question", "answer"]
    assert [field["maxLength"] for field in schema["properties"].values()] == [5, 7]


def test_the_room_for_an_answer_grows_with_the_facts() -> None:
    long = [entity(f"E{i}", f"E{i} is {'very ' * 100}long.") for i in range(3)]
    assert aggregated_request(long, "easy").max_tokens > aggregated_request(long[:1], "easy").max_tokens
