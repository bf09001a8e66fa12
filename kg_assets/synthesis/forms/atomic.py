"""Atomic questions: one fact, one pair."""

from collections.abc import Mapping
from typing import Any

from kg_assets.comprehension.state import fact_of
from kg_assets.domain import GraphUnit, QaPair
from kg_assets.stage.prompts import payload_message, system_prompt
from kg_assets.synthesis.forms.facts import qa_pair, text_field, text_schema
from resources.models.structured import ask_structured
from resources.models.types import Ask, ChatRequest, Message

ATOMIC_VERSION = "1"


def atomic_request(unit: GraphUnit) -> ChatRequest:
    """Asks for one question and its answer about one unit."""
    fact = fact_of(unit)
    room = max(400, 2 * len(fact))
    return ChatRequest(
        messages=(
            Message("system", system_prompt("synthesis", "atomic", unit.language)),
            payload_message({"fact": fact}),
        ),
        max_tokens=96 + room,
        schema=text_schema("AtomicQa", question=400, answer=room),
        stage="qa_atomic",
        item_id=unit.unit_id,
    )


async def write_atomic(unit: GraphUnit, ask: Ask) -> QaPair:
    """The pair about one unit.

    Raises:
        CallFailed: the answer was unusable twice.
    """
    (question, answer), _ = await ask_structured(ask, atomic_request(unit), _validate)
    return qa_pair("atomic", question, answer, [unit])


def _validate(answer: Any) -> tuple[str, str]:
    if not isinstance(answer, Mapping):
        raise ValueError('the answer must be an object with the texts "question" and "answer"')
    return text_field(answer, "question"), text_field(answer, "answer")
