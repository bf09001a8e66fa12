"""From decisions on pairs to entities with all their names: joins that never cross what is kept apart.

A function of the entities and decisions alone, whatever their order.
"""

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise

from kg_assets.domain import entity_id, normalise_name
from kg_assets.entities.abbreviations import is_acronym, spells
from kg_assets.entities.types import Alias, Decision, Named

OWN_FILE = "aliases.yaml"


def aliases(
    entities: Sequence[Named], decisions: Iterable[Decision], own_names: Sequence[Sequence[str]] = ()
) -> list[Alias]:
    """Every name that means the same as a canonical one.

    Args:
        entities: all that the claims name, each once.
        decisions: at most one for a pair, those of the user's file as method OWN_FILE; these count first, so
            that nothing else can join what it keeps apart. Pairs of which one is not named are left out.
        own_names: the user's rows of names that mean one thing, the canonical one first; it stays the name
            even where no claim uses it.

    Returns:
        Rows ordered by canonical id and alias id.
    """
    known = {entity.entity_id: entity for entity in entities}
    own = {entity_id(name): names[0] for names in own_names for name in names}
    found = [d for d in decisions if d.left_id in known and d.right_id in known]
    accepted = _joined([*found, *_own_joins(own_names, known)])
    edges: dict[str, list[Decision]] = defaultdict(list)
    for decision in accepted:
        edges[decision.left_id].append(decision)
        edges[decision.right_id].append(decision)
    rows: list[Alias] = []
    seen: set[str] = set()
    for start in sorted({*edges, *(own.keys() & known.keys())}):
        if start not in seen:
            reached = _reached(start, edges)
            seen |= reached
            rows += _rows([known[member] for member in sorted(reached)], edges, own)
    return sorted(rows, key=lambda row: (row.canonical_id, row.alias_id))


def _own_joins(own_names: Sequence[Sequence[str]], known: Collection[str]) -> list[Decision]:
    """The user's rows as decisions between those of their names that the claims use."""
    joins = []
    for names in own_names:
        used = sorted({entity_id(name) for name in names} & set(known))
        joins += [Decision(one, other, "same", OWN_FILE, 1.0, OWN_FILE) for one, other in pairwise(used)]
    return joins


def _joined(decisions: Sequence[Decision]) -> list[Decision]:
    """The decisions "same" that hold: surest first, none that would bring together what is kept apart."""
    clusters: dict[str, set[str]] = {}
    apart: dict[str, set[str]] = defaultdict(set)
    for decision in decisions:
        if decision.verdict == "different":
            apart[decision.left_id].add(decision.right_id)
            apart[decision.right_id].add(decision.left_id)
    accepted = []
    for decision in sorted((d for d in decisions if d.verdict == "same"), key=_order):
        one = clusters.get(decision.left_id) or {decision.left_id}
        other = clusters.get(decision.right_id) or {decision.right_id}
        if one is other:
            continue
        if len(one) > len(other):
            one, other = other, one
        if any(apart[member] & other for member in one if member in apart):
            continue
        other |= one
        for member in other if len(other) == 2 else one:
            clusters[member] = other
        accepted.append(decision)
    return accepted


def _order(decision: Decision) -> tuple[bool, float, str, str]:
    return decision.method != OWN_FILE, -decision.confidence, decision.left_id, decision.right_id


def _reached(start: str, edges: Mapping[str, Sequence[Decision]]) -> set[str]:
    reached, waiting = {start}, deque([start])
    while waiting:
        member = waiting.popleft()
        for decision in edges.get(member, ()):
            for end in (decision.left_id, decision.right_id):
                if end not in reached:
                    reached.add(end)
                    waiting.append(end)
    return reached


def _rows(
    members: Sequence[Named], edges: Mapping[str, Sequence[Decision]], own: Mapping[str, str]
) -> list[Alias]:
    """Rows of one cluster: each name with the decision that ties it to the rest, seen from the canonical."""
    central = min(members, key=lambda member: _rank(member, members))
    chosen = min((own[m.entity_id] for m in members if m.entity_id in own), default=None)
    canonical = central.name if chosen is None else chosen
    canonical_id = entity_id(canonical)
    ties = _ties(central.entity_id, edges)
    rows = []
    for member in members:
        if member.entity_id != canonical_id:
            tie = ties.get(member.entity_id)
            said = (
                (tie.method, tie.confidence, tie.evidence, tie.chunk_id)
                if tie
                else (OWN_FILE, 1.0, OWN_FILE, "")
            )
            rows.append(Alias(canonical_id, canonical, member.entity_id, member.name, *said))
    return rows


def _ties(start: str, edges: Mapping[str, Sequence[Decision]]) -> dict[str, Decision]:
    """For each entity that is reached from `start` the decision that first led to it."""
    ties: dict[str, Decision] = {}
    waiting = deque([start])
    while waiting:
        member = waiting.popleft()
        for decision in sorted(edges.get(member, ()), key=_order):
            end = decision.right_id if decision.left_id == member else decision.left_id
            if end != start and end not in ties:
                ties[end] = decision
                waiting.append(end)
    return ties


def _rank(member: Named, members: Sequence[Named]) -> tuple[bool, int, str]:
    """Written out before abbreviated, then the name of most claims, then by the alphabet."""
    longer = [other.name for other in members if len(other.name) > len(member.name)]
    short = any(spells(member.name, name) or (is_acronym(member.name) and " " in name) for name in longer)
    return short, -member.claims, normalise_name(member.name)
