"""Positions find their page."""

from hypothesis import given
from hypothesis import strategies as st

from kg_assets.ingest.pages import page_at


def test_a_document_without_pages_has_none() -> None:
    assert page_at((), 5) is None


@given(st.lists(st.integers(1, 50), min_size=1, max_size=20))
def test_every_character_is_on_the_page_that_begins_before_it(lengths: list[int]) -> None:
    pages, starts = [], 0
    for number, length in enumerate(lengths, start=3):
        pages.append((starts, number))
        starts += length
    expected = [number for number, length in enumerate(lengths, start=3) for _ in range(length)]
    assert [page_at(pages, position) for position in range(starts)] == expected
