"""Which page of an encyclopedia is about an entity: searched by name, chosen by the synthesizer, or none."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from kg_assets.domain import fingerprint
from kg_assets.enrichment.pages import PageRow
from kg_assets.stage.ledger import Dropped
from kg_assets.stage.prompts import payload_message, system_prompt
from resources.models.schemas import object_of, whole_number
from resources.models.structured import ask_structured
from resources.models.types import Ask, ChatRequest, Message
from resources.sources.encyclopedia import Page

ENRICHMENT_VERSION = "1"
_SHOWN_DESCRIPTIONS = 3
_SHOWN_CHARS = 400

Search = Callable[[str, str], list[Page]]
"""By name and language."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An entity of the user's documents, as they name and describe it."""

    entity_id: str
    name: str
    type: str
    descriptions: tuple[str, ...]
    language: str


def choice_request(wanted: Wanted, pages: Sequence[Page]) -> ChatRequest:
    """The question which of the pages is meant. Without pages it is what all such questions share."""
    language = wanted.language
    shown = [
        {
            "id": number,
            "title": page.title,
            "description": page.description,
            "text": page.summary[:_SHOWN_CHARS],
        }
        for number, page in enumerate(pages, start=1)
    ]
    descriptions = [text[:_SHOWN_CHARS] for text in wanted.descriptions[:_SHOWN_DESCRIPTIONS]]
    entity = {"name": wanted.name, "type": wanted.type, "descriptions": descriptions}
    return ChatRequest(
        messages=(
            Message("system", system_prompt("enrichment", "page_choice", language)),
            payload_message({"entity": entity, "pages": shown}),
        ),
        max_tokens=24,
        schema=object_of({"page": whole_number(0, len(pages))}, "PageChoice"),
        item_id=wanted.entity_id,
    )


async def find_page(wanted: Wanted, search: Search, ask: Ask, count_tokens: Callable[[str], int]) -> PageRow:
    """The page about an entity.

    Raises:
        Dropped: there is none, or none that is certainly about it.
        CallFailed: the encyclopedia or the model could not be asked, or the answer was unusable twice.
    """
    # In a thread of its own: the encyclopedia blocks, and all items share the event loop.
    pages = await asyncio.to_thread(search, wanted.name, wanted.language)
    if not pages:
        raise Dropped("no_page", f"The encyclopedia has no page that “{wanted.name}” leads to.")

    def chosen(answer: Any) -> int:
        number = answer["page"]
        if not isinstance(number, int) or not 0 <= number <= len(pages):
            raise ValueError(f'"page" must be a number from 0 (none) to {len(pages)}')
        return number

    number, _ = await ask_structured(ask, choice_request(wanted, pages), chosen)
    if number == 0:
        titles = ", ".join(page.title for page in pages)
        raise Dropped("no_match", f"No page is certainly about “{wanted.name}”.", titles)
    page = pages[number - 1]
    return PageRow(
        entity_id=wanted.entity_id,
        entity=wanted.name,
        document_id=page.url,
        chunk_id="c" + fingerprint(page.url, page.summary, 0),
        version=fingerprint(page.summary, page.title, page.revision),
        title=page.title,
        text=page.summary,
        revision=page.revision,
        language=page.language,
        tokens=count_tokens(page.summary),
    )
