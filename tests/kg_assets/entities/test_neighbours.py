"""Mutual nearest neighbours: what a comparison of all with all finds, whatever the size of a tile."""

from collections.abc import Sequence
from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg_assets.entities import neighbours
from kg_assets.entities.neighbours import NEIGHBOURS, Near, mutual_neighbours
from kg_assets.entities.types import UNKNOWN_TYPE
from resources.models.types import Vectors

TYPES = ("thing", "Thing", "person", UNKNOWN_TYPE)
SCRIPTS = ("CJK", "LATIN")
FEW_DIRECTIONS = st.lists(st.integers(-2, 2), min_size=3, max_size=3).filter(any)
THINGS = st.lists(st.tuples(FEW_DIRECTIONS, st.sampled_from(TYPES), st.sampled_from(SCRIPTS)), max_size=14)


def unit(rows: Sequence[Sequence[float]]) -> Vectors:
    vectors = np.array(rows, dtype=float).reshape(len(rows), len(rows[0]) if rows else 3)
    found: Vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)
    return found


def all_with_all(vectors: Vectors, types: Sequence[str], scripts: Sequence[str]) -> list[tuple[int, int]]:
    """The definition, without a thought for time."""
    cosines = np.round(vectors.astype(np.float32) @ vectors.astype(np.float32).T, 4)

    def nearest(row: int, script: str) -> list[int]:
        others = [
            other
            for other in range(len(vectors))
            if other != row
            and scripts[other] == script
            and (
                types[other].casefold() == types[row].casefold() or UNKNOWN_TYPE in (types[row], types[other])
            )
        ]
        return sorted(others, key=lambda other: (-cosines[row, other], other))[:NEIGHBOURS]

    rows = range(len(vectors))
    near = {(row, other) for row in rows for script in set(scripts) for other in nearest(row, script)}
    return sorted(pair for pair in near if pair[0] < pair[1] and pair[::-1] in near)


@given(THINGS, st.integers(1, 6))
def test_it_is_what_comparing_all_with_all_finds_ties_too(things: list[Any], tile: int) -> None:
    vectors = unit([vector for vector, _, _ in things])
    types, scripts = [kind for _, kind, _ in things], [script for _, _, script in things]
    with mock.patch.object(neighbours, "_TILE", tile):
        found = mutual_neighbours(vectors, types, scripts)
    assert [(near.left, near.right) for near in found] == all_with_all(vectors, types, scripts)


def test_a_cosine_says_how_near() -> None:
    (near,) = mutual_neighbours(unit([[1, 0], [1, 1]]), ["a", "a"], ["L", "L"])
    assert near == Near(0, 1, pytest.approx(0.7071, abs=1e-3), 1)


def test_names_of_another_script_are_found_beside_nearer_ones_of_the_same() -> None:
    vectors = unit([[1, 0, 0], [1, 0.01, 0], [1, 0.02, 0], [1, 0.03, 0], [1, 0, 0.5]])
    found = mutual_neighbours(vectors, ["a"] * 5, ["LATIN"] * 4 + ["CJK"])
    assert [(near.left, near.rank) for near in found if near.right == 4] == [(0, 1), (1, 2)]


def test_nobody_is_a_neighbour_of_another_type_but_of_an_unknown_one() -> None:
    vectors = unit([[1, 0], [1, 0], [1, 0]])
    found = mutual_neighbours(vectors, ["person", "place", UNKNOWN_TYPE], ["LATIN"] * 3)
    assert [(near.left, near.right) for near in found] == [(0, 2), (1, 2)]


def test_of_one_thing_or_none_there_are_no_neighbours() -> None:
    assert mutual_neighbours(unit([[1, 0]]), ["a"], ["LATIN"]) == []
    assert mutual_neighbours(np.zeros((0, 4), np.float16), [], []) == []
