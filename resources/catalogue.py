"""What the pipeline has, by name, as settings and warehouse need to know it: stages and their tables, forms
of question, formats of files. The tables themselves are in `kg_assets`, which nothing here may import: its
table of stages hands their names down, once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["forms", "formats"]


@dataclass(frozen=True, slots=True)
class StageTable:
    """Where the rows of a stage are.

    Attributes:
        stage: its name.
        table: of the warehouse; several stages may share one.
        row_type: the dataclass of its rows, from which the table is made.
        item: what the id of a row in is called in the view of its current rows.
    """

    stage: str
    table: str
    row_type: type
    item: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Attributes:
    stages: in the order in which they run.
    forms: name and stage of each form of question, in the order in which everything shows them.
    formats: the names of the formats of files for training.
    default_forms: the forms that are written unless the user says otherwise.
    default_formats: the same of formats.
    """

    stages: tuple[StageTable, ...]
    forms: tuple[tuple[str, str], ...]
    formats: tuple[str, ...]
    default_forms: tuple[str, ...]
    default_formats: tuple[str, ...]

    def names(self, kind: Kind) -> tuple[str, ...]:
        """The names of all forms, or formats."""
        return self.formats if kind == "formats" else tuple(name for name, _ in self.forms)


_installed: list[Catalogue] = []


def install(catalogue: Catalogue) -> None:
    """Make this the catalogue of the process."""
    _installed[:] = [catalogue]


def catalogue() -> Catalogue:
    """The catalogue of this process.

    Raises:
        RuntimeError: `kg_assets.stages` was not imported; a bug of ours.
    """
    if not _installed:
        raise RuntimeError("import kg_assets.stages first: it says which stages, forms and formats there are")
    return _installed[0]


def one_of(names: Sequence[str]) -> str:
    """The names as a sentence lists them: 'a', 'b' or 'c'."""
    *most, last = map(repr, names)
    return f"{', '.join(most)} or {last}" if most else last
