"""Entity resolution by rules: from entities and the texts they stand in to a decision on each likely pair."""

from collections.abc import Iterator, Sequence

from kg_assets.domain import normalise_name
from kg_assets.entities.candidates import candidates
from kg_assets.entities.definitions import definitions
from kg_assets.entities.rules import decide, decide_definition, strongest
from kg_assets.entities.types import Decision, Named, Passage


def rule_decisions(entities: Sequence[Named], passages: Sequence[Passage]) -> list[Decision]:
    """One decision for each pair that shares a key or is defined in a text, ordered by pair.

    Args:
        entities: all that the claims name, each once.
        passages: the texts they stand in.
    """
    known = {entity.entity_id: entity for entity in entities}
    ids = {normalise_name(entity.name): entity.entity_id for entity in entities}

    def found() -> Iterator[Decision]:
        for candidate in candidates(entities):
            yield decide(candidate)
        for definition in definitions(passages, ids):
            yield decide_definition(definition, known[definition.left_id], known[definition.right_id])

    best = strongest(found())
    return [best[pair] for pair in sorted(best)]
