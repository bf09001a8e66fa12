"""On which page a position of a document's text is."""

from bisect import bisect_right
from collections.abc import Sequence


def page_at(pages: Sequence[tuple[int, int]], position: int) -> int | None:
    """The page number, from 1; None where the document has no pages.

    Args:
        pages: (position of its first character, page number) of each page, in order.
        position: a character's index in the text.
    """
    if not pages:
        return None
    index = bisect_right(pages, position, key=lambda page: page[0]) - 1
    return pages[max(index, 0)][1]
