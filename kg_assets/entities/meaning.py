"""Pairs of names that the embedder's vectors bring together: candidates for the synthesizer, which no rule
decides."""

import re
import unicodedata
from collections.abc import Collection, Sequence

from kg_assets.entities.contradictions import contradiction
from kg_assets.entities.neighbours import mutual_neighbours
from kg_assets.entities.spelling import is_chinese
from kg_assets.entities.types import Decision, Named, ordered
from resources.configuration.settings import SimilaritySettings
from resources.models.types import Vectors

EMBEDDING_METHOD = "embedding"
EMBEDDING_CONFIDENCE = 0.5
_DIGITS = re.compile(r"\d+")


def embedding_decisions(
    entities: Sequence[Named],
    vectors: Vectors,
    decided: Collection[tuple[str, str]],
    least: SimilaritySettings,
) -> list[Decision]:
    """An open decision for each two names whose vectors are mutual neighbours, ordered by pair; in one script
    only for those that are each other's nearest.

    Args:
        entities: ordered by id.
        vectors: theirs, in the same order.
        decided: pairs that a rule or a text has brought together already, which are left to those.
        least: how near two names must be.
    """
    scripts = [script_of(entity.name) for entity in entities]
    found = []
    for near in mutual_neighbours(vectors, [entity.type for entity in entities], scripts):
        one, other = entities[near.left], entities[near.right]
        same_script = scripts[near.left] == scripts[near.right]
        if near.cosine < (least.within_script if same_script else least.across_scripts):
            continue
        if same_script and near.rank > 1:  # the second nearest of one's own language is mostly a sibling
            continue
        pair = ordered(one.entity_id, other.entity_id)
        if pair in decided:
            continue
        if contradiction(one.name, other.name) if same_script else _digits_differ(one.name, other.name):
            continue
        shown = f"cosine {near.cosine:.2f}"
        found.append(Decision(*pair, "open", EMBEDDING_METHOD, EMBEDDING_CONFIDENCE, shown))
    return sorted(found, key=lambda decision: (decision.left_id, decision.right_id))


def _digits_differ(one: str, other: str) -> bool:
    """What keeps names in two scripts apart: 二氧化碳 and CO2 are one thing, 红隼2 and Kestrel 3 are not."""
    digits = [_DIGITS.findall(name) for name in (one, other)]
    return all(digits) and digits[0] != digits[1]


def script_of(name: str) -> str:
    """The script of a name, as Unicode calls it: Chinese characters count before others, which stand beside
    them in product names, then the first letter; empty without letters."""
    if is_chinese(name):
        return "CJK"
    first = next((character for character in name if character.isalpha()), "")
    return unicodedata.name(first, "").split(" ")[0] if first else ""
