"""Entities for the tests of resolution, and what becomes of their names."""

from collections.abc import Sequence

from kg_assets.domain import entity_id
from kg_assets.entities.clusters import aliases
from kg_assets.entities.resolve import rule_decisions
from kg_assets.entities.types import Named, Passage


def named(name: str, type_: str = "concept", description: str = "", claims: int = 1) -> Named:
    return Named(entity_id(name), name, type_, (description,) if description else (), claims)


def merged(*entities: Named, text: str = "") -> list[tuple[str, str]]:
    """(canonical name, alias) of all that the rules join."""
    passages = [Passage("c1", text)] if text else []
    return [(row.canonical, row.alias) for row in aliases(entities, rule_decisions(entities, passages))]


def joined(
    one: str, other: str, type_: str = "concept", text: str = "", said: Sequence[str] = ("", "")
) -> bool:
    """Whether two names of one type become one entity."""
    return bool(merged(named(one, type_, said[0]), named(other, type_, said[1]), text=text))
