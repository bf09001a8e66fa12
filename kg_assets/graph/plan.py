"""Which rows of the graph group are to be made: work items, keyed by all that can change them."""

from collections.abc import Callable, Mapping
from typing import Any

from kg_assets.domain import Chunk
from kg_assets.graph.conformance import CONFORMANCE_VERSION
from kg_assets.graph.extract import CLAIMS_VERSION, extraction_request
from kg_assets.graph.merge import MergedUnit, merge_claims, unit_key
from kg_assets.keys import request_key
from kg_assets.ledger import WorkItem
from kg_assets.prompts import system_prompt
from kg_assets.warehouse_reads import current_claims
from resources.settings import ExtractionSettings
from resources.warehouse.warehouse import Warehouse

Identity = Mapping[str, Any]


def claim_items(
    warehouse: Warehouse, settings: ExtractionSettings, identity: Identity
) -> list[WorkItem[Chunk]]:
    """Each current chunk."""
    schema = settings.of_schema
    checked = () if schema is None else (CONFORMANCE_VERSION, schema.model_dump(mode="json"))

    def key(chunk: Chunk) -> str:
        gleaning = system_prompt("graph", "gleaning", settings.language or chunk.language)
        rounds = (settings.max_gleanings, gleaning if settings.max_gleanings else "")
        request = extraction_request(chunk, settings)
        return request_key(CLAIMS_VERSION, request, identity, chunk.text, rounds, *checked)

    return [
        WorkItem(chunk.chunk_id, key(chunk), chunk, chunk.document_id)
        for chunk in warehouse.rows(Chunk, "FROM current_chunks")
    ]


def unit_items(
    warehouse: Warehouse, description_tokens: int, count: Callable[[str], int], identity: Identity
) -> tuple[list[WorkItem[MergedUnit]], bool]:
    """Each unit that the current claims merge into, and whether some description must be summarised by the
    synthesizer."""
    keyed = [
        (unit, *unit_key(unit, description_tokens, count, identity))
        for unit in merge_claims(current_claims(warehouse))
    ]
    items = [WorkItem(unit.unit.unit_id, key, unit) for unit, key, _ in keyed]
    return items, any(needs_summary for _, _, needs_summary in keyed)
