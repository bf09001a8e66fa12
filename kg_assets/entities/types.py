"""The nouns of entity resolution: a thing as it is named, a definition in a text, a decision about two names.

Pure data. Ids are those of `kg_assets.domain.entity_id`.
"""

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["same", "different", "open"]
UNKNOWN_TYPE = "unknown"


@dataclass(frozen=True, slots=True)
class Named:
    """One entity of the claims before resolution. `claims` is how many claims name it; `descriptions` are the
    distinct ones in the order of the claims."""

    entity_id: str
    name: str
    type: str
    descriptions: tuple[str, ...]
    claims: int = 1


@dataclass(frozen=True, slots=True)
class Passage:
    """A text that may define names, such as a chunk's."""

    chunk_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Definition:
    """A place in a passage that gives one thing two names: "X (Y)", "X, also known as Y", "X，又称Y".

    `explicit` is whether words say so; brackets alone may also hold a place, a year or a kind. `whole` is
    whether both names surely stand there in full, not as a part of a longer name.
    """

    left_id: str
    right_id: str
    explicit: bool
    whole: bool
    chunk_id: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What is known of two names, `left_id < right_id`.

    `method` names the rule, the model or the user's file; `confidence` is in [0, 1]; `evidence` is what a
    person would check, and `chunk_id` where it stands, if it is a text.
    """

    left_id: str
    right_id: str
    verdict: Verdict
    method: str
    confidence: float
    evidence: str
    chunk_id: str = ""


@dataclass(frozen=True, slots=True)
class Alias:
    """One name that means what another name does: a row of `entity_aliases`. The entity `alias_id` is part of
    `canonical_id`, because of `evidence`; see `Decision` for the last four."""

    canonical_id: str
    canonical: str
    alias_id: str
    alias: str
    method: str
    confidence: float
    evidence: str
    chunk_id: str


def ordered(one: str, other: str) -> tuple[str, str]:
    """Two ids as the key of their pair."""
    return (one, other) if one < other else (other, one)
