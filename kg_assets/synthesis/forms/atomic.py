"""Atomic questions: one fact, one pair."""

from collections.abc import Mapping, Sequence
from typing import Any

from kg_assets.comprehension.state import fact_of
from kg_assets.domain import GraphUnit, QaPair, Subgraph, fingerprint, normalise_name
from kg_assets.stage.ledger import WorkItem
from kg_assets.stage.prompts import payload_message, system_prompt
from kg_assets.stage.request_keys import base_keys
from kg_assets.stage.stage import Usual
from kg_assets.synthesis.forms.facts import qa_pair, said_of, text_field, text_schema, units_of
from kg_assets.synthesis.forms.form import Form, Identity
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


def atomic_items(
    subgraphs: Sequence[Subgraph], units: Mapping[str, GraphUnit], identity: Identity
) -> list[WorkItem[GraphUnit]]:
    """Each fact once, with the first subgraph that holds it; a unit that repeats another's words is none."""
    base = base_keys(ATOMIC_VERSION, atomic_request, identity)
    items: dict[str, WorkItem[GraphUnit]] = {}
    for subgraph in subgraphs:
        for unit in units_of(subgraph, units):
            fact = normalise_name(fact_of(unit))
            if fact not in items:
                key = fingerprint(base(unit.language), said_of([unit]))
                items[fact] = WorkItem(
                    f"{subgraph.subgraph_id}/{unit.unit_id}", key, unit, parent_id=subgraph.subgraph_id
                )
    return list(items.values())


async def _write(item: WorkItem[GraphUnit], ask: Ask) -> list[QaPair]:
    return [await write_atomic(item.payload, ask)]


ATOMIC = Form(
    name="atomic",
    title="Atomic",
    description="One question and answer for each unit of a subgraph.",
    version=ATOMIC_VERSION,
    prompts=(("synthesis", "atomic"),),
    items=atomic_items,
    write=_write,
    usual=Usual(0.65, "units", 220.0, 60.0, effort=55.0),
)
