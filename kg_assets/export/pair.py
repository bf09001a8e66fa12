"""What an exported pair is. How pairs are read from the warehouse, and written to files, is beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kg_assets.domain import Difficulty, Evidence, QaForm


@dataclass(frozen=True, slots=True)
class ExportPair:
    """A curated QA pair with all that its lineage line and the report show.

    `loss` is the mean comprehension loss of its units in nats, None where nothing was measured; `details` is
    what its form has besides, as in `QaPair`. `tag` is None where there is no taxonomy, and empty where no
    tag fits.
    """

    qa_id: str
    form: QaForm
    question: str
    answer: str
    difficulty: Difficulty
    loss: float | None
    unit_ids: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    details: Mapping[str, Any]
    tag: str | None = None

    @property
    def reasoning(self) -> tuple[str, ...]:
        """The steps that lead to the answer; none where its form has no such steps."""
        return tuple(self.details.get("reasoning", ()))
