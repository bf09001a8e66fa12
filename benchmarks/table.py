"""The rows that benchmarks print: what was measured, and the goal beside it."""

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Measured:
    """One line. `goal` is a bound that `value` should not exceed (or, with `at_least`, should reach)."""

    what: str
    value: float
    unit: str
    goal: float | None = None
    at_least: bool = False

    @property
    def met(self) -> bool | None:
        if self.goal is None:
            return None
        return self.value >= self.goal if self.at_least else self.value <= self.goal


@dataclass(slots=True)
class Spent:
    """Seconds of a block: wall time, and CPU time of this process and the children that it has waited for."""

    wall_s: float = 0.0
    cpu_s: float = 0.0


@contextmanager
def spent() -> Iterator[Spent]:
    """Measure a block."""
    result, wall, cpu = Spent(), time.perf_counter(), _cpu_s()
    yield result
    result.wall_s, result.cpu_s = time.perf_counter() - wall, _cpu_s() - cpu


def peak_mb() -> float:
    """Highest resident memory of this process so far, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def show(title: str, rows: list[Measured]) -> None:
    """Print a table."""
    table = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    table.add_column("measured")
    for column in ("value", "goal", ""):
        table.add_column(column, justify="right")
    for row in rows:
        goal = "" if row.goal is None else f"{'≥' if row.at_least else '≤'} {row.goal:g}"
        table.add_row(
            row.what, f"{row.value:,.3g} {row.unit}", goal, {None: "", True: "✓", False: "✗"}[row.met]
        )
    Console(width=110).print(table)


def _cpu_s() -> float:
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
