"""What is on pages but not the document's text: running headers and footers, page numbers, contents."""

import re
from collections import Counter

from kg_assets.ingest.formats.pdf.page import Page, Run

# Only what stands in the outer part of a page can be furniture.
_MARGIN = 0.12
_MIN_PAGES = 3
_SHARE_OF_PLACE = 0.6
_NUMBER = re.compile(r"\b(?:\d+|[ivxlc]+)\b", re.IGNORECASE)
# Furniture is not set larger than the text.
_LARGER = 1.2
_ONLY_NUMBER = re.compile(
    r"[\W_]*(?:(?:page|seite|p\.|第)\s*)?#(?:\s*(?:/|of|von|页|頁|ページ|共)+\s*#?)*[\W_]*(?:页|頁)?"
)


def remove_furniture(pages: list[Page], body_size: float) -> None:
    """Take repeating headers, footers and page numbers out of the runs of all pages.

    A line goes if its text, numbers aside, is at the same height near the edge of three pages or more; if it
    is only a page number there; or if most of what stands at that height is such a line (chapter titles that
    run along for two pages). Nothing goes that stands further inside than a line that stays.
    """
    texts: Counter[tuple[int, str]] = Counter()
    for page in pages:
        texts.update({(_place(page, run), _normal(run.text)) for run in _outer(page)})
    repeated = {key for key, count in texts.items() if count >= _MIN_PAGES}
    if len(pages) >= 2:
        repeated |= {key for key, count in texts.items() if count >= 2 and _ONLY_NUMBER.fullmatch(key[1])}
    all_at: Counter[int] = Counter()
    repeated_at: Counter[int] = Counter()
    for (place, text), count in texts.items():
        all_at[place] += count
        repeated_at[place] += count if (place, text) in repeated else 0
    places = {
        place
        for place, count in repeated_at.items()
        if count >= _SHARE_OF_PLACE * all_at[place] and count > 3
    }
    for page in pages:
        outer = sorted(_outer(page), key=lambda run: min(run.y, page.height - run.y))
        kept_below = kept_above = False
        gone: set[int] = set()
        for run in outer:
            furniture = run.size <= body_size * _LARGER and (
                _place(page, run) in places or (_place(page, run), _normal(run.text)) in repeated
            )
            below = run.y < page.height / 2
            if furniture and not (kept_below if below else kept_above):
                gone.add(id(run))
            elif below:
                kept_below = True
            else:
                kept_above = True
        page.runs = [run for run in page.runs if id(run) not in gone]


def _outer(page: Page) -> list[Run]:
    low, high = _MARGIN * page.height, (1 - _MARGIN) * page.height
    return [run for run in page.runs if not low < run.y < high]


def _place(page: Page, run: Run) -> int:
    """The height, in steps of 3 points from the nearer edge, so that pages of other sizes compare."""
    return round(run.y / 3) if run.y < page.height / 2 else -round((page.height - run.y) / 3)


def _normal(text: str) -> str:
    return _NUMBER.sub("#", text).strip()


# ". . . . . 132" or "......132": what leads from a title to its page.
_LEADERS = re.compile(r"(?:\s*[.．…·]){4,}\s*(?:\d+|[ivxlc]+)?\s*$", re.IGNORECASE)
_SHARE_OF_CONTENTS = 0.4


def remove_contents(page: Page) -> None:
    """Take lines of a table of contents out of a page: the headings say the same. Where they are much of the
    page, all of it goes."""
    heights = {round(run.y) for run in page.runs}
    led = {round(run.y) for run in page.runs if _LEADERS.search(run.text)}
    if len(led) >= 3:
        whole = len(led) >= _SHARE_OF_CONTENTS * len(heights)
        page.runs = [run for run in page.runs if not whole and round(run.y) not in led]
