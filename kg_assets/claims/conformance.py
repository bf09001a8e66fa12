"""Whether the claims of a chunk keep to the user's schema; those that do not are drops with a sentence.

What a schema is and how it is checked itself is in `resources.configuration.extraction_schema`.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product

from kg_assets.domain import Claim, entity_id
from kg_assets.stage.ledger import DroppedPart
from resources.configuration.extraction_schema import ExtractionSchema, RelationType, type_key

CONFORMANCE_VERSION = "1"


def conforming(claims: Sequence[Claim], schema: ExtractionSchema) -> list[Claim | DroppedPart]:
    """The claims of one chunk in order, each with its type as the schema writes it, or the drop it becomes.

    A relation is judged by the types that the chunk's own entities have; one whose ends are not among them
    has no types that could be allowed.
    """
    entity_types = {type_key(entity.name): entity.name for entity in schema.entities}
    relation_types = {type_key(relation.name): relation for relation in schema.relations}
    types_of: dict[str, dict[str, None]] = defaultdict(dict)
    for claim in claims:
        if claim.kind == "entity" and (known := entity_types.get(type_key(claim.type))):
            types_of[claim.unit_id][known] = None
    kept: list[Claim | DroppedPart] = []
    for claim in claims:
        if claim.kind == "entity":
            known = entity_types.get(type_key(claim.type))
            kept.append(replace(claim, type=known) if known else _foreign_type(claim, claim.name))
        elif relation := relation_types.get(type_key(claim.type)):
            kept.append(_of_allowed_pair(claim, relation, types_of))
        else:
            kept.append(_foreign_type(claim, f"{claim.source} – {claim.target}"))
    return kept


def _of_allowed_pair(
    claim: Claim, relation: RelationType, types_of: Mapping[str, Mapping[str, None]]
) -> Claim | DroppedPart:
    ends = [(name, list(types_of.get(entity_id(name), ()))) for name in (claim.source, claim.target)]
    for name, types in ends:
        if not types:
            detail = (
                f"The relation {relation.name!r} of {claim.source} to {claim.target} is left out: the chunk "
                f"gives {name} no type of the schema."
            )
            return _dropped("end_without_type", detail, claim)
    allowed = {(type_key(source), type_key(target)) for source, target in relation.pairs}
    found = product(*(types for _, types in ends))
    if allowed and not any((type_key(s), type_key(t)) in allowed for s, t in found):
        detail = (
            f"The relation {relation.name!r} of {claim.source} ({' or '.join(ends[0][1])}) to {claim.target} "
            f"({' or '.join(ends[1][1])}) is left out: the schema allows it for "
            f"{', '.join(f'{source} → {target}' for source, target in relation.pairs)}."
        )
        return _dropped("pair_not_in_schema", detail, claim)
    return replace(claim, type=relation.name)


def _foreign_type(claim: Claim, name: str) -> DroppedPart:
    detail = f"The {claim.kind} {name} is left out: its type {claim.type!r} is not in the schema."
    return _dropped("type_not_in_schema", detail, claim)


def _dropped(reason: str, detail: str, claim: Claim) -> DroppedPart:
    said = {
        name: value
        for name in ("kind", "name", "source", "target", "type", "description")
        if (value := getattr(claim, name))
    }
    return DroppedPart(reason, detail, json.dumps(said, ensure_ascii=False))
