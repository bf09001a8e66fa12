"""A gate that asks a model: can a newcomer understand the answer?"""

from collections.abc import Sequence
from typing import Any

from kg_assets.domain import QaPair
from kg_assets.quality.gates.gate import Asking, Finding, Gate
from kg_assets.stage.bench import StageBench
from kg_assets.stage.ledger import WorkItem
from kg_assets.stage.prompts import payload_message, system_prompt
from kg_assets.stage.request_keys import request_key
from kg_assets.stage.stage import Usual
from resources.models.schemas import object_of
from resources.models.structured import ask_structured
from resources.models.types import Ask, ChatRequest, Message

PROMPT = ("tests.extension", "plain")


def request(pair: QaPair) -> ChatRequest:
    """Asks whether the answer is plain, and how much so."""
    fields = {"plain": {"type": "boolean"}, "score": {"type": "number"}}
    return ChatRequest(
        messages=(
            Message("system", system_prompt(*PROMPT, pair.language)),
            payload_message({"question": pair.question, "answer": pair.answer}),
        ),
        max_tokens=60,
        schema=object_of(fields, "Plain"),
        item_id=pair.unit_ids[0],
    )


def items(pairs: Sequence[QaPair], bench: StageBench) -> list[WorkItem[QaPair]]:
    """Every pair."""
    identity = bench.identity("synthesizer")
    return [WorkItem(pair.qa_id, request_key("", request(pair), identity), pair) for pair in pairs]


async def judge(item: WorkItem[QaPair], ask: Ask) -> Finding:
    """What the model finds.

    Raises:
        CallFailed: the answer was unusable twice.
    """
    (plain, score), _ = await ask_structured(ask, request(item.payload), _read)
    return Finding("" if plain else "A newcomer would not understand the answer.", score)


def _read(answer: Any) -> tuple[bool, float]:
    if not isinstance(answer, dict) or not isinstance(answer.get("plain"), bool):
        raise ValueError('the answer must be an object with "plain", true or false')
    return answer["plain"], float(answer.get("score", 0.0))


PLAIN = Gate(
    name="plain",
    description="A newcomer understands the answer.",
    version="1",
    by=Asking(items, judge, Usual(0.9, "units", 200.0, 10.0), prompts=(PROMPT,)),
)
