"""A first-level tag keeps its share of the pairs: always the same ones, the worst known first."""

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from kg_assets.quality.balance import TaggedPair, first_level, left_out, most_of_a_tag


def pairs(*tags: str) -> list[TaggedPair]:
    return [TaggedPair(f"q{n:03}", "Q", "A", tag, None) for n, tag in enumerate(tags)]


def test_no_first_level_tag_keeps_more_than_its_share_of_all() -> None:
    found = pairs(*["Tea > Green"] * 6, *["Tea > Black"] * 2, "Law", "Law")
    kept = [pair for pair in found if pair.qa_id not in left_out(found, 0.4)]
    assert Counter(first_level(pair.tag) for pair in kept) == {"Tea": 4, "Law": 2}
    assert Counter(pair.tag for pair in kept)["Tea > Black"] == 2


def test_the_worst_known_are_kept_and_equal_ones_by_their_id() -> None:
    found = [
        replace(pair, loss=loss)
        for pair, loss in zip(pairs(*["Tea"] * 4), (0.1, 2.0, None, 2.0), strict=True)
    ]
    assert left_out(found, 0.5) == {"q000", "q002"}
    assert left_out(found, 0.25) == {"q000", "q002", "q003"}


def test_pairs_without_a_tag_are_kept() -> None:
    assert left_out(pairs("", "", "", "Tea"), 0.25) == set()


def test_the_share_is_not_a_rounding_error_less() -> None:
    assert most_of_a_tag(100, 0.29) == 29
    assert most_of_a_tag(3, 0.1) == 1


TAG = st.sampled_from(["", "Law", "Tea > Green", "Tea > Black", "Tea > White", "Salt > Sea"])


@given(st.lists(TAG, max_size=60), st.floats(0.01, 1))
def test_what_is_left_out_does_not_depend_on_the_order_and_no_more_than_must_be(
    tags: list[str], share: float
) -> None:
    found = pairs(*tags)
    beyond = left_out(found, share)
    assert left_out(found[::-1], share) == beyond
    most = most_of_a_tag(len(found), share)
    before = Counter(first_level(pair.tag) for pair in found)
    after = Counter(first_level(pair.tag) for pair in found if pair.qa_id not in beyond)
    assert all(after[tag] == (min(n, most) if tag else n) for tag, n in before.items())
