"""The current graph and its evidence, as other stages read them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import fields, replace

from kg_assets.claims.merge import ChunkClaim
from kg_assets.claims.reads import own_claims
from kg_assets.domain import Document, Evidence, GraphUnit
from kg_assets.enrichment.reads import current_pages, page_claims
from kg_assets.entities.apply import canonical_claims
from kg_assets.entities.reads import current_aliases
from kg_assets.entities.types import Alias
from resources.warehouse.warehouse import Warehouse


def current_claims(warehouse: Warehouse) -> list[ChunkClaim]:
    """The claims that make the graph, those about an alias as claims about what it means.

    What the documents state of a unit, they state in their own words: claims of pages about it are left out,
    so that a unit is either the documents' or an encyclopedia's, never a mixture.
    """
    aliases = current_aliases(warehouse)
    own = _canonical(own_claims(warehouse), aliases)
    stated = {made.claim.unit_id for made in own}
    pages = _canonical(page_claims(warehouse), aliases)
    return own + [made for made in pages if made.claim.unit_id not in stated]


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
    columns = ", ".join(f'"{field.name}"' for field in fields(Evidence))
    found = warehouse.tuples(
        f"SELECT unit_id, {columns} FROM unit_evidence "
        "WHERE $units IS NULL OR list_contains($units, unit_id)",
        {"units": None if unit_ids is None else list(unit_ids)},
    )
    spans: dict[str, list[Evidence]] = defaultdict(list)
    for unit_id, *span in found:
        spans[unit_id].append(Evidence(*span))
    return {unit_id: tuple(each) for unit_id, each in spans.items()}
