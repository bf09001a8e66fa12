"""Which vectors are near each other: mutual nearest neighbours by cosine, of compatible types and apart for
each script, since vectors of one language lie closer together than those of one meaning.

All pairs are compared, a tile at a time: memory is that of the vectors and a few tiles.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import NDArray

from kg_assets.entities.types import UNKNOWN_TYPE
from resources.models.types import Vectors

NEIGHBOURS = 2
"""How many of each script may be the nearest of one vector."""
_TILE = 2048
_DIGITS = 4
"""Cosines that differ by less are equal: arithmetic differs in the last digits from machine to machine."""
_NOBODY = -2.0
Numbers = NDArray[np.float32]
Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Near:
    """Two rows, `left < right`, each among the nearest of the other, and their cosine. `rank` is 1 where each
    is the very nearest."""

    left: int
    right: int
    cosine: float
    rank: int


def mutual_neighbours(vectors: Vectors, types: Sequence[str], scripts: Sequence[str]) -> list[Near]:
    """Pairs of rows of which each is among the NEIGHBOURS nearest of the other in its script, ordered. Of
    equally near ones the first rows count.

    Args:
        vectors: one row of unit length for each thing.
        types: of the things; only rows of one type, or of an unknown one, are compared.
        scripts: in which they are written.
    """
    slots = {script: slot for slot, script in enumerate(sorted(set(scripts)))}
    nearest = _Nearest(len(vectors), len(slots))
    classes: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row, key in enumerate(zip((kind.casefold() for kind in types), scripts, strict=True)):
        classes[key].append(row)
    for one, other in combinations_with_replacement(sorted(classes), 2):
        if one[0] == other[0] or UNKNOWN_TYPE in (one[0], other[0]):
            for rows, columns in _tiles(classes[one], classes[other], same=one == other):
                cosines = vectors[rows].astype(np.float32) @ vectors[columns].astype(np.float32).T
                if rows[0] == columns[0]:
                    np.fill_diagonal(cosines, _NOBODY)
                else:
                    nearest.take(columns, slots[one[1]], rows, cosines.T)
                nearest.take(rows, slots[other[1]], columns, cosines)
    return nearest.mutual()


class _Nearest:
    """For each row and script the nearest rows found so far and their cosines, nearest first."""

    def __init__(self, rows: int, slots: int) -> None:
        self._found: Places = np.full((rows, slots, NEIGHBOURS), -1)
        self._cosines: Numbers = np.full((rows, slots, NEIGHBOURS), _NOBODY, np.float32)

    def take(self, rows: Places, slot: int, columns: Places, cosines: Numbers) -> None:
        """Look at `cosines` of some rows with columns of one script; they are as before afterwards."""
        each = np.arange(len(rows))
        places, values = [self._found[rows, slot]], [self._cosines[rows, slot]]
        taken = []
        for _ in range(min(NEIGHBOURS, len(columns))):
            highest = cosines.max(axis=1)
            first = np.argmax(cosines >= (highest - 0.5 * 10**-_DIGITS)[:, None], axis=1)
            value = cosines[each, first].copy()
            taken.append((first, value))
            places.append(columns[first][:, None])
            values.append(np.round(value, _DIGITS)[:, None])
            cosines[each, first] = _NOBODY
        for first, value in reversed(taken):
            cosines[each, first] = value
        all_places, all_values = np.concatenate(places, axis=1), np.concatenate(values, axis=1)
        best = np.lexsort((all_places, -all_values), axis=1)[:, :NEIGHBOURS]
        self._found[rows, slot] = np.take_along_axis(all_places, best, axis=1)
        self._cosines[rows, slot] = np.take_along_axis(all_values, best, axis=1)

    def mutual(self) -> list[Near]:
        """Pairs that found each other."""
        rows, slots, ranks = np.nonzero(self._cosines > _NOBODY)
        places, values = self._found[rows, slots, ranks], self._cosines[rows, slots, ranks]
        pairs = list(zip(rows.tolist(), places.tolist(), strict=True))
        rank_of = dict(zip(pairs, (ranks + 1).tolist(), strict=True))
        found = [
            Near(*pair, round(value, _DIGITS), max(rank_of[pair], rank_of[pair[::-1]]))
            for pair, value in zip(pairs, values.tolist(), strict=True)
            if pair[0] < pair[1] and pair[::-1] in rank_of
        ]
        return sorted(found, key=lambda near: (near.left, near.right))


def _tiles(one: Sequence[int], other: Sequence[int], *, same: bool) -> Iterator[tuple[Places, Places]]:
    """Rows and columns of every tile; of a class with itself those on and above the diagonal."""
    for start in range(0, len(one), _TILE):
        for begin in range(start if same else 0, len(other), _TILE):
            yield np.array(one[start : start + _TILE]), np.array(other[begin : begin + _TILE])
