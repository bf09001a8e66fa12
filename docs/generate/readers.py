"""The kinds of documents as the documentation shows them."""

from collections.abc import Sequence

from kg_assets.ingest.formats.table import Reader


def readers_as_markdown(readers: Sequence[Reader]) -> str:
    """The table of kinds, in its order."""
    rows = [
        f"| {reader.name} | {_code(reader.suffixes)} | {_code(reader.mime_types)} | `{reader.function}` |"
        for reader in readers
    ]
    return "\n".join(["| kind | suffixes | MIME types | function |", "|---|---|---|---|", *rows])


def _code(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
