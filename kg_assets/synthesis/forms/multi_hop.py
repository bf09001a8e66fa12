"""Multi-hop questions: answered only by combining at least two relations; the reasoning path is kept."""

from collections.abc import Mapping, Sequence
from typing import Any

from kg_assets.domain import GraphUnit, QaPair, Subgraph, fingerprint
from kg_assets.stage.ledger import WorkItem
from kg_assets.stage.prompts import payload_message, system_prompt
from kg_assets.stage.request_keys import base_keys
from kg_assets.stage.stage import Usual
from kg_assets.synthesis.forms.facts import facts_of, language_of, qa_pair, said_of, text_field, units_of
from kg_assets.synthesis.forms.form import Form, Identity
from resources.models.schemas import Schema, list_of, object_of, text_of
from resources.models.structured import ask_structured
from resources.models.types import Ask, ChatRequest, Message

MULTI_HOP_VERSION = "1"
MIN_RELATIONS = 2
_MAX_STEPS = 6


def multi_hop_request(units: Sequence[GraphUnit]) -> ChatRequest:
    """Asks for one question over the relations among `units`, its answer and the path between them."""
    language = language_of(units)
    facts = facts_of(units)
    longest = max(len(fact) for fact in facts)
    room = max(400, 2 * longest)
    return ChatRequest(
        messages=(
            Message("system", system_prompt("synthesis", "multi_hop", language)),
            payload_message({"facts": facts}),
        ),
        max_tokens=min(4096, 256 + 2 * room),
        schema=_schema(room),
        item_id=units[0].unit_id,
    )


async def write_multi_hop(units: Sequence[GraphUnit], ask: Ask) -> QaPair:
    """The pair over `units`, of which at least MIN_RELATIONS are relations.

    Raises:
        CallFailed: the answer was unusable twice.
    """
    (question, answer, reasoning), _ = await ask_structured(ask, multi_hop_request(units), _validate)
    return qa_pair("multi_hop", question, answer, units, reasoning=reasoning)


def _validate(value: Any) -> tuple[str, str, list[str]]:
    steps = value.get("reasoning") if isinstance(value, Mapping) else None
    reasoning = (
        [" ".join(s.split()) for s in steps if isinstance(s, str) and s.strip()]
        if isinstance(steps, list)
        else []
    )
    if len(dict.fromkeys(reasoning)) < MIN_RELATIONS:
        raise ValueError('"reasoning" must list at least two different facts that the answer combines')
    return text_field(value, "question"), text_field(value, "answer"), reasoning


def _schema(room: int) -> Schema:
    fields = {
        "reasoning": list_of(text_of(room), MIN_RELATIONS, _MAX_STEPS),
        "question": text_of(400),
        "answer": text_of(room),
    }
    return object_of(fields, "MultiHopQa")


def multi_hop_items(
    subgraphs: Sequence[Subgraph], units: Mapping[str, GraphUnit], identity: Identity
) -> list[WorkItem[list[GraphUnit]]]:
    """Each subgraph of at least MIN_RELATIONS described relations; only relations carry hops."""
    base = base_keys(MULTI_HOP_VERSION, lambda unit: multi_hop_request([unit]), identity)
    items = []
    for subgraph in subgraphs:
        relations = [unit for unit in units_of(subgraph, units) if unit.kind == "relation"]
        if len(relations) >= MIN_RELATIONS:
            key = fingerprint(base(language_of(relations)), said_of(relations))
            items.append(WorkItem(subgraph.subgraph_id, key, relations, parent_id=subgraph.subgraph_id))
    return items


async def _write(item: WorkItem[list[GraphUnit]], ask: Ask) -> list[QaPair]:
    return [await write_multi_hop(item.payload, ask)]


MULTI_HOP = Form(
    name="multi_hop",
    title="Multi-hop",
    description="A question over at least two relations of a subgraph, with the path that answers it.",
    version=MULTI_HOP_VERSION,
    prompts=(("synthesis", "multi_hop"),),
    items=multi_hop_items,
    write=_write,
    usual=Usual(0.12, "units", 400.0, 150.0, effort=180.0),
)
