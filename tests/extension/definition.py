"""Definitions: what is this thing? One pair for each entity of a subgraph."""

from collections.abc import Mapping, Sequence

from kg_assets.domain import GraphUnit, QaPair, Subgraph, fingerprint
from kg_assets.stage.ledger import WorkItem
from kg_assets.stage.prompts import payload_message, system_prompt
from kg_assets.stage.request_keys import base_keys
from kg_assets.stage.stage import Usual
from kg_assets.synthesis.forms.facts import qa_pair, said_of, text_field, text_schema, units_of
from kg_assets.synthesis.forms.form import Form, Identity
from resources.models.structured import ask_structured
from resources.models.types import Ask, ChatRequest, Message

VERSION = "1"
PROMPT = ("tests.extension", "definition")


def request(unit: GraphUnit) -> ChatRequest:
    """Asks for the definition of one entity."""
    return ChatRequest(
        messages=(
            Message("system", system_prompt(*PROMPT, unit.language)),
            payload_message({"name": unit.name, "said": unit.description}),
        ),
        max_tokens=400,
        schema=text_schema("Definition", definition=600),
        item_id=unit.unit_id,
    )


def items(
    subgraphs: Sequence[Subgraph], units: Mapping[str, GraphUnit], identity: Identity
) -> list[WorkItem[GraphUnit]]:
    """Each entity once, with the first subgraph that holds it."""
    base = base_keys(VERSION, request, identity)
    found: dict[str, WorkItem[GraphUnit]] = {}
    for subgraph in subgraphs:
        for unit in units_of(subgraph, units):
            if unit.kind == "entity" and unit.unit_id not in found:
                key = fingerprint(base(unit.language), said_of([unit]))
                found[unit.unit_id] = WorkItem(unit.unit_id, key, unit, parent_id=subgraph.subgraph_id)
    return list(found.values())


async def write(item: WorkItem[GraphUnit], ask: Ask) -> list[QaPair]:
    """The pair about one entity; `name` goes into the pair's details.

    Raises:
        CallFailed: the answer was unusable twice.
    """
    unit = item.payload
    definition, _ = await ask_structured(ask, request(unit), lambda value: text_field(value, "definition"))
    question = f"{unit.name}是什么？" if unit.language == "zh" else f"What is {unit.name}?"
    return [qa_pair("definition", question, definition, [unit], name=unit.name)]


DEFINITION = Form(
    name="definition",
    title="Definitions",
    description="What each entity of a subgraph is.",
    version=VERSION,
    prompts=(PROMPT,),
    items=items,
    write=write,
    usual=Usual(0.4, "units", 150.0, 40.0, effort=40.0),
    by_default=False,
    exempt=frozenset({"empty"}),
)
