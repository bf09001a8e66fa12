"""Current pages of an encyclopedia and what they say, as other stages read them."""

from dataclasses import fields

from kg_assets.claims.merge import ChunkClaim
from kg_assets.claims.reads import own_claims
from kg_assets.domain import ENRICHMENT, Claim
from kg_assets.enrichment.pages import PageRow
from resources.warehouse.warehouse import Warehouse


def claims_as_said(warehouse: Warehouse) -> list[ChunkClaim]:
    """Claims of the documents and then of pages of an encyclopedia, before names are resolved."""
    return own_claims(warehouse) + page_claims(warehouse)


def page_claims(warehouse: Warehouse) -> list[ChunkClaim]:
    """Claims of the current pages of an encyclopedia, in the order of the entities that led to them."""
    columns = [field.name for field in fields(Claim)]
    query = f"SELECT chunk_id, language, {', '.join(columns)} FROM page_claims"
    with warehouse.connect() as connection:
        found = connection.execute(query).fetchall()
    return [ChunkClaim(chunk_id, language, Claim(*claim), ENRICHMENT) for chunk_id, language, *claim in found]


def current_pages(warehouse: Warehouse) -> list[PageRow]:
    """Pages of an encyclopedia about what the documents name, each once."""
    return warehouse.rows(PageRow, "FROM current_pages")
