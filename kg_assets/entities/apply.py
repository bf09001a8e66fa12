"""Claims as they count for the graph: those about an alias are about what it means."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from kg_assets.domain import Claim, entity_id, relation_id
from kg_assets.entities.types import UNKNOWN_TYPE, Alias


def canonical_claims(claims: Sequence[Claim], aliases: Sequence[Alias]) -> list[Claim]:
    """The claims in their order, each about the canonical entity or relation; without aliases as they are.

    A relation between two names of one thing tells about that thing: it becomes a claim about the entity.
    """
    if not aliases:
        return list(claims)
    meant = {row.alias_id: row.canonical for row in aliases}
    id_of = cache(entity_id)

    def name(said: str) -> str:
        return meant.get(id_of(said), said)

    def canonical(claim: Claim) -> Claim:
        if claim.kind == "entity":
            found = name(claim.name)
            return claim if found == claim.name else replace(claim, unit_id=id_of(found), name=found)
        source, target = name(claim.source), name(claim.target)
        if (source, target) == (claim.source, claim.target):
            return claim
        if id_of(source) == id_of(target):
            as_entity = {"kind": "entity", "name": source, "type": UNKNOWN_TYPE, "source": "", "target": ""}
            return replace(claim, unit_id=id_of(source), **as_entity)  # type: ignore[arg-type]
        return replace(claim, unit_id=relation_id(source, target), source=source, target=target)

    return [canonical(claim) for claim in claims]


def spellings(claims: Sequence[Claim], aliases: Sequence[Alias]) -> dict[str, tuple[str, ...]]:
    """Every way in which the claims write each entity, by its canonical id, in order of first mention."""
    meant = {row.alias_id: row.canonical_id for row in aliases}
    found: dict[str, dict[str, None]] = defaultdict(dict)
    id_of = cache(entity_id)
    for claim in claims:
        for said in (claim.name,) if claim.kind == "entity" else (claim.source, claim.target):
            found[meant.get(id_of(said), id_of(said))][said] = None
    return {unit_id: tuple(names) for unit_id, names in found.items()}


def moved_units(claims: Sequence[Claim], aliases: Sequence[Alias]) -> dict[str, str]:
    """The units of the claims, entities and relations, that count for others: their ids to those of these."""
    return {
        before.unit_id: after.unit_id
        for before, after in zip(claims, canonical_claims(claims, aliases), strict=True)
        if before.unit_id != after.unit_id
    }
