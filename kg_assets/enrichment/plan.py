"""Which pages are looked for, and which are read: work items, keyed by all that can change them.

Only what the user's own documents name is looked up: what a page names is not, or there would be no end.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from kg_assets.domain import Claim
from kg_assets.enrichment.choose import ENRICHMENT_VERSION, Wanted, choice_request
from kg_assets.enrichment.pages import PageRow, page_chunk
from kg_assets.graph.extract import CLAIMS_VERSION, extract_claims, extraction_request
from kg_assets.graph.merge import merge_claims
from kg_assets.graph.plan import checked_by, further_rounds
from kg_assets.keys import request_key
from kg_assets.ledger import DroppedPart, WorkItem
from kg_assets.warehouse_reads import current_pages, own_claims
from resources.models.types import Ask
from resources.settings import ExtractionSettings
from resources.warehouse.warehouse import Warehouse

PAGE_CLAIMS_VERSION = f"{CLAIMS_VERSION}.1"


def enrichment_items(
    warehouse: Warehouse, settings: ExtractionSettings, identity: Mapping[str, Any]
) -> list[WorkItem[Wanted]]:
    """Each entity that the documents name, in order of first mention; none with enrichment switched off."""
    if settings.enrich == "off":
        return []
    wanted = [
        Wanted(
            found.unit.unit_id,
            found.unit.name,
            found.unit.type,
            found.descriptions,
            settings.language or found.unit.language,
        )
        for found in merge_claims(own_claims(warehouse))
        if found.unit.kind == "entity"
    ]
    return [
        WorkItem(
            one.entity_id,
            request_key(
                ENRICHMENT_VERSION, choice_request(one, ()), identity, settings.wikipedia, one.language
            ),
            one,
        )
        for one in wanted
    ]


def page_claim_items(
    warehouse: Warehouse, settings: ExtractionSettings, identity: Mapping[str, Any]
) -> list[WorkItem[PageRow]]:
    """Each page once, however many entities led to it."""
    return [
        WorkItem(
            page.chunk_id,
            request_key(
                PAGE_CLAIMS_VERSION,
                extraction_request(page_chunk(page), settings),
                identity,
                page.document_id,
                page.text,
                further_rounds(settings, settings.language or page.language),
                *checked_by(settings),
            ),
            page,
        )
        for page in current_pages(warehouse)
    ]


async def read_page(page: PageRow, settings: ExtractionSettings, ask: Ask) -> Sequence[Claim | DroppedPart]:
    """What a page says. What that costs is counted for the entity that led to it.

    Raises:
        CallFailed: the model could not be asked, or its first answer was unusable twice.
    """

    async def ask_for_entity(request: Any, /) -> Any:
        return await ask(
            replace(request, stage="enrichment_claims", item_id=page.entity_id, document_id=None)
        )

    return await extract_claims(page_chunk(page), settings, ask_for_entity)
