"""Communities and positions depend on the graph alone, and nodes do not cover each other."""

from itertools import combinations
from math import hypot

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg_assets.export.report.communities import MetaEdge, find_communities, meta_edges
from kg_assets.export.report.layout import HEIGHT, WIDTH, layout

TRIANGLES = [(0, 1), (1, 2), (2, 0), (3, 4), (4, 5), (5, 3), (2, 3)]


def test_two_triangles_joined_by_a_line_are_two_communities() -> None:
    found = find_communities(TRIANGLES)
    assert found == [[0, 1, 2], [3, 4, 5]]
    assert meta_edges(found, TRIANGLES) == [MetaEdge(0, 1, 1)]


def test_a_graph_without_edges_has_no_community() -> None:
    assert find_communities([]) == []
    assert find_communities([(4, 4)]) == []


@given(st.lists(st.tuples(st.integers(0, 24), st.integers(0, 24)), max_size=40))
@settings(max_examples=25, deadline=None)
def test_nodes_stay_in_the_box_apart_and_where_they_were(edges: list[tuple[int, int]]) -> None:
    radii = [8.0] * 25
    places = layout(radii, edges)
    assert places == layout(radii, edges)
    assert all(0 < x < WIDTH and 0 < y < HEIGHT for x, y in places)
    assert min(hypot(a[0] - b[0], a[1] - b[1]) for a, b in combinations(places, 2)) > 14


@pytest.mark.parametrize("count", [0, 1, 2, 250])
def test_any_number_of_single_nodes_has_a_place(count: int) -> None:
    places = layout([5.5] * count, [])
    assert len(set(places)) == count
    assert all(0 < x < WIDTH and 0 < y < HEIGHT for x, y in places)
