"""What a form of question is: one record, from which its stage is made. The table of all is `table`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kg_assets.domain import GraphUnit, Subgraph
from kg_assets.stage.ledger import Work, WorkItem
from kg_assets.stage.stage import Usual

Identity = Mapping[str, Any]
Planned = Callable[[Sequence[Subgraph], Mapping[str, GraphUnit], Identity], Sequence[WorkItem[Any]]]


@dataclass(frozen=True, slots=True)
class Form:
    """One form of question.

    Attributes:
        name: in settings, rows and files; its stage is `qa_<name>`.
        title: as the report shows it.
        description: one sentence, the description of its asset.
        version: part of its row keys.
        prompts: its prompts as (group, task).
        items: which questions are to be written about these subgraphs of these units, for a synthesizer of
            this identity; keyed by all that can change the answer; their `parent_id` is the subgraph.
        write: makes the pairs of one item.
        usual: what it usually comes to.
        by_default: whether it is written where the settings name no forms.
        exempt: names of the gates that do not apply to its pairs.
    """

    name: str
    title: str
    description: str
    version: str
    prompts: tuple[tuple[str, str], ...]
    items: Planned
    write: Work[Any]
    usual: Usual
    by_default: bool = True
    exempt: frozenset[str] = frozenset()

    @property
    def stage(self) -> str:
        """The name of its stage."""
        return f"qa_{self.name}"
