"""Which pairs of names are worth a decision: those that share a key, found without comparing all with all."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from rapidfuzz import fuzz

from kg_assets.entities.abbreviations import acronym_key, initials, is_short_chinese
from kg_assets.entities.organizations import without_legal_form
from kg_assets.entities.people import given_and_surname, is_person, without_title
from kg_assets.entities.places import without_kind_of_place
from kg_assets.entities.spelling import common_key, is_chinese, spelling_key, umlaut_key, word_set_key
from kg_assets.entities.types import UNKNOWN_TYPE, Named

MOST_IN_BLOCK = 60
"""Names under one key of which all pairs are taken; a larger block says nothing about two of its names."""
MIN_EDIT_RATIO = 88.0
_BLOCK_CHARS = 4
_MAX_SHORT_CHINESE = 6


@dataclass(frozen=True, slots=True)
class Candidate:
    """Two entities that `method` brings together. `rivals` is how many others it would also bring together
    with one of them, spelt otherwise: an abbreviation of two names decides nothing."""

    left: Named
    right: Named
    method: str
    rivals: int = 0


def candidates(entities: Sequence[Named]) -> Iterator[Candidate]:
    """Pairs by every method; a pair may come by several. Their order is that of the ids."""
    entities = sorted(entities, key=lambda entity: entity.entity_id)
    yield from _by_key("spelling", entities, lambda e: (spelling_key(e.name), umlaut_key(e.name)))
    yield from _by_key("common noun", entities, lambda e: (common_key(e.name),))
    yield from _by_key("word order", entities, lambda e: (word_set_key(e.name),))
    yield from _by_key("legal form", entities, lambda e: (without_legal_form(e.name),))
    yield from _by_key("kind of place", entities, lambda e: (without_kind_of_place(e.name),), rivalry=True)
    people = [entity for entity in entities if is_person(entity.type)]
    yield from _by_key("title", people, lambda e: (without_title(e.name),))
    yield from _people(people)
    yield from _acronyms(entities)
    yield from _short_chinese(entities)
    yield from _nearly_alike(entities)


def compatible(one: Named, other: Named) -> bool:
    """Whether two types may be of one thing: the same, or one of them unknown."""
    return one.type.casefold() == other.type.casefold() or UNKNOWN_TYPE in (one.type, other.type)


def _by_key(
    method: str,
    entities: Iterable[Named],
    keys: Callable[[Named], Iterable[str]],
    rivalry: bool = False,
) -> Iterator[Candidate]:
    for block in _blocks(entities, keys):
        for left, right in combinations(block, 2):
            rivals = len({spelling_key(e.name) for e in block if compatible(e, left)}) - 2 if rivalry else 0
            yield Candidate(left, right, method, max(0, rivals))


def _blocks(entities: Iterable[Named], keys: Callable[[Named], Iterable[str]]) -> Iterator[list[Named]]:
    blocks: dict[str, list[Named]] = defaultdict(list)
    for entity in entities:
        for key in dict.fromkeys(keys(entity)):
            if key:
                blocks[key].append(entity)
    for block in blocks.values():
        if 1 < len(block) <= MOST_IN_BLOCK:
            yield block


def _people(people: Sequence[Named]) -> Iterator[Candidate]:
    """People of one surname whose first given names begin alike, and those named by the surname alone."""

    def first_initial(entity: Named) -> tuple[str, ...]:
        given, surname = given_and_surname(entity.name)
        return (f"{surname} {given[0][0]}",) if given and surname else ()

    for block in _blocks(people, first_initial):
        spellings = {spelling_key(entity.name) for entity in block}
        for left, right in combinations(block, 2):
            yield Candidate(left, right, "given names", len(spellings) - 2)
    for block in _blocks(people, lambda e: (given_and_surname(e.name)[1],)):
        alone = [entity for entity in block if not given_and_surname(entity.name)[0]]
        full = [entity for entity in block if given_and_surname(entity.name)[0]]
        rivals = len({spelling_key(entity.name) for entity in full}) - 1
        for left in alone:
            for right in full:
                yield Candidate(left, right, "surname", rivals)


def _acronyms(entities: Sequence[Named]) -> Iterator[Candidate]:
    long: dict[str, list[Named]] = defaultdict(list)
    for entity in entities:
        for key in initials(entity.name):
            long[key].append(entity)
    for short in entities:
        key = acronym_key(short.name)
        found = [entity for entity in long.get(key, ()) if entity is not short and compatible(entity, short)]
        yield from _short_and_long("initials", short, found)


def _short_chinese(entities: Sequence[Named]) -> Iterator[Candidate]:
    names = [(entity, entity.name.strip()) for entity in entities if is_chinese(entity.name[:1])]
    long: dict[tuple[str, str], list[tuple[Named, str]]] = defaultdict(list)
    for entity, name in names:
        if len(name) >= _BLOCK_CHARS:
            for character in set(name[1:]):
                long[name[0], character].append((entity, name))
    for short, name in names:
        if not 1 < len(name) <= _MAX_SHORT_CHINESE or is_person(short.type):
            continue
        near = long.get((name[0], name[1]), ())
        if len(near) <= MOST_IN_BLOCK**2:
            found = [e for e, other in near if compatible(e, short) and is_short_chinese(name, other)]
            yield from _short_and_long("characters", short, found)


def _short_and_long(method: str, short: Named, long: Sequence[Named]) -> Iterator[Candidate]:
    if 0 < len(long) <= MOST_IN_BLOCK:
        rivals = len({common_key(entity.name) for entity in long}) - 1
        for entity in long:
            yield Candidate(short, entity, method, rivals)


def _nearly_alike(entities: Sequence[Named]) -> Iterator[Candidate]:
    """Names of one type that begin or end with the same characters and differ in few."""
    keyed = {entity.entity_id: spelling_key(entity.name) for entity in entities}

    def ends(entity: Named) -> tuple[str, ...]:
        key = keyed[entity.entity_id]
        kind = entity.type.casefold()
        return (f"{kind} ^{key[:_BLOCK_CHARS]}", f"{kind} ${key[-_BLOCK_CHARS:]}") if key else ()

    seen: set[tuple[str, str]] = set()
    for block in _blocks(entities, ends):
        for left, right in combinations(block, 2):
            one, other = keyed[left.entity_id], keyed[right.entity_id]
            if (left.entity_id, right.entity_id) in seen or one == other:
                continue
            if fuzz.ratio(one, other) >= MIN_EDIT_RATIO:
                seen.add((left.entity_id, right.entity_id))
                yield Candidate(left, right, "nearly alike")
