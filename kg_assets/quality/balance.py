"""Which tagged pairs are too many of one first-level tag. Nothing is read or written here."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from kg_assets.taxonomy.label import NO_TAG
from resources.configuration.taxonomy_file import BETWEEN


@dataclass(frozen=True, slots=True)
class TaggedPair:
    """A curated pair with its tag and the mean loss of its facts, None where nothing was measured."""

    qa_id: str
    question: str
    answer: str
    tag: str
    loss: float | None


def first_level(tag: str) -> str:
    """The first-level tag of a tag."""
    return tag.partition(BETWEEN)[0]


def most_of_a_tag(pairs: int, max_share: float) -> int:
    """How many of so many pairs one first-level tag may have; at least one."""
    # Rounded first: 0.29 * 100 is a little less than 29.
    return max(1, int(round(pairs * max_share, 6)))


def left_out(pairs: Sequence[TaggedPair], max_share: float) -> set[str]:
    """Ids of the pairs beyond `max_share` of all pairs in each first-level tag.

    Kept are the pairs whose facts are known worst, in turn from each tag below, so that none of these fills
    the share alone. Pairs without a tag are kept: nothing says what there are too many of.
    """
    most = most_of_a_tag(len(pairs), max_share)
    by_tag: dict[str, dict[str, list[TaggedPair]]] = defaultdict(lambda: defaultdict(list))
    for pair in sorted(pairs, key=lambda pair: (-(pair.loss or 0.0), pair.qa_id)):
        if pair.tag != NO_TAG:
            by_tag[first_level(pair.tag)][pair.tag].append(pair)
    beyond: set[str] = set()
    for below in by_tag.values():
        rounds = zip_longest(*(below[tag] for tag in sorted(below)))
        in_turn = [pair for each in rounds for pair in each if pair is not None]
        beyond |= {pair.qa_id for pair in in_turn[most:]}
    return beyond
