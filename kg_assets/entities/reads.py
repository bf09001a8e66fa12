"""Names and what they mean, as other stages read them."""

from kg_assets.enrichment.reads import claims_as_said
from kg_assets.entities.apply import spellings
from kg_assets.entities.types import Alias
from resources.warehouse.warehouse import Warehouse


def current_aliases(warehouse: Warehouse) -> list[Alias]:
    """Names that mean what others do, now."""
    return warehouse.rows(Alias, "FROM current_entity_aliases")


def current_spellings(warehouse: Warehouse) -> dict[str, tuple[str, ...]]:
    """Every way in which the current claims write each entity, by its id in the graph."""
    claims = [made.claim for made in claims_as_said(warehouse)]
    return spellings(claims, current_aliases(warehouse))
