"""Groups for one request each: in order, below the limits, and hardly another for one piece more."""

from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from kg_assets.domain import fingerprint
from kg_assets.stage.batches import Piece, cut

SIZES = st.lists(st.integers(1, 40), max_size=200)


def pieces(sizes: list[int]) -> list[Piece[int]]:
    return [Piece(fingerprint(number, size), size, number) for number, size in enumerate(sizes)]


@given(SIZES, st.integers(1, 60), st.integers(1, 20))
def test_every_piece_is_in_one_group_and_none_is_over_a_limit(
    sizes: list[int], tokens: int, most: int
) -> None:
    groups = list(cut(pieces(sizes), tokens, most))
    assert list(chain.from_iterable(groups)) == list(range(len(sizes)))
    for group in groups:
        assert 1 <= len(group) <= most
        assert len(group) == 1 or sum(sizes[number] for number in group) <= tokens


@given(st.integers(0, 400), st.integers(0, 400))
def test_a_piece_more_leaves_most_groups_as_they_are(place: int, name: int) -> None:
    before = pieces([1] * 400)
    after = [*before[:place], Piece(fingerprint("more", name), 1, 1000), *before[place:]]
    kept = set(cut(before, 10_000, 12)) & set(cut(after, 10_000, 12))
    assert sum(map(len, kept)) >= 400 - 10 * 12
