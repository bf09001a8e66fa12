"""Cuts the merged graph into the subgraphs that questions are written about, weakest knowledge first.

Pure functions on graph units and their losses, after GraphGen's `traverse_strategy` (arXiv 2505.20416).
Measuring losses, writing questions, and storing rows are not done here.

Terms. A relation is an edge, an entity a node. The *sampling order* of edges is by their score (highest
first for `max_loss`, lowest first for `min_loss`; equal scores by unit id), then the edges without a score
by a hash of (seed, unit id). With `random` no edge has a score. So an edge's place relative to another
never depends on the rest of the graph, and a graph without any loss is sampled at random, seeded.
"""

import heapq
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from math import fsum
from operator import attrgetter

from kg_assets.domain import Difficulty, GraphUnit, Subgraph, fingerprint
from resources.configuration.settings import TraverseStrategy

TRAVERSE_VERSION = "1"

# Means of equal losses over different counts differ in the last bit; that is not a difference in difficulty.
TIE_DECIMALS = 12


def traverse(
    units: Sequence[GraphUnit],
    losses: Mapping[str, float],
    strategy: TraverseStrategy,
    count_tokens: Callable[[str], int],
) -> list[Subgraph]:
    """Cut a graph into subgraphs; every relation is in exactly one.

    Relations become seeds in sampling order. From a seed (its target, or both ends if `bidirectional`) the
    subgraph grows level by level, at most `max_depth` levels; within a level the free edges that touch it
    are taken in sampling order. It stops growing for good at the first edge that does not fit:
    `max_width` allows `max_extra_edges` edges beside the seed and ignores `max_tokens`; `max_tokens` allows
    that many tokens of descriptions, each unit counted once, and ignores `max_extra_edges`. A seed that is
    too long stands alone. With `isolated_node_strategy` `add`, each entity that is in no subgraph and has a
    description becomes one of its own.

    Args:
        units: the whole graph, in any order, which does not matter. Of units with the same id the one with
            the smallest `content_hash` counts.
        losses: comprehension loss in nats by unit id. What was not measured is absent.
        strategy: GraphGen's knobs. An edge's score is its own loss (`only_edge`) or the mean of the
            losses that exist among the edge and its two ends (`both`); an isolated entity's is its own.
        count_tokens: tokens of a text; called once for each unit's description.

    Returns:
        Subgraphs in the order of creation: by seed, then isolated entities in sampling order.
        `relation_ids` are in the order they were added, seed first, `entity_ids` by first appearance.
        `subgraph_id` hashes ids and contents of the units, nothing else. `mean_loss` is over the relations
        (`only_edge`; the entity's own if there are none) or over all units (`both`) that have a loss.
        `difficulty` is that of `difficulties`.

    Raises:
        ValueError: a relation's source or target is not among the units.
    """
    distinct = _distinct(units)
    entities = {unit.unit_id: unit for unit in distinct if unit.kind == "entity"}
    relations = [unit for unit in distinct if unit.kind == "relation"]
    _refuse_dangling(entities, relations)
    tokens = {unit.unit_id: count_tokens(unit.description) for unit in distinct}

    partition = _Partition(_in_sampling_order(relations, losses, strategy), tokens, strategy)
    drafts = list(partition.drafts())
    if strategy.isolated_node_strategy == "add":
        covered = {entity for draft in drafts for entity in draft.entity_ids}
        isolated = [
            entity for key, entity in entities.items() if key not in covered and entity.description.strip()
        ]
        drafts += [
            _Draft([], {entity.unit_id: None}, tokens[entity.unit_id])
            for entity in _in_sampling_order(isolated, losses, strategy)
        ]
    hashes = {unit.unit_id: unit.content_hash for unit in distinct}
    subgraphs = [_finish(draft, hashes, losses, strategy) for draft in drafts]
    levels = difficulties([subgraph.mean_loss for subgraph in subgraphs], strategy.difficulty_order)
    return [replace(subgraph, difficulty=level) for subgraph, level in zip(subgraphs, levels, strict=True)]


