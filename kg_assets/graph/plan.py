"""Which units of the graph are to be made: work items, keyed by all that can change them."""

from collections.abc import Callable, Mapping
from typing import Any

from kg_assets.claims.merge import MergedUnit, merge_claims
from kg_assets.graph.merge import unit_key
from kg_assets.graph.reads import current_claims
from kg_assets.stage.ledger import WorkItem
from resources.warehouse.warehouse import Warehouse

Identity = Mapping[str, Any]


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
