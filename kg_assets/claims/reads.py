"""The claims of the current chunks, as other stages read them."""

from dataclasses import fields

from kg_assets.claims.merge import ChunkClaim
from kg_assets.domain import Claim
from resources.warehouse.warehouse import Warehouse


def own_claims(warehouse: Warehouse) -> list[ChunkClaim]:
    """Claims of the current chunks, in document order. Those of chunks that are gone are left out: they wait
    for the claims stage to run again."""
    columns = [field.name for field in fields(Claim)]
    found = warehouse.tuples(
        f"SELECT i.item_id, c.language, {', '.join(f't.{name}' for name in columns)} "
        "FROM current_items i JOIN claims t ON t.key = i.key JOIN current_chunks c ON c.chunk_id = i.item_id "
        "WHERE i.stage = 'claims' ORDER BY i.position, t.row_index"
    )
    return [ChunkClaim(chunk_id, language, Claim(*claim)) for chunk_id, language, *claim in found]
