"""Which pages are looked for, and which are read: work items, keyed by all that can change them.

Only what the user's own documents name is looked up: what a page names is not, or there would be no end.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from kg_assets.claims.extract import CLAIMS_VERSION, extract_claims, extraction_request
from kg_assets.claims.merge import merge_claims
from kg_assets.claims.plan import CLAIMS, READING, checked_by, further_rounds
from kg_assets.claims.reads import own_claims
from kg_assets.domain import Claim
from kg_assets.enrichment.choose import ENRICHMENT_VERSION, Wanted, choice_request, find_page
from kg_assets.enrichment.pages import PageRow, page_chunk
from kg_assets.enrichment.reads import current_pages
from kg_assets.stage.bench import StageBench
from kg_assets.stage.ledger import DroppedPart, WorkItem
from kg_assets.stage.request_keys import request_key
from kg_assets.stage.stage import Plan, Stage, Usual
from resources.configuration.load import Configuration
from resources.configuration.settings import ExtractionSettings
from resources.models.types import Ask
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
        return await ask(replace(request, item_id=page.entity_id, document_id=None))

    return await extract_claims(page_chunk(page), settings, ask_for_entity)


def _enriches(configuration: Configuration) -> bool:
    return configuration.settings.extraction.enrich != "off"


def _note(bench: StageBench) -> str:
    return "extraction.enrich is off" if bench.settings.extraction.enrich == "off" else ""


def _plan_enrichment(bench: StageBench) -> Plan[Wanted]:
    items: list[WorkItem[Wanted]] = []
    if bench.settings.extraction.enrich != "off":
        items = enrichment_items(bench.warehouse, bench.settings.extraction, bench.identity("synthesizer"))

    async def look_up(item: WorkItem[Wanted], ask: Ask) -> list[PageRow]:
        return [await find_page(item.payload, bench.encyclopedia().search, ask, bench.count)]

    return Plan(items, look_up, "synthesizer" if items else None, _note(bench))


def _plan_page_claims(bench: StageBench) -> Plan[PageRow]:
    settings = bench.settings.extraction
    items = page_claim_items(bench.warehouse, settings, bench.identity("synthesizer"))
    return Plan(
        items,
        lambda item, ask: read_page(item.payload, settings, ask),
        "synthesizer" if items else None,
        _note(bench),
    )


ENRICHMENT_STAGE = Stage(
    name="enrichment",
    group="enrichment",
    row_type=PageRow,
    upstream=(CLAIMS,),
    version=ENRICHMENT_VERSION,
    plan=_plan_enrichment,
    role="synthesizer",
    asks=_enriches,
    prompts=(("enrichment", "page_choice"),),
    settings=("extraction.enrich", "extraction.wikipedia", "extraction.language"),
    usual=lambda _settings: Usual(0.5, "units", 900.0, 8.0),
    kinds=frozenset({"openai", "duckdb"}),
    needs_rows=False,
)
ENRICHMENT_CLAIMS = Stage(
    name="enrichment_claims",
    group="enrichment",
    row_type=Claim,
    item="chunk_id",
    upstream=(ENRICHMENT_STAGE,),
    version=PAGE_CLAIMS_VERSION,
    plan=_plan_page_claims,
    role="synthesizer",
    asks=_enriches,
    prompts=tuple(("claims", task) for task in ("extraction", "extraction_of_schema", "gleaning")),
    settings=("extraction.enrich", *READING),
    usual=lambda _settings: Usual(0.25, "units", 1500.0, 900.0),
    kinds=frozenset({"openai", "duckdb"}),
    needs_rows=False,
)
