"""What a stage is: one frozen record, from which its asset's specification, its recipe, freshness, status,
dry run, estimate, jobs and groups are derived.

A record stands beside the stage's logic, in its group's `plan.py`; the table of all is `kg_assets.stages`.
This module knows no particular stage and nothing of Dagster.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from kg_assets.stage.bench import StageBench
from kg_assets.stage.ledger import Counts, Items, Query, Work, WorkItem
from resources.bench import RunBench
from resources.configuration.load import Configuration
from resources.configuration.settings import Settings
from resources.models.types import Role

T = TypeVar("T")
Further = Literal["aliases", "taxonomy", "a trainee", "trainee", "synthesizer"]
"""What a stage may read of the configuration beside settings and the model it asks: the user's own files of
names and of tags, whether there is a trainee, which, and which synthesizer."""


@dataclass(frozen=True, slots=True)
class Plan(Generic[T]):
    """What a stage would do now.

    Attributes:
        items: its rows in, keyed by all that can change them.
        work: makes the rows of one item.
        role: the model that it asks, None where nothing of it asks one.
        note: why there is less to do than one might expect.
        finish: called once the rows are stored; keeps in the warehouse what goes with them.
        asks: which of the items go to the model.
    """

    items: Items[T]
    work: Work[T]
    role: Role | None = None
    note: str = ""
    finish: Callable[[Counts], None] = lambda _counts: None
    asks: Callable[[WorkItem[T]], bool] = lambda _item: True

    def payloads(self) -> list[T]:
        """What every item is about.

        Raises:
            TypeError: DuckDB finds the items.
        """
        if isinstance(self.items, Query):
            raise TypeError("the items of a query are not at hand")
        return [item.payload for item in self.items]


Counted = Literal["chunks", "units"]


@dataclass(frozen=True, slots=True)
class Usual:
    """What a stage that asks a model usually comes to, until a corpus has figures of its own.

    Attributes:
        rows: rows in for each of `of`; 0 where it asks so seldom that nothing is to be expected.
        of: what its rows are counted by; `corpus` for stages with as many rows whatever the corpus.
        prompt_tokens: of all calls of one row.
        completion_tokens: of all calls of one row.
        calls: model calls of one row.
        effort: the time of one row, in generated tokens, to which time is proportional on one machine; 0
            where it is not worth counting.
        most_rows: a limit that it never goes beyond.
    """

    rows: float
    of: Counted | Literal["corpus"]
    prompt_tokens: float
    completion_tokens: float
    calls: float = 1.0
    effort: float = 0.0
    most_rows: float = math.inf


def _always(_configuration: Configuration) -> bool:
    return True


def _as_much(share: float, _bench: StageBench) -> float:
    return share


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """One stage of the pipeline.

    Attributes:
        name: of the asset and of its table.
        group: the folder of `kg_assets` that it stands in.
        row_type: the dataclass of its rows.
        upstream: the stages that it reads.
        version: part of its row keys, and the asset's code version.
        shared_table: of the warehouse, where several stages have rows in one.
        item: what the id of a row in is called in the view of its current rows.
        plan: what it would do; None for stages that only write files, whose rows say what was written.
        role: the model that it asks, if any.
        asks: whether it asks it under a configuration.
        prompts: its prompts as (group, task).
        settings: paths of all settings that can change its rows, a section or a key: reading another one is
            an error.
        touches: paths of settings that it reads although they change no row, such as where files are.
        further: what else of the configuration can change its rows.
        usual: what it usually comes to under these settings; None where it can ask no model.
        rows_in_are: of what the number of its rows in is the true count, once it is known.
        spreads: which share of its rows is new where that share of what it reads is.
        kinds: technologies that the Dagster UI shows.
        checks: checks of its own, as (name, description).
        may_drop: False where every row comes out, or all that the user wants: a check of the share of drops
            would say nothing, and a check costs 70 ms.
        needs_rows: False where a run may export something although this stage had no rows.
    """

    name: str
    group: str
    row_type: type
    upstream: tuple["Stage", ...]
    version: str
    plan: Callable[[StageBench], Plan[Any]] | None
    shared_table: str = ""
    item: str = "item_id"
    role: Role | None = None
    asks: Callable[[Configuration], bool] = _always
    prompts: tuple[tuple[str, str], ...] = ()
    settings: tuple[str, ...] = ()
    touches: tuple[str, ...] = ()
    further: tuple[Further, ...] = ()
    usual: Callable[[Settings], Usual] | None = None
    rows_in_are: Counted | None = None
    spreads: Callable[[float, StageBench], float] = _as_much
    kinds: frozenset[str] = frozenset({"duckdb"})
    checks: tuple[tuple[str, str], ...] = ()
    may_drop: bool = True
    needs_rows: bool = True

    @property
    def table(self) -> str:
        """The table of its rows, of its own name unless it shares one."""
        return self.shared_table or self.name

    def role_under(self, configuration: Configuration) -> Role | None:
        """The model that it asks under a configuration, if any."""
        return self.role if self.role is not None and self.asks(configuration) else None

    def bench(self, bench: RunBench) -> StageBench:
        """What it works with of a run's bench: the settings that it names, and no others."""
        return StageBench(bench, self.name, (*self.settings, *self.touches), {*self.further, self.role})


def ancestors(stage: Stage) -> list[Stage]:
    """All stages upstream of `stage`, nearest first."""
    found: dict[Stage, None] = {}
    level: Sequence[Stage] = stage.upstream
    while level:
        found |= dict.fromkeys(level)
        level = [up for each in level for up in each.upstream if up not in found]
    return list(found)


def line_to(stage: Stage) -> tuple[Stage, ...]:
    """All stages upstream of `stage` and itself, each after those that it reads."""

    def visited(one: Stage) -> Iterator[Stage]:
        for up in one.upstream:
            yield from visited(up)
        yield one

    return tuple(dict.fromkeys(visited(stage)))
