"""Cards to learn from, for people: a table, and a file that says how many there are."""

from collections.abc import Iterator

from kg_assets.export.files import Content
from kg_assets.export.formats.format import Export, Format


def files(export: Export) -> dict[str, Content]:
    """One line a definition, and a note beside them."""
    cards = [pair for pair in export.pairs if pair.form == "definition"]

    def lines() -> Iterator[bytes]:
        for pair in cards:
            yield f"{pair.details['name']}\t{pair.answer}\n".encode()

    note = f"{len(cards)} cards about {export.corpus}\n".encode()
    return {
        "cards.tsv": Content("cards", len(cards), lines()),
        "cards-note.txt": Content("cards", 1, [note]),
    }


CARDS = Format(
    name="cards",
    description="Cards to learn from: a name and its definition, separated by a tab.",
    version="1",
    owned=("cards.tsv", "cards-note.txt"),
    files=files,
    by_default=False,
)
