"""The claims of the current chunks, as other stages read them."""

from collections.abc import Sequence
from dataclasses import fields

from kg_assets.claims.merge import ChunkClaim
from kg_assets.domain import Claim
from resources.warehouse.warehouse import Warehouse


def own_claims(warehouse: Warehouse, unit_ids: Sequence[str] | None = None) -> list[ChunkClaim]:
    """Claims of the current chunks, in document order, that count for these units only if any are named.
    Claims of chunks that are gone are left out: they wait for the claims stage to run again."""
    columns = [field.name for field in fields(Claim)]
    query = (
        f"SELECT i.item_id, c.language, {', '.join(f't.{name}' for name in columns)} "
        "FROM current_items i JOIN claims t ON t.key = i.key JOIN current_chunks c ON c.chunk_id = i.item_id "
        "WHERE i.stage = 'claims' AND ($units IS NULL OR t.unit_id IN (SELECT unnest($units)) OR "
        "t.unit_id IN (SELECT unit_id FROM moved_units WHERE canonical_id IN (SELECT unnest($units)))) "
        "ORDER BY i.position, t.row_index"
    )
    units = {"units": None if unit_ids is None else list(unit_ids)}
    with warehouse.connect() as connection:
        found = connection.execute(query, units).fetchall()
    return [ChunkClaim(chunk_id, language, Claim(*claim)) for chunk_id, language, *claim in found]