def difficulties(
    mean_losses: Sequence[float | None], order: tuple[Difficulty, ...] = ("easy", "medium", "hard")
) -> list[Difficulty]:
    """Difficulty by terciles of mean loss: `order[0]` for the lowest third, `order[2]` for the highest.

    Of `m` subgraphs with a loss, those at positions `a` to `b` (from 0, ascending) that share one loss,
    to 12 decimals, all fall into the third in which the middle of their ranks lies:
    `floor(3 * (a + b + 1) / (2 * m))`; a middle exactly on a border belongs to the higher third. Without
    ties the thirds differ in size by at most one. One subgraph, or all losses equal: `order[1]`. Two
    different ones: `order[0]` and `order[2]`. Without a loss: `medium`, whatever the order.
    """
    result: list[Difficulty] = ["medium"] * len(mean_losses)
    ranked = sorted(
        (round(loss, TIE_DECIMALS), index) for index, loss in enumerate(mean_losses) if loss is not None
    )
    first = 0
    for _, tied in groupby(ranked, key=lambda pair: pair[0]):
        indices = [index for _, index in tied]
        last = first + len(indices) - 1
        for index in indices:
            result[index] = order[3 * (first + last + 1) // (2 * len(ranked))]
        first = last + 1
    return result


@dataclass(slots=True)
class _Draft:
    """A subgraph that grows. `entity_ids` is an ordered set; `tokens` counts each unit once."""

    relation_ids: list[str]
    entity_ids: dict[str, None]
    tokens: int


class _Partition:
    """The edges in sampling order, and which of them are still free.

    An edge is named by its rank in that order. `_free` holds, for each node, the ranks of its free edges,
    ascending: an OrderedDict, since it deletes in the middle and starts at the front in constant time.
    That keeps a hub with 100,000 edges from being read anew for each subgraph at it.
    """

    def __init__(
        self, edges: Sequence[GraphUnit], tokens: Mapping[str, int], strategy: TraverseStrategy
    ) -> None:
        self._edges = edges
        self._tokens = tokens
        self._strategy = strategy
        self._free: defaultdict[str, OrderedDict[int, None]] = defaultdict(OrderedDict)
        for rank, edge in enumerate(edges):
            self._free[edge.source_id][rank] = None
            self._free[edge.target_id][rank] = None

    def drafts(self) -> Iterator[_Draft]:
        """Take seeds in sampling order until no edge is free."""
        for rank, seed in enumerate(self._edges):
            if rank not in self._free[seed.source_id]:
                continue
            draft = _Draft([], {}, 0)
            self._add(draft, seed, self._cost(draft, seed))
            self._occupy(rank)
            ends = (seed.source_id, seed.target_id) if self._strategy.bidirectional else (seed.target_id,)
            self._expand(draft, list(dict.fromkeys(ends)))
            yield draft

    def _expand(self, draft: _Draft, frontier: list[str]) -> None:
        """Breadth first from the frontier, until the depth is reached or the draft is full."""
        reached = set(frontier)
        for _ in range(self._strategy.max_depth):
            level, full = self._take_level(draft, frontier)
            if full:
                return
            ends = dict.fromkeys(end for edge in level for end in (edge.source_id, edge.target_id))
            frontier = [end for end in ends if end not in reached]
            reached.update(frontier)

    def _take_level(self, draft: _Draft, frontier: Iterable[str]) -> tuple[list[GraphUnit], bool]:
        """Add the free edges at the frontier in sampling order; True where one did not fit."""
        ranks: list[int] = []
        full = False
        # Lazy, so that the cost is of the edges taken, not of all that touch the frontier.
        for rank in heapq.merge(*(self._free[node] for node in frontier)):
            if ranks and rank == ranks[-1]:
                continue  # both its ends are in the frontier
            edge = self._edges[rank]
            cost = self._cost(draft, edge)
            if not self._fits(draft, cost):
                full = True
                break
            self._add(draft, edge, cost)
            ranks.append(rank)
        for rank in ranks:
            self._occupy(rank)
        return [self._edges[rank] for rank in ranks], full

    def _fits(self, draft: _Draft, cost: int) -> bool:
        if self._strategy.expand_method == "max_width":
            return len(draft.relation_ids) <= self._strategy.max_extra_edges
        return draft.tokens + cost <= self._strategy.max_tokens

    def _cost(self, draft: _Draft, edge: GraphUnit) -> int:
        """Tokens that the edge and those of its ends that are new would add."""
        cost = self._tokens[edge.unit_id]
        if edge.source_id not in draft.entity_ids:
            cost += self._tokens[edge.source_id]
        if edge.target_id not in draft.entity_ids and edge.target_id != edge.source_id:
            cost += self._tokens[edge.target_id]
        return cost

    def _add(self, draft: _Draft, edge: GraphUnit, cost: int) -> None:
        draft.tokens += cost
        draft.relation_ids.append(edge.unit_id)
        draft.entity_ids[edge.source_id] = None
        draft.entity_ids[edge.target_id] = None

    def _occupy(self, rank: int) -> None:
        edge = self._edges[rank]
        for node in {edge.source_id, edge.target_id}:
            del self._free[node][rank]


def _distinct(units: Iterable[GraphUnit]) -> list[GraphUnit]:
    """One unit for each id, in the order of ids."""
    ordered = sorted(units, key=attrgetter("unit_id", "content_hash"))
    return [next(same) for _, same in groupby(ordered, key=attrgetter("unit_id"))]


def _refuse_dangling(entities: Mapping[str, GraphUnit], relations: Iterable[GraphUnit]) -> None:
    for relation in relations:
        for end in (relation.source_id, relation.target_id):
            if end not in entities:
                raise ValueError(
                    f"relation {relation.unit_id} names entity {end}, which is not among the units: "
                    "pass all entities of the graph"
                )


def _in_sampling_order(
    units: Iterable[GraphUnit], losses: Mapping[str, float], strategy: TraverseStrategy
) -> list[GraphUnit]:
    """Units of one kind, scored ones first; see the head of this module."""
    sign = -1.0 if strategy.edge_sampling == "max_loss" else 1.0

    def place(unit: GraphUnit) -> tuple[int, float, str]:
        score = None if strategy.edge_sampling == "random" else _score(unit, losses, strategy)
        if score is None:
            return 1, 0.0, fingerprint(strategy.seed, unit.unit_id)
        return 0, sign * score, unit.unit_id

    return sorted(units, key=place)


def _score(unit: GraphUnit, losses: Mapping[str, float], strategy: TraverseStrategy) -> float | None:
    if unit.kind == "relation" and strategy.loss_strategy == "both":
        return _mean_loss((unit.unit_id, unit.source_id, unit.target_id), losses)
    return losses.get(unit.unit_id)


def _mean_loss(unit_ids: Iterable[str], losses: Mapping[str, float]) -> float | None:
    """Mean over the units that have a loss, each counted once; None if none has."""
    measured = [losses[unit_id] for unit_id in set(unit_ids) if unit_id in losses]
    # fsum is exact before it rounds, so the order in which a set gives its members has no effect.
    return fsum(measured) / len(measured) if measured else None


def _finish(
    draft: _Draft, hashes: Mapping[str, str], losses: Mapping[str, float], strategy: TraverseStrategy
) -> Subgraph:
    unit_ids = [*draft.entity_ids, *draft.relation_ids]
    scored = draft.relation_ids if draft.relation_ids and strategy.loss_strategy == "only_edge" else unit_ids
    return Subgraph(
        subgraph_id="s" + fingerprint(sorted((unit_id, hashes[unit_id]) for unit_id in unit_ids)),
        entity_ids=tuple(draft.entity_ids),
        relation_ids=tuple(draft.relation_ids),
        mean_loss=_mean_loss(scored, losses),
        difficulty="medium",
        tokens=draft.tokens,
    )
