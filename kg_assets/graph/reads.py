"""The current graph and its evidence, as other stages read them."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from kg_assets.claims.merge import ChunkClaim
from kg_assets.claims.reads import own_claims
from kg_assets.domain import ENRICHMENT, Chunk, Document, Evidence, GraphUnit
from kg_assets.enrichment.pages import page_chunk
from kg_assets.enrichment.reads import current_pages, page_claims
from kg_assets.entities.apply import canonical_claims
from kg_assets.entities.reads import current_aliases
from kg_assets.entities.types import Alias
from kg_assets.ingest.pages import page_at
from resources.warehouse.warehouse import Warehouse


def current_claims(warehouse: Warehouse, unit_ids: Sequence[str] | None = None) -> list[ChunkClaim]:
    """The claims that make the graph, those about an alias as claims about what it means; only those that
    count for these units if any are named.

    What the documents state of a unit, they state in their own words: claims of pages about it are left out,
    so that a unit is either the documents' or an encyclopedia's, never a mixture.
    """
    aliases = current_aliases(warehouse)
    own = _canonical(own_claims(warehouse, unit_ids), aliases)
    pages = _canonical(page_claims(warehouse), aliases)
    if not pages:
        return own
    stated = {made.claim.unit_id for made in (own if unit_ids is None else current_own_claims(warehouse))}
    wanted = None if unit_ids is None else set(unit_ids)
    return own + [
        made
        for made in pages
        if made.claim.unit_id not in stated and (wanted is None or made.claim.unit_id in wanted)
    ]


def current_own_claims(warehouse: Warehouse) -> list[ChunkClaim]:
    """Of `current_claims` those of the user's documents."""
    return _canonical(own_claims(warehouse), current_aliases(warehouse))


def _canonical(said: Sequence[ChunkClaim], aliases: Sequence[Alias]) -> list[ChunkClaim]:
    meant = canonical_claims([made.claim for made in said], aliases)
    return [
        made if made.claim is claim else replace(made, claim=claim)
        for made, claim in zip(said, meant, strict=True)
    ]


def current_texts(warehouse: Warehouse) -> dict[str, str]:
    """The text of every document and page, by its id."""
    documents = warehouse.rows(Document, "FROM current_documents")
    return {each.document_id: each.text for each in documents} | {
        page.document_id: page.text for page in current_pages(warehouse)
    }


def current_units(warehouse: Warehouse) -> dict[str, GraphUnit]:
    """Units of the current graph by id, in order of first mention, entities first.

    A relation one of whose ends was dropped is left out: it cannot stand in a graph.
    """
    return {unit.unit_id: unit for unit in warehouse.rows(GraphUnit, "FROM current_units")}


def current_evidence(
    warehouse: Warehouse, unit_ids: Sequence[str] | None = None
) -> dict[str, tuple[Evidence, ...]]:
    """Source spans of every unit that some claim describes, in document order; of these units only if any are
    named."""
    claims = current_claims(warehouse, unit_ids)
    used = list({made.chunk_id for made in claims})
    found = warehouse.rows(Chunk, "FROM current_chunks WHERE chunk_id IN (SELECT unnest(?))", [used])
    of_pages = {page.chunk_id: page_chunk(page) for page in current_pages(warehouse)}
    chunks = {chunk.chunk_id: chunk for chunk in found} | of_pages
    pages = _pages(warehouse)
    spans: dict[str, dict[tuple[str, int, int], Evidence]] = defaultdict(dict)
    for made in claims:
        chunk, claim = chunks[made.chunk_id], made.claim
        start, end = chunk.start_char + claim.evidence_start, chunk.start_char + claim.evidence_end
        spans[claim.unit_id].setdefault(
            (chunk.document_id, start, end),
            Evidence(
                document=chunk.document_id,
                document_version=chunk.document_version,
                chunk_id=chunk.chunk_id,
                start=start,
                end=end,
                text=chunk.text[claim.evidence_start : claim.evidence_end],
                page=page_at(pages.get(chunk.document_id, ()), start),
                origin=ENRICHMENT if chunk.chunk_id in of_pages else "",
            ),
        )
    return {unit_id: tuple(found.values()) for unit_id, found in spans.items()}


def _pages(warehouse: Warehouse) -> dict[str, list[tuple[int, int]]]:
    """Where pages begin, by document; only documents that have pages."""
    with warehouse.connect() as connection:
        found = connection.execute(
            "SELECT document_id, pages FROM current_documents WHERE pages <> '[]'"
        ).fetchall()
    return {document_id: [(start, page) for start, page in json.loads(pages)] for document_id, pages in found}
