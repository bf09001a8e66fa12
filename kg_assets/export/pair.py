"""What an exported pair is. How pairs are read from the warehouse, and written to files, is beside it."""

from dataclasses import dataclass

from kg_assets.domain import Difficulty, Evidence, QaForm


@dataclass(frozen=True, slots=True)
class ExportPair:
    """A curated QA pair with all that its lineage line and the report show.

    `loss` is the mean comprehension loss of its units in nats, None where nothing was measured;
    `reasoning` is the path of a multi-hop pair, empty for the other forms. `tag` is None where there is no
    taxonomy, and empty where no tag fits.
    """

    qa_id: str
    form: QaForm
    question: str
    answer: str
    difficulty: Difficulty
    loss: float | None
    unit_ids: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    reasoning: tuple[str, ...]
    tag: str | None = None
