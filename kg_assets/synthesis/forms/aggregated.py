"""Aggregated questions: a subgraph rewritten as one text, the answer; then the question it answers."""

from collections.abc import Mapping, Sequence
from functools import cache

from kg_assets.domain import Difficulty, GraphUnit, QaPair, Subgraph, fingerprint
from kg_assets.stage.ledger import WorkItem
from kg_assets.stage.prompts import payload_message, system_prompt
from kg_assets.stage.request_keys import base_keys
from kg_assets.stage.stage import Usual
from kg_assets.synthesis.forms.facts import (
    facts_of,
    language_of,
    qa_pair,
    said_of,
    text_field,
    text_schema,
    units_of,
)
from kg_assets.synthesis.forms.form import Form, Identity
from resources.models.structured import ask_structured
from resources.models.types import Ask, ChatRequest, Message

AGGREGATED_VERSION = "1"
_ENGLISH_STYLES: dict[Difficulty, str] = {
    "easy": "plain and short, as for a newcomer, one idea to a sentence.",
    "medium": "matter-of-fact, as in a handbook for practitioners.",
    "hard": "dense and precise, as for a specialist, with conditions and consequences spelled out.",
}
_CHINESE_STYLES: dict[Difficulty, str] = {
    "easy": "浅显简短，像写给初学者，一句话讲一个意思。",
    "medium": "平实，像写给从业者的手册。",
    "hard": "严谨精炼，像写给专家，写明条件和后果。",
}


def aggregated_request(units: Sequence[GraphUnit], difficulty: Difficulty) -> ChatRequest:
    """Asks for the facts of `units` as one text in the style of the difficulty."""
    language = language_of(units)
    style = (_CHINESE_STYLES if language == "zh" else _ENGLISH_STYLES)[difficulty]
    facts = facts_of(units)
    room = 200 + 2 * sum(len(fact) for fact in facts)
    return ChatRequest(
        messages=(
            Message("system", system_prompt("synthesis", "aggregated_answer", language, style=style)),
            payload_message({"facts": facts, "style": difficulty}),
        ),
        max_tokens=min(4096, 64 + room),
        schema=text_schema("AggregatedAnswer", answer=room),
        item_id=units[0].unit_id,
    )


def question_request(answer: str, language: str, item_id: str) -> ChatRequest:
    """Asks for the question that a text answers as a whole."""
    return ChatRequest(
        messages=(
            Message("system", system_prompt("synthesis", "aggregated_question", language)),
            payload_message({"answer": answer}),
        ),
        max_tokens=256,
        schema=text_schema("AggregatedQuestion", question=400),
        item_id=item_id,
    )


async def write_aggregated(units: Sequence[GraphUnit], difficulty: Difficulty, ask: Ask) -> QaPair:
    """The pair about all `units` together.

    Raises:
        CallFailed: an answer was unusable twice.
    """
    answer, _ = await ask_structured(
        ask, aggregated_request(units, difficulty), lambda value: text_field(value, "answer")
    )
    request = question_request(answer, language_of(units), units[0].unit_id)
    question, _ = await ask_structured(ask, request, lambda value: text_field(value, "question"))
    return qa_pair("aggregated", question, answer, units)


MIN_AGGREGATED_UNITS = 2


def aggregated_items(
    subgraphs: Sequence[Subgraph], units: Mapping[str, GraphUnit], identity: Identity
) -> list[WorkItem[tuple[list[GraphUnit], Difficulty]]]:
    """Each subgraph of at least two described units."""

    @cache
    def base(language: str, difficulty: Difficulty) -> str:
        follow_up = system_prompt("synthesis", "aggregated_question", language)
        of_language = base_keys(
            AGGREGATED_VERSION, lambda unit: aggregated_request([unit], difficulty), identity, follow_up
        )
        return of_language(language)

    items = []
    for subgraph in subgraphs:
        members = units_of(subgraph, units)
        if len(members) >= MIN_AGGREGATED_UNITS:
            key = fingerprint(base(language_of(members), subgraph.difficulty), said_of(members))
            payload = members, subgraph.difficulty
            items.append(WorkItem(subgraph.subgraph_id, key, payload, parent_id=subgraph.subgraph_id))
    return items


async def _write(item: WorkItem[tuple[list[GraphUnit], Difficulty]], ask: Ask) -> list[QaPair]:
    return [await write_aggregated(*item.payload, ask)]


AGGREGATED = Form(
    name="aggregated",
    title="Aggregated",
    description="Each subgraph of at least two units as one coherent text, and the question it answers.",
    version=AGGREGATED_VERSION,
    prompts=(("synthesis", "aggregated_answer"), ("synthesis", "aggregated_question")),
    items=aggregated_items,
    write=_write,
    usual=Usual(0.2, "units", 700.0, 250.0, calls=2.0, effort=140.0),
)
