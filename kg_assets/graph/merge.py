"""From the claims of all chunks to graph units: one entity per name, one relation per pair.

A pure function of the claims and their order. Writing to the graph store is in `graph_state` and
`resources.graph`.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, TypeVar

from kg_assets.domain import Claim, GraphUnit, entity_id, fingerprint
from kg_assets.graph.extract import UNKNOWN_TYPE
from kg_assets.graph.summarise import SUMMARY_VERSION, summarise, summary_request
from kg_assets.keys import request_key
from resources.models.types import Ask

MERGE_VERSION = "1"
_SENTENCE_ENDS = tuple(".!?…。！？")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ChunkClaim:
    """A claim and the chunk that makes it, with the chunk's language; `origin` as in `GraphUnit`."""

    chunk_id: str
    language: str
    claim: Claim
    origin: str = ""


@dataclass(frozen=True, slots=True)
class MergedUnit:
    """A unit before its description is written: distinct descriptions in stable order, and its support."""

    unit: GraphUnit
    descriptions: tuple[str, ...]
    chunk_ids: tuple[str, ...]
    claims: int


def merge_claims(claims: Sequence[ChunkClaim]) -> list[MergedUnit]:
    """All units that the claims speak of, entities first, each kind in order of first mention.

    Entity identity is `normalise_name`; its name and type are the majority's, ties by order. A relation is
    one per unordered pair, its direction and type the majority's. A relation that names an entity no claim
    describes creates it with type `unknown`, supported by that relation.

    Args:
        claims: in document order, which makes the result stable.
    """
    entity_claims: dict[str, list[ChunkClaim]] = defaultdict(list)
    relation_claims: dict[str, list[ChunkClaim]] = defaultdict(list)
    mentions: dict[str, list[tuple[str, ChunkClaim]]] = defaultdict(list)
    id_of = cache(entity_id)
    for made in claims:
        if made.claim.kind == "entity":
            entity_claims[made.claim.unit_id].append(made)
            mentions[made.claim.unit_id].append((made.claim.name, made))
        else:
            relation_claims[made.claim.unit_id].append(made)
            for name in (made.claim.source, made.claim.target):
                mentions[id_of(name)].append((name, made))
    names = {unit_id: _name(entity_claims.get(unit_id, []), said) for unit_id, said in mentions.items()}
    entities = [
        _entity(unit_id, names[unit_id], entity_claims.get(unit_id, []), said)
        for unit_id, said in mentions.items()
    ]
    relations = [_relation(unit_id, made, names, id_of) for unit_id, made in relation_claims.items()]
    return entities + relations


def with_description(merged: MergedUnit, description: str) -> GraphUnit:
    """The finished unit: its description and the hash of everything a reader of it sees."""
    unit = merged.unit
    seen = [unit.kind, unit.name, unit.type, unit.source, unit.target, description, *_marked(unit)]
    return replace(unit, description=description, content_hash=fingerprint(seen))


def unit_key(
    merged: MergedUnit, limit_tokens: int, count_tokens: Callable[[str], int], identity: Mapping[str, Any]
) -> tuple[str, bool]:
    """Row key of a unit, and whether its descriptions need a summary; only then does the model matter."""
    unit = merged.unit
    names = unit.name, unit.type, unit.source_id, unit.target_id, unit.source, unit.target
    content = unit.unit_id, unit.kind, *names, unit.language, merged.descriptions, *_marked(unit)
    if _fits(_joined(merged), limit_tokens, count_tokens):
        return fingerprint(MERGE_VERSION, content), False
    request = summary_request(merged.unit, merged.descriptions, limit_tokens)
    return request_key(MERGE_VERSION + SUMMARY_VERSION, request, identity, content), True


def _marked(unit: GraphUnit) -> tuple[str, ...]:
    return (unit.origin,) if unit.origin else ()


async def describe(
    merged: MergedUnit, limit_tokens: int, count_tokens: Callable[[str], int], ask: Ask
) -> GraphUnit:
    """The finished unit: its distinct descriptions side by side, or their summary where they are too long.

    Raises:
        CallFailed: the summary could not be had.
    """
    description = _joined(merged)
    if not _fits(description, limit_tokens, count_tokens):
        description = await summarise(merged.unit, merged.descriptions, limit_tokens, count_tokens, ask)
    return with_description(merged, description)


def _fits(text: str, limit_tokens: int, count_tokens: Callable[[str], int]) -> bool:
    """Whether a text is within the limit. No token is less than a byte: a short text need not be counted."""
    return len(text.encode("utf-8", "surrogatepass")) <= limit_tokens or count_tokens(text) <= limit_tokens


def _joined(merged: MergedUnit) -> str:
    """The descriptions as one text, each a sentence of its own where there are several."""
    if len(merged.descriptions) < 2:
        return "".join(merged.descriptions)
    stop, gap = ("。", "") if merged.unit.language == "zh" else (".", " ")
    return gap.join(
        text if text.rstrip("\"'”’）)」』").endswith(_SENTENCE_ENDS) else text + stop
        for text in merged.descriptions
    )


def _entity(
    unit_id: str, name: str, claims: Sequence[ChunkClaim], mentions: Sequence[tuple[str, ChunkClaim]]
) -> MergedUnit:
    supporters = claims or [made for _, made in mentions]
    described = _majority(made.claim.type for made in claims if made.claim.type != UNKNOWN_TYPE)
    unit = _bare_unit(unit_id, "entity", supporters, name=name, type=described or UNKNOWN_TYPE)
    return _merged(unit, claims, supporters)


def _relation(
    unit_id: str, claims: Sequence[ChunkClaim], names: Mapping[str, str], id_of: Callable[[str], str]
) -> MergedUnit:
    # Direction and type are chosen together: each alone could be a relation that nobody claims.
    said = ((id_of(c.source), id_of(c.target), c.type) for c in (made.claim for made in claims))
    source_id, target_id, type_ = _majority(said) or ("", "", "")
    unit = _bare_unit(
        unit_id,
        "relation",
        claims,
        type=type_,
        source_id=source_id,
        target_id=target_id,
        source=names[source_id],
        target=names[target_id],
    )
    return _merged(unit, claims, claims)


def _merged(
    unit: GraphUnit, described_by: Sequence[ChunkClaim], supporters: Sequence[ChunkClaim]
) -> MergedUnit:
    descriptions = tuple(dict.fromkeys(made.claim.description for made in described_by))
    return MergedUnit(
        unit, descriptions, tuple(dict.fromkeys(made.chunk_id for made in supporters)), len(supporters)
    )


def _bare_unit(unit_id: str, kind: str, supporters: Sequence[ChunkClaim], **fields: str) -> GraphUnit:
    texts = {"name": "", "type": "", "source_id": "", "target_id": "", "source": "", "target": ""} | fields
    language = _majority(made.language for made in supporters) or "en"
    origin = supporters[0].origin if all(made.origin for made in supporters) else ""
    return GraphUnit(
        unit_id=unit_id,
        kind=kind,  # type: ignore[arg-type]
        language=language,
        description="",
        content_hash="",
        origin=origin,
        **texts,
    )


def _name(claims: Sequence[ChunkClaim], mentions: Sequence[tuple[str, ChunkClaim]]) -> str:
    spellings = [made.claim.name for made in claims] or [name for name, _ in mentions]
    return _majority(spellings) or ""


def _majority(values: Iterable[T]) -> T | None:
    found = list(values)
    if len(found) == 1:
        return found[0]
    counted = Counter(found)  # keeps the order of first mention, and most_common is stable: ties go by order
    return counted.most_common(1)[0][0] if counted else None
