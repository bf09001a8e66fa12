"""Descriptions of a unit that are too long to stand side by side become one, written by the synthesizer.

Nothing is cut before it is summarised: what does not fit one request is summarised in parts.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kg_assets.domain import GraphUnit
from kg_assets.stage.prompts import payload_message, system_prompt
from resources.models.schemas import object_of, text_of
from resources.models.structured import ask_structured
from resources.models.types import Ask, ChatRequest, Message

SUMMARY_VERSION = "1"
_PART_TOKENS = 2048
_SCHEMA = object_of({"description": text_of(4000)}, "Summary")


def summary_request(unit: GraphUnit, descriptions: Sequence[str], limit_tokens: int) -> ChatRequest:
    """The request that makes one description of several; the answer is kept below `limit_tokens`."""
    name = unit.name or f"{unit.source} – {unit.target}"
    return ChatRequest(
        messages=(
            Message("system", system_prompt("graph", "summary", unit.language)),
            payload_message({"name": name, "descriptions": list(descriptions)}),
        ),
        max_tokens=limit_tokens + 64,
        schema=_SCHEMA,
        item_id=unit.unit_id,
    )


async def summarise(
    unit: GraphUnit,
    descriptions: Sequence[str],
    limit_tokens: int,
    count_tokens: Callable[[str], int],
    ask: Ask,
) -> str:
    """One description of at most about `limit_tokens` tokens that keeps what all of them say.

    Raises:
        CallFailed: the model's answer was unusable twice.
    """
    parts = list(descriptions)
    while True:
        groups = _grouped(parts, max(_PART_TOKENS, 2 * limit_tokens), count_tokens)
        parts = [await _summary(unit, group, limit_tokens, ask) for group in groups]
        if len(parts) == 1:
            return parts[0]


async def _summary(unit: GraphUnit, descriptions: Sequence[str], limit_tokens: int, ask: Ask) -> str:
    value, _ = await ask_structured(ask, summary_request(unit, descriptions, limit_tokens), _description)
    return value


def _description(answer: Any) -> str:
    if not isinstance(answer, Mapping) or not isinstance(answer.get("description"), str):
        raise ValueError('the answer must be an object with the text "description"')
    text = " ".join(answer["description"].split())
    if not text:
        raise ValueError('"description" is empty')
    return text


def _grouped(parts: Sequence[str], limit_tokens: int, count_tokens: Callable[[str], int]) -> list[list[str]]:
    """Neighbours together up to the limit, at least two to a group so that every round has fewer parts."""
    groups: list[list[str]] = [[]]
    used = 0
    for part in parts:
        tokens = count_tokens(part)
        if len(groups[-1]) >= 2 and used + tokens > limit_tokens:
            groups.append([])
            used = 0
        groups[-1].append(part)
        used += tokens
    return groups
