"""What a parser hands back: text in Markdown with what is known about it, or why there is none."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kg_assets.ingest.decode import Rejected


@dataclass(frozen=True, slots=True)
class Parsed:
    """The text of one file.

    `pages` has (position of its first character, page number from 1) for each page with text, in order;
    slides and sheets are pages too. `rows` is set in place of `text` where each row is a document.
    """

    text: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
    pages: tuple[tuple[int, int], ...] = ()
    rows: tuple[Mapping[str, Any], ...] | None = None


NO_READER = "no_reader"
"""The reason where the function of a reader is not to be had: it may be another day."""
CORRUPT = Rejected(
    "corrupt",
    "It is damaged or not of the kind that its name says; open it in its program and save it again.",
)
ENCRYPTED = Rejected(
    "encrypted", "It is protected with a password; save a copy without one and use that in its place."
)
NO_TEXT = Rejected("empty", "There is no text in it; add some or remove it.")


def joined_pages(texts: list[tuple[int, str]]) -> tuple[str, tuple[tuple[int, int], ...]]:
    """Texts of numbered pages as one, and where each page begins; empty ones are left out."""
    position, parts, pages = 0, [], []
    for number, text in texts:
        if stripped := text.strip():
            pages.append((position, number))
            parts.append(stripped)
            position += len(stripped) + 2
    return "\n\n".join(parts), tuple(pages)
