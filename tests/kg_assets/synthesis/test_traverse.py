"""What the cut into subgraphs promises: each knob of `traverse_strategy` by hand on drawn graphs, then the
properties that hold for every graph.

In the drawings the arrow is the direction of a relation and the number its loss. A relation is called by its
two ends, so AB is the one from A to B. Descriptions are counted in words.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg_assets.domain import Difficulty, GraphUnit, Subgraph, fingerprint
from kg_assets.synthesis.traverse import difficulties, traverse
from resources.configuration.settings import TraverseStrategy


def entity(name: str, description: str = "one") -> GraphUnit:
    return _unit(name, "entity", "", "", description)


def relation(name: str, source: str, target: str, description: str = "two words") -> GraphUnit:
    return _unit(name, "relation", source, target, description)


def _unit(name: str, kind: Any, source: str, target: str, description: str) -> GraphUnit:
    content_hash = fingerprint(name, source, target, description)
    return GraphUnit(
        name, kind, name, "concept", source, target, source, target, description, "en", content_hash
    )


def graph(*edges: str, isolated: str = "") -> list[GraphUnit]:
    """Relations named by two letters, their entities, and `isolated` ones; an entity is a letter."""
    names = dict.fromkeys("".join(edges) + isolated)
    return [*map(entity, names), *(relation(edge, edge[0], edge[1]) for edge in edges)]


def words(text: str) -> int:
    return len(text.split())


def cut(units: Sequence[GraphUnit], losses: Mapping[str, float], **knobs: Any) -> list[Subgraph]:
    return traverse(units, losses, TraverseStrategy(**knobs), words)


def edges_of(subgraphs: Sequence[Subgraph]) -> list[tuple[str, ...]]:
    return [subgraph.relation_ids for subgraph in subgraphs]


#          3          1
#     A ─────▶ B ─────▶ C
#     │        │        │
#    2│       5│       4│
#     ▼        ▼        ▼
#     D ─────▶ E ─────▶ F
#          6         0.5
GRID = graph("AB", "BC", "AD", "BE", "CF", "DE", "EF")
GRID_LOSSES = {"AB": 3.0, "BC": 1.0, "AD": 2.0, "BE": 5.0, "CF": 4.0, "DE": 6.0, "EF": 0.5}
WIDTH_2 = {"expand_method": "max_width", "max_extra_edges": 2}
NO_GROWTH = {"expand_method": "max_width", "max_extra_edges": 0}


def test_max_loss_starts_at_the_weakest_edge_and_takes_the_weakest_beside_it() -> None:
    subgraphs = cut(GRID, GRID_LOSSES, **WIDTH_2)
    assert edges_of(subgraphs) == [("DE", "BE", "AD"), ("CF", "BC", "EF"), ("AB",)]
    assert [s.entity_ids for s in subgraphs] == [tuple("DEBA"), tuple("CFBE"), tuple("AB")]
    assert [s.mean_loss for s in subgraphs] == pytest.approx([13 / 3, 5.5 / 3, 3.0])
    assert [s.difficulty for s in subgraphs] == ["hard", "easy", "medium"]
    assert [s.tokens for s in subgraphs] == [3 * 2 + 4, 3 * 2 + 4, 2 + 2]


def test_min_loss_starts_at_the_best_known_edge() -> None:
    # AD is reached on the second level, through A.
    subgraphs = cut(GRID, GRID_LOSSES, edge_sampling="min_loss", **WIDTH_2)
    assert edges_of(subgraphs) == [("EF", "CF", "BE"), ("BC", "AB", "AD"), ("DE",)]


def test_random_ignores_the_losses() -> None:
    with_losses = cut(GRID, GRID_LOSSES, edge_sampling="random", **WIDTH_2)
    without = cut(GRID, {}, edge_sampling="random", **WIDTH_2)
    assert edges_of(with_losses) == edges_of(without) != edges_of(cut(GRID, GRID_LOSSES, **WIDTH_2))


def test_random_order_follows_the_seed() -> None:
    orders = {
        tuple(edges_of(cut(GRID, {}, edge_sampling="random", seed=seed, **NO_GROWTH))) for seed in range(5)
    }
    assert len(orders) == 5


def test_one_more_relation_does_not_reshuffle_the_others() -> None:
    before = edges_of(cut(GRID, {}, edge_sampling="random", **NO_GROWTH))
    after = edges_of(cut([*GRID, relation("AE", "A", "E")], {}, edge_sampling="random", **NO_GROWTH))
    assert [edges for edges in after if edges != ("AE",)] == before


@pytest.mark.parametrize("sampling", ["max_loss", "min_loss"])
def test_without_any_loss_sampling_is_random_and_difficulty_medium(sampling: str) -> None:
    subgraphs = cut(GRID, {}, edge_sampling=sampling, seed=3, **WIDTH_2)
    assert subgraphs == cut(GRID, {}, edge_sampling="random", seed=3, **WIDTH_2)
    assert {(s.mean_loss, s.difficulty) for s in subgraphs} == {(None, "medium")}


@pytest.mark.parametrize(("sampling", "measured"), [("max_loss", ["DE", "BC"]), ("min_loss", ["BC", "DE"])])
def test_what_was_not_measured_comes_last(sampling: str, measured: list[str]) -> None:
    order = [
        edges[0] for edges in edges_of(cut(GRID, {"BC": 1, "DE": 6}, edge_sampling=sampling, **NO_GROWTH))
    ]
    random = [edges[0] for edges in edges_of(cut(GRID, {}, edge_sampling="random", **NO_GROWTH))]
    assert order[:2] == measured
    assert order[2:] == [edge for edge in random if edge not in measured]


@pytest.mark.parametrize("sampling", ["max_loss", "min_loss"])
def test_equal_losses_are_ordered_by_id(sampling: str) -> None:
    order = edges_of(cut(GRID, dict.fromkeys(GRID_LOSSES, 0.7), edge_sampling=sampling, **NO_GROWTH))
    assert order == sorted(order)


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        (0, [("DE",), ("BE",), ("CF",), ("AB",), ("AD",), ("BC",), ("EF",)]),
        (1, [("DE", "BE"), ("CF", "BC"), ("AB", "AD"), ("EF",)]),
        (5, [("DE", "BE", "AD", "EF", "CF", "AB"), ("BC",)]),
    ],
)
def test_max_extra_edges_counts_the_edges_beside_the_seed(
    extra: int, expected: list[tuple[str, ...]]
) -> None:
    assert edges_of(cut(GRID, GRID_LOSSES, expand_method="max_width", max_extra_edges=extra)) == expected


@pytest.mark.parametrize(
    ("depth", "expected"),
    [
        (0, [("DE",), ("BE",), ("CF",), ("AB",), ("AD",), ("BC",), ("EF",)]),
        (1, [("DE", "BE", "AD", "EF"), ("CF", "BC"), ("AB",)]),
        (2, [("DE", "BE", "AD", "EF", "CF", "AB", "BC")]),
    ],
)
def test_max_depth_counts_the_levels_round_the_seed(depth: int, expected: list[tuple[str, ...]]) -> None:
    knobs = {"expand_method": "max_width", "max_extra_edges": 9, "max_depth": depth}
    assert edges_of(cut(GRID, GRID_LOSSES, **knobs)) == expected


def test_not_bidirectional_grows_from_the_target_only() -> None:
    subgraphs = cut(GRID, GRID_LOSSES, bidirectional=False, **WIDTH_2)
    assert edges_of(subgraphs) == [("DE", "BE", "EF"), ("CF",), ("AB", "BC"), ("AD",)]


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (10, [("DE", "BE", "AD"), ("CF", "BC", "EF"), ("AB",)]),
        (9, [("DE", "BE"), ("CF", "BC"), ("AB", "AD"), ("EF",)]),
        # The seed alone is 4 tokens: too long, and a subgraph all the same.
        (3, [("DE",), ("BE",), ("CF",), ("AB",), ("AD",), ("BC",), ("EF",)]),
    ],
)
def test_max_tokens_limits_the_descriptions(limit: int, expected: list[tuple[str, ...]]) -> None:
    subgraphs = cut(GRID, GRID_LOSSES, expand_method="max_tokens", max_tokens=limit)
    assert edges_of(subgraphs) == expected
    assert all(s.tokens <= max(limit, 4) for s in subgraphs)


def test_max_tokens_counts_a_node_once() -> None:
    #  A ─3─▶ B ─2─▶ C ─1─▶ A: seed 4 tokens, BC and its end C 3, CA only 2
    triangle, losses = graph("AB", "BC", "CA"), {"AB": 3.0, "BC": 2.0, "CA": 1.0}
    assert edges_of(cut(triangle, losses, max_tokens=9)) == [("AB", "BC", "CA")]
    assert edges_of(cut(triangle, losses, max_tokens=8)) == [("AB", "BC"), ("CA",)]


def test_growth_ends_at_the_first_edge_that_does_not_fit() -> None:
    # BE comes before AD at the seed DE; AD alone would fit.
    units = [replace(u, description="word " * 50) if u.unit_id == "BE" else u for u in GRID]
    assert edges_of(cut(units, GRID_LOSSES, max_tokens=10))[:2] == [("DE",), ("BE",)]


def test_each_expand_method_ignores_the_limit_of_the_other() -> None:
    wide = cut(GRID, GRID_LOSSES, expand_method="max_width", max_extra_edges=2, max_tokens=1)
    assert edges_of(wide) == edges_of(cut(GRID, GRID_LOSSES, **WIDTH_2))
    long = cut(GRID, GRID_LOSSES, expand_method="max_tokens", max_extra_edges=0, max_tokens=100)
    assert edges_of(long) == [("DE", "BE", "AD", "EF", "CF", "AB", "BC")]


#     A(0) ──1──▶ B(0)      C(9) ──0.5──▶ D(4)
PAIRS = graph("AB", "CD")
PAIRS_LOSSES = {"A": 0.0, "B": 0.0, "AB": 1.0, "C": 9.0, "D": 4.0, "CD": 0.5}


def test_only_edge_looks_at_the_edges() -> None:
    subgraphs = cut(PAIRS, PAIRS_LOSSES, loss_strategy="only_edge")
    assert [(s.relation_ids, s.mean_loss) for s in subgraphs] == [(("AB",), 1.0), (("CD",), 0.5)]


def test_both_is_the_mean_of_an_edge_and_its_ends() -> None:
    subgraphs = cut(PAIRS, PAIRS_LOSSES, loss_strategy="both")
    assert edges_of(subgraphs) == [("CD",), ("AB",)]
    assert [s.mean_loss for s in subgraphs] == pytest.approx([4.5, 1 / 3])


def test_both_divides_by_the_losses_that_exist() -> None:
    # A sum would put CD (3) before AB (2).
    losses = {"AB": 2.0, "C": 1.0, "D": 1.0, "CD": 1.0}
    subgraphs = cut(PAIRS, losses, loss_strategy="both")
    assert [(s.relation_ids, s.mean_loss) for s in subgraphs] == [(("AB",), 2.0), (("CD",), 1.0)]


def test_both_scores_an_edge_by_its_ends_where_it_has_no_loss_itself() -> None:
    losses = {"A": 5.0, "CD": 1.0}
    assert edges_of(cut(PAIRS, losses, loss_strategy="both")) == [("AB",), ("CD",)]
    assert edges_of(cut(PAIRS, losses, loss_strategy="only_edge")) == [("CD",), ("AB",)]


def test_both_counts_a_node_of_the_subgraph_once() -> None:
    #  A(0) ─2─▶ B(6) ─1─▶ C(1)
    losses = {"A": 0.0, "B": 6.0, "C": 1.0, "AB": 2.0, "BC": 1.0}
    assert [s.mean_loss for s in cut(graph("AB", "BC"), losses, loss_strategy="both")] == [2.0]


def test_mean_loss_is_over_the_edges_that_have_one() -> None:
    (subgraph,) = cut(graph("AB", "BC", "CD"), {"AB": 2.0, "CD": 1.0, "A": 99.0})
    assert subgraph.mean_loss == 1.5


@pytest.mark.parametrize("loss_strategy", ["only_edge", "both"])
def test_isolated_entities_use_their_own_loss_in_sampling_order(loss_strategy: str) -> None:
    #  A ─1─▶ B     X(2)   Y(7)   Z(not measured)
    units, losses = graph("AB", isolated="XYZ"), {"AB": 1.0, "X": 2.0, "Y": 7.0}
    subgraphs = cut(units, losses, loss_strategy=loss_strategy)
    assert [s.entity_ids for s in subgraphs] == [("A", "B"), ("Y",), ("X",), ("Z",)]
    assert [s.mean_loss for s in subgraphs] == [1.0, 7.0, 2.0, None]
    assert [s.difficulty for s in subgraphs] == ["easy", "hard", "medium", "medium"]
    assert [s.tokens for s in subgraphs] == [4, 1, 1, 1]
    upwards = cut(units, losses, loss_strategy=loss_strategy, edge_sampling="min_loss")
    assert [s.entity_ids for s in upwards] == [("A", "B"), ("X",), ("Y",), ("Z",)]


def test_ignored_isolated_entities_form_no_subgraph() -> None:
    subgraphs = cut(graph("AB", isolated="XY"), {"X": 2.0}, isolated_node_strategy="ignore")
    assert edges_of(subgraphs) == [("AB",)]


def test_an_entity_that_only_relations_name_stands_in_their_subgraph_but_never_alone() -> None:
    units = [entity("A"), entity("B", ""), entity("X", " "), relation("AB", "A", "B")]
    assert [s.entity_ids for s in cut(units, {})] == [("A", "B")]


def test_four_nodes_and_two_edges_are_enough() -> None:
    #  A ─1─▶ B     C ─2─▶ D
    subgraphs = cut(PAIRS, {"AB": 1.0, "CD": 2.0})
    assert [(s.relation_ids, s.difficulty) for s in subgraphs] == [(("CD",), "hard"), (("AB",), "easy")]


def test_an_empty_graph_has_no_subgraphs() -> None:
    assert cut([], {}) == []


def test_a_self_loop_is_an_edge_with_one_end() -> None:
    #  A ─5─▶ A ─1─▶ B
    losses = {"AA": 5.0, "AB": 1.0, "A": 3.0}
    (subgraph,) = cut(graph("AA", "AB"), losses)
    assert (subgraph.relation_ids, subgraph.entity_ids, subgraph.tokens) == (("AA", "AB"), ("A", "B"), 6)
    assert cut(graph("AA"), losses, loss_strategy="both")[0].mean_loss == 4.0


def test_both_counts_the_end_of_a_self_loop_once() -> None:
    # AA scores (5 + 0) / 2, before BC with 2; with A twice it would be 5 / 3, and come after.
    subgraphs = cut(graph("AA", "BC"), {"AA": 5.0, "A": 0.0, "BC": 2.0}, loss_strategy="both")
    assert edges_of(subgraphs) == [("AA",), ("BC",)]


def test_repeated_units_count_once() -> None:
    assert cut([*GRID, *GRID], GRID_LOSSES) == cut(GRID, GRID_LOSSES)


def test_of_two_versions_of_a_unit_one_wins_in_any_order() -> None:
    one, two = entity("A", "first"), entity("A", "second")
    assert cut([one, two], {}) == cut([two, one], {}) in (cut([one], {}), cut([two], {}))


def test_a_relation_to_an_entity_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="AB names entity B"):
        cut([entity("A"), relation("AB", "A", "B")], {})


def test_a_subgraph_keeps_its_id_until_its_units_change() -> None:
    before = cut(GRID, GRID_LOSSES, **WIDTH_2)
    relearnt = cut(GRID, {edge: loss / 2 for edge, loss in GRID_LOSSES.items()}, seed=9, **WIDTH_2)
    assert [s.subgraph_id for s in relearnt] == [s.subgraph_id for s in before]
    edited = [relation("AB", "A", "B", "other words") if u.unit_id == "AB" else u for u in GRID]
    after = cut(edited, GRID_LOSSES, **WIDTH_2)
    assert [old.subgraph_id == new.subgraph_id for old, new in zip(before, after, strict=True)] == [
        True,
        True,
        False,
    ]


E, M, H = "easy", "medium", "hard"


@pytest.mark.parametrize(
    ("mean_losses", "expected"),
    [
        ([], []),
        ([5.0], [M]),
        ([5.0, 1.0], [H, E]),
        ([1.0, 1.0], [M, M]),
        ([3.0, 1.0, 2.0], [H, E, M]),
        ([1.0, 2.0, 3.0, 4.0], [E, M, M, H]),
        ([1.0, 2.0, 3.0, 4.0, 5.0], [E, E, M, H, H]),
        ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [E, E, M, M, H, H]),
        # Ranks 0 to 2 of 6 have their middle in the lowest third.
        ([1.0, 1.0, 1.0, 2.0, 3.0, 4.0], [E, E, E, M, H, H]),
        # Ranks 1 to 4 of 6 have it in the middle one.
        ([1.0, 2.0, 2.0, 2.0, 2.0, 3.0], [E, M, M, M, M, H]),
        # The middle of ranks 0 and 1 of 3 is on a border: the higher third.
        ([1.0, 1.0, 2.0], [M, M, H]),
        ([0.7] * 7, [M] * 7),
        # Only rounding tells these apart.
        ([0.1 + 0.2, 0.3, 0.9], [M, M, H]),
        ([None, 1.0, None, 2.0, 3.0], [M, E, M, M, H]),
        ([None, None], [M, M]),
    ],
)
def test_difficulty_by_terciles(mean_losses: list[float | None], expected: list[str]) -> None:
    assert difficulties(mean_losses) == expected


def test_difficulty_order_names_the_thirds() -> None:
    order: tuple[Difficulty, ...] = ("medium", "hard", "easy")
    subgraphs = cut(GRID, GRID_LOSSES, difficulty_order=order, **WIDTH_2)
    assert [s.difficulty for s in subgraphs] == ["easy", "medium", "hard"]


# Properties, for graphs of up to 12 nodes with loops, parallel edges, empty descriptions and absent losses.


@st.composite
def graphs(draw: st.DrawFn, prefix: str = "") -> tuple[list[GraphUnit], dict[str, float]]:
    names = [f"{prefix}n{i}" for i in range(draw(st.integers(1, 12)))]
    text = st.integers(0, 6).map(lambda n: "w " * n)
    ends = st.tuples(st.sampled_from(names), st.sampled_from(names))
    units = [entity(name, draw(text)) for name in names]
    for i, (source, target) in enumerate(draw(st.lists(ends, max_size=20))):
        units.append(relation(f"{prefix}r{i}", source, target, draw(text)))
    loss = st.one_of(st.none(), st.sampled_from([0.1, 0.5, 1.0]), st.floats(0, 14))
    drawn = {unit.unit_id: draw(loss) for unit in units}
    return units, {unit_id: value for unit_id, value in drawn.items() if value is not None}


STRATEGIES = st.builds(
    TraverseStrategy,
    expand_method=st.sampled_from(["max_width", "max_tokens"]),
    max_extra_edges=st.integers(0, 6),
    max_tokens=st.integers(1, 40),
    max_depth=st.integers(0, 4),
    bidirectional=st.booleans(),
    edge_sampling=st.sampled_from(["max_loss", "min_loss", "random"]),
    isolated_node_strategy=st.sampled_from(["add", "ignore"]),
    loss_strategy=st.sampled_from(["only_edge", "both"]),
    seed=st.integers(0, 5),
)


def levels_within(seed: GraphUnit, others: Sequence[GraphUnit], bidirectional: bool) -> dict[str, int]:
    """The level at which each edge is met when one walks from the seed along `others`."""
    level_of: dict[str, int] = {}
    reached = {seed.source_id, seed.target_id} if bidirectional else {seed.target_id}
    level = 0
    while True:
        level += 1
        met = [e for e in others if e.unit_id not in level_of and {e.source_id, e.target_id} & reached]
        if not met:
            return level_of
        level_of |= {edge.unit_id: level for edge in met}
        reached |= {end for edge in met for end in (edge.source_id, edge.target_id)}


@settings(deadline=None)
@given(graphs(), STRATEGIES)
def test_every_subgraph_is_connected_within_bounds_and_no_edge_is_lost(
    drawn: tuple[list[GraphUnit], dict[str, float]], strategy: TraverseStrategy
) -> None:
    units, losses = drawn
    by_id = {unit.unit_id: unit for unit in units}
    subgraphs = traverse(units, losses, strategy, words)

    placed = [edge for subgraph in subgraphs for edge in subgraph.relation_ids]
    assert sorted(placed) == sorted(unit.unit_id for unit in units if unit.kind == "relation")
    for subgraph in subgraphs:
        edges = [by_id[edge] for edge in subgraph.relation_ids]
        members = [*subgraph.entity_ids, *subgraph.relation_ids]
        assert subgraph.tokens == sum(words(by_id[member].description) for member in members)
        if not edges:
            assert strategy.isolated_node_strategy == "add"
            assert len(subgraph.entity_ids) == 1
            continue
        ends = dict.fromkeys(end for edge in edges for end in (edge.source_id, edge.target_id))
        assert subgraph.entity_ids == tuple(ends)
        level_of = levels_within(edges[0], edges[1:], strategy.bidirectional)
        assert level_of.keys() == {edge.unit_id for edge in edges[1:]}
        assert max(level_of.values(), default=0) <= strategy.max_depth
        if strategy.expand_method == "max_width":
            assert len(edges) - 1 <= strategy.max_extra_edges
        else:
            assert len(edges) == 1 or subgraph.tokens <= strategy.max_tokens


@settings(deadline=None)
@given(graphs(), STRATEGIES)
def test_every_described_entity_is_somewhere_unless_isolated_ones_are_ignored(
    drawn: tuple[list[GraphUnit], dict[str, float]], strategy: TraverseStrategy
) -> None:
    units, losses = drawn
    ends = {end for unit in units for end in (unit.source_id, unit.target_id)} - {""}
    described = {unit.unit_id for unit in units if unit.kind == "entity" and unit.description}
    expected = ends | described if strategy.isolated_node_strategy == "add" else ends
    found = {
        entity for subgraph in traverse(units, losses, strategy, words) for entity in subgraph.entity_ids
    }
    assert found == expected


@settings(deadline=None)
@given(graphs(), STRATEGIES, st.data())
def test_the_order_of_the_input_has_no_effect(
    drawn: tuple[list[GraphUnit], dict[str, float]], strategy: TraverseStrategy, data: st.DataObject
) -> None:
    units, losses = drawn
    shuffled = data.draw(st.permutations(units))
    assert traverse(shuffled, losses, strategy, words) == traverse(units, losses, strategy, words)


@settings(deadline=None)
@given(graphs(), graphs(prefix="z"), STRATEGIES)
def test_an_unrelated_component_leaves_the_existing_subgraphs_alone(
    drawn: tuple[list[GraphUnit], dict[str, float]],
    other: tuple[list[GraphUnit], dict[str, float]],
    strategy: TraverseStrategy,
) -> None:
    def shape(subgraphs: Sequence[Subgraph]) -> list[Subgraph]:
        # Difficulty is relative to the corpus, so it may change; nothing else may.
        return [replace(s, difficulty="medium") for s in subgraphs if s.entity_ids[0][0] != "z"]

    alone = traverse(drawn[0], drawn[1], strategy, words)
    together = traverse(drawn[0] + other[0], drawn[1] | other[1], strategy, words)
    assert shape(together) == shape(alone)


@settings(deadline=None)
@given(graphs(), STRATEGIES)
def test_each_level_takes_a_prefix_of_its_free_edges_in_sampling_order(
    drawn: tuple[list[GraphUnit], dict[str, float]], strategy: TraverseStrategy
) -> None:
    """The plain reading of the rules, quadratic, agrees with the code."""
    units, losses = drawn
    no_growth = strategy.model_copy(update={"expand_method": "max_width", "max_extra_edges": 0})
    by_id = {unit.unit_id: unit for unit in units}
    free = [by_id[s.relation_ids[0]] for s in traverse(units, losses, no_growth, words) if s.relation_ids]
    expected = []
    while free:
        taken = [free.pop(0)]
        frontier = {taken[0].target_id} | ({taken[0].source_id} if strategy.bidirectional else set())
        for _ in range(strategy.max_depth):
            full = False
            for edge in [e for e in free if {e.source_id, e.target_id} & frontier]:
                ids = {i for e in [*taken, edge] for i in (e.unit_id, e.source_id, e.target_id)}
                full = (
                    len(taken) > strategy.max_extra_edges
                    if strategy.expand_method == "max_width"
                    else sum(words(by_id[i].description) for i in ids) > strategy.max_tokens
                )
                if full:
                    break
                taken.append(edge)
                free.remove(edge)
            if full:
                break
            # Reached before or not makes no difference here: all edges at those nodes are taken.
            frontier |= {end for e in taken[1:] for end in (e.source_id, e.target_id)}
        expected.append(tuple(edge.unit_id for edge in taken))
    found = [s.relation_ids for s in traverse(units, losses, strategy, words) if s.relation_ids]
    assert found == expected
