"""The whole sentences around a quote: what a reader needs to judge a claim by."""

from functools import lru_cache

from kg_assets.ingest.boundaries import Span, split_sentences
from kg_assets.ingest.structure import parse_blocks


def whole_sentences(text: str, start: int, end: int) -> Span:
    """The span of all sentences of `text` that hold a part of `text[start:end]`; sentences end with their
    paragraph, list item, heading or row of a table."""
    touched = [span for span in _sentences(text) if span[0] < end and start < span[1]]
    if not touched:
        return start, end
    return min(start, touched[0][0]), max(end, touched[-1][1])


@lru_cache(maxsize=16)  # the claims of one chunk come together
def _sentences(text: str) -> tuple[Span, ...]:
    return tuple(
        span
        for block in parse_blocks(text, 0, len(text))
        for span in (
            [(block.start, block.end)]
            if block.kind == "code"
            else split_sentences(text, block.start, block.end)
        )
    )
