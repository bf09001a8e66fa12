"""The current graph and its evidence, as other stages read them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from typing import Any

from kg_assets.claims.merge import ChunkClaim
from kg_assets.claims.reads import own_claims
from kg_assets.domain import Document, Evidence, GraphUnit
from kg_assets.enrichment.reads import current_pages, page_claims
from kg_assets.entities.apply import canonical_claims
from kg_assets.entities.reads import current_aliases
from kg_assets.entities.types import Alias
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
    found = warehouse.tuples(
        f"SELECT unit_id, {SPAN} FROM unit_evidence "
        "WHERE $units IS NULL OR unit_id IN (SELECT unnest($units))",
        {"units": None if unit_ids is None else list(unit_ids)},
    )
    return spans_by_id(found)


SPAN = ", ".join(f'"{field.name}"' for field in fields(Evidence))
"""The columns of a span, of the views `unit_evidence` and `pair_evidence`."""


def spans_by_id(rows: Iterable[Sequence[Any]]) -> dict[str, tuple[Evidence, ...]]:
    """Rows of an id and the columns SPAN, as the spans of each id in the order of the rows."""
    spans: dict[str, list[Evidence]] = defaultdict(list)
    for of, *span in rows:
        spans[of].append(Evidence(*span))
    return {of: tuple(found) for of, found in spans.items()}
