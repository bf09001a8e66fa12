"""Open pairs go to the model in groups; its "unsure" keeps names apart, and a pair more changes one group."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg_assets.entities.judge import MOST_PAIRS, OpenPair, batches, judge, pairs_request
from kg_assets.entities.types import Decision, ordered
from resources.errors import CallFailed
from tests.fake_model_answers import chat_answer
from tests.kg_assets.entities.naming import named
from tests.kg_assets.stage_samples import Scripted, awaited


def open_pair(one: str, other: str, text: str = "") -> OpenPair:
    left, right = sorted((named(one, "concept", f"{one} is this."), named(other)), key=lambda e: e.entity_id)
    ids = ordered(left.entity_id, right.entity_id)
    return OpenPair(Decision(*ids, "open", "definition", 0.6, text, "c1" if text else ""), left, right)


def answered(*verdicts: str) -> dict[str, object]:
    return {"answers": [{"id": number, "verdict": verdict} for number, verdict in enumerate(verdicts, 1)]}


def test_each_pair_gets_the_verdict_with_its_number_and_unsure_stays_open() -> None:
    pairs = [open_pair("north gate", "gate north"), open_pair("old mill", "mill"), open_pair("Bel", "Baal")]
    decisions = awaited(judge(pairs, Scripted(answered("same", "different", "unsure"))))
    assert [decision.verdict for decision in decisions] == ["same", "different", "open"]
    assert {decision.method for decision in decisions} == {"model"}


def test_the_request_shows_both_descriptions_and_the_text_that_names_both() -> None:
    request = pairs_request([open_pair("old mill", "mill", "the old mill (mill)")])
    shown = json.loads(request.messages[1].content.split("\n")[1])["pairs"][0]
    descriptions = [end["descriptions"] for end in (shown["a"], shown["b"])]
    assert sorted(descriptions) == [[], ["old mill is this."]]
    assert shown["text"] == "the old mill (mill)"


def test_chinese_pairs_are_asked_for_in_chinese_and_apart_from_others() -> None:
    groups = batches([open_pair("旧磨坊", "磨坊"), open_pair("old mill", "mill")])
    assert len(groups) == 2
    assert ["名称" in pairs_request(group).messages[0].content for group in groups].count(True) == 1


def test_a_missing_answer_is_asked_for_again_and_then_the_group_fails() -> None:
    pairs = [open_pair("old mill", "mill"), open_pair("Bel", "Baal")]
    ask = Scripted(answered("same"), answered("same", "unsure"))
    assert [decision.verdict for decision in awaited(judge(pairs, ask))] == ["same", "open"]
    assert "pairs 2" in ask.requests[1].messages[-1].content
    with pytest.raises(CallFailed):
        awaited(judge(pairs, Scripted(answered("same"), answered("maybe", "same"))))


@given(st.sets(st.integers(0, 400), min_size=1, max_size=60), st.integers(401, 500))
def test_a_further_pair_leaves_most_groups_as_they_are(numbers: set[int], more: int) -> None:
    pairs = [open_pair(f"mill {n}", f"old mill {n}") for n in sorted(numbers)]
    before, after = set(batches(pairs)), set(batches([*pairs, open_pair(f"mill {more}", f"old mill {more}")]))
    assert sorted(pair.left.name for group in before for pair in group) == sorted(p.left.name for p in pairs)
    assert max(map(len, before)) <= MOST_PAIRS
    changed = sum(len(group) for group in before - after)
    assert changed <= 3 * MOST_PAIRS


def test_the_fake_model_answers_sensibly() -> None:
    pairs = [open_pair("Old Mill", "old-mill"), open_pair("old mill", "new mill"), open_pair("磨坊", "mill")]
    request = pairs_request(pairs)
    body = {
        "messages": [{"role": m.role, "content": m.content} for m in request.messages],
        "response_format": {"json_schema": {"schema": request.schema}},
    }
    verdicts = [row["verdict"] for row in json.loads(chat_answer(body))["answers"]]
    assert verdicts == ["same", "different", "unsure"]
