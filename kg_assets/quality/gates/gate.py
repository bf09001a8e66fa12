"""What a gate is: one record. The table of all is `table`; the stages that judge are made from it.

A gate looks at a pair by a rule, asks a model about it, or looks at all pairs together, with rows of other
stages at hand. Its verdict on each pair is a row of `verdicts`.
"""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from kg_assets.domain import QaPair
from kg_assets.stage.bench import StageBench
from kg_assets.stage.ledger import WorkItem
from kg_assets.stage.stage import Further, Usual
from resources.models.types import Ask, Role

Outcome = Literal["pass", "flag", "stop"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a gate found out about a pair: in one sentence what is wrong, or nothing; and a score, where the
    gate measures one."""

    detail: str = ""
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """Looks at one pair. `check` says in one sentence what is wrong, or nothing."""

    check: Callable[[QaPair], str]


@dataclass(frozen=True, slots=True)
class Asking:
    """Asks a model about one pair after the other; the gate has a stage of its own.

    Attributes:
        items: what is to be judged of these pairs, by their ids, keyed by all that can change the answer; the
            gate and the pair are added.
        judge: finds out about one item.
        usual: what it usually comes to.
        prompts: its prompts as (group, task).
        role: the model.
        settings: paths of the settings that it reads.
        further: what else of the configuration it reads.
    """

    items: Callable[[Sequence[QaPair], StageBench], Sequence[WorkItem[Any]]]
    judge: Callable[[WorkItem[Any], Ask], Coroutine[Any, Any, Finding]]
    usual: Usual
    prompts: tuple[tuple[str, str], ...] = ()
    role: Role = "synthesizer"
    settings: tuple[str, ...] = ()
    further: tuple[Further, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """Looks at all pairs that no gate before has stopped, in order, and at rows of stages before.

    Attributes:
        find: the findings by the id of the pair; a pair that is not named has none.
        settings: paths of the settings that it reads.
    """

    find: Callable[[Sequence[QaPair], StageBench], Mapping[str, Finding]]
    settings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate.

    Attributes:
        name: in rows, drops and files.
        description: one sentence: what is true of a pair that passes.
        version: raised where it would judge otherwise; pairs are then judged by this gate anew.
        by: how it finds out.
        then: what becomes of a pair of which something is found: it is stopped, or only flagged.
    """

    name: str
    description: str
    version: str
    by: Rule | Asking | Comparison
    then: Literal["flag", "stop"] = "stop"

    @property
    def stage(self) -> str:
        """The name of its stage, of a gate that asks a model."""
        return f"{self.name}_verdicts"

    @property
    def identity(self) -> str:
        """What of the gate itself its verdicts depend on."""
        return f"{self.name} {self.version} {self.then}"

    def verdict(self, qa_id: str, finding: Finding) -> "Verdict":
        """The row for a pair."""
        outcome: Outcome = self.then if finding.detail else "pass"
        return Verdict(qa_id, self.name, outcome, finding.score, finding.detail)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a gate says of a pair: a row of `verdicts`. `detail` is why it does not pass."""

    qa_id: str
    gate: str
    outcome: Outcome
    score: float | None
    detail: str
