"""Progress and tables in the terminal; what is shown comes from `resources.progress` and the warehouse."""

import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from dagster_project.forecast.dry_run import Forecast
from dagster_project.forecast.estimate import RunEstimate
from dagster_project.plain import plain
from kg_assets.stage.lost import DroppedRow
from kg_assets.stage.stage import Stage
from resources.configuration.settings import Settings

REFRESH_S = 10.0
SHOWN_UNREADABLE = 10


class TerminalProgress:
    """Prints where a run is and about how long the rest takes, to standard error: one line that renews itself
    on a terminal, a line every few seconds elsewhere."""

    def __init__(self, stages: Sequence[Stage], settings: Settings) -> None:
        self._console = Console(file=sys.stderr)
        self._estimate = RunEstimate(stages, settings)
        self._shown_at = 0.0
        self._status = self._console.status("starting") if self._console.is_terminal else None
        self._download_note = ""

    def __enter__(self) -> "TerminalProgress":
        if self._status:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status:
            self._status.stop()

    def stage_started(self, stage: str, pending: int, rows_in: int) -> None:
        """Begin a stage."""
        self._estimate.started(stage, pending, rows_in, time.monotonic())
        self._show(force=pending > 0)

    def advanced(self, stage: str, done: int) -> None:
        """Some rows are finished."""
        self._estimate.advanced(done)
        self._show()

    def stage_finished(self, stage: str) -> None:
        """A stage is complete."""
        did = self._estimate.finished(time.monotonic())
        if did:
            self._console.print(f"  [green]✓[/] {stage:<16} {did}", highlight=False)

    def download(self, done_bytes: int, total_bytes: int, note: str) -> None:
        """A model file is being fetched."""
        text = f"{note} {done_bytes / 1e6:,.0f} of {total_bytes / 1e6:,.0f} MB"
        if self._status:
            self._status.update(text)
        elif note != self._download_note:
            self._download_note = note
            self._console.print(f"  {text}", highlight=False)

    def waiting(self, sentence: str) -> None:
        """The run waits."""
        self._console.print(f"  … {plain(sentence)}", highlight=False, markup=False)

    def _show(self, force: bool = False) -> None:
        line = self._estimate.line(time.monotonic())
        if self._status:
            self._status.update(line)
        elif force or time.monotonic() - self._shown_at > REFRESH_S:
            self._shown_at = time.monotonic()
            self._console.print(f"  … {line}", highlight=False, markup=False)


def print_stages(rows: Sequence[Mapping[str, Any]], title: str) -> None:
    """The table of stages: rows, drops, calls, tokens, cost, seconds. What settings switch off follows in one
    line."""
    idle: dict[str, list[str]] = {}
    for row in rows:
        if row["rows_in"] == 0 and row["note"]:
            idle.setdefault(row["note"], []).append(row["stage"])
    rows = [row for row in rows if row["rows_in"] or not row["note"]]
    priced = any(row["cost_usd"] is not None for row in rows)
    table = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    table.add_column("stage")
    columns = (
        "rows in",
        "new",
        "reused",
        "dropped",
        "calls",
        "from store",
        "tokens in",
        "tokens out",
        "seconds",
    )
    for column in (*columns, *(("USD",) if priced else ())):
        table.add_column(column, justify="right")
    for row in rows:
        counts = [
            row["rows_in"],
            row["new"],
            row["reused"],
            row["dropped"],
            row["calls"],
            row["calls_from_store"],
        ]
        tokens = [row["prompt_tokens"], row["completion_tokens"]]
        cells = [f"{value:,}" if value else "·" for value in (*counts, *tokens)] + [f"{row['seconds']:.1f}"]
        if priced:
            cells.append("·" if row["cost_usd"] is None else f"{row['cost_usd']:.4f}")
        table.add_row(row["stage"], *cells, style="yellow" if row["dropped"] else "")
    console = Console(width=None if sys.stdout.isatty() else 120)
    console.print(table)
    if idle:
        said = "; ".join(f"{', '.join(stages)} ({note})" for note, stages in idle.items())
        console.print(f"[dim]nothing to do: {escape(said)}[/]", highlight=False)


def print_drops(rows: Sequence[DroppedRow], total: int) -> None:
    """A few of the `total` rows of the corpus that were dropped."""
    console = Console(width=None if sys.stdout.isatty() else 120)
    some = f", of which these are {len(rows)}; `graphtutor status` counts them, the table drops has all"
    console.print(f"\n[yellow]{total} dropped[/]{some if total > len(rows) else ''}", highlight=False)
    for row in rows:
        first = (row.detail.splitlines() or [""])[0]
        console.print(f"  {row.stage} {_shown(row.where)}: {row.reason}. {_shown(first)}", highlight=False)


def print_forecast(found: Forecast) -> None:
    """The forecast as a table with a line of sums, and what it has no numbers for."""
    stages = found.stages
    priced = any(stage.cost_usd is not None for stage in stages)
    table = Table(
        title=f"corpus {found.corpus}: a run would",
        title_justify="left",
        header_style="bold",
        box=None,
        pad_edge=False,
    )
    table.add_column("stage")
    for column in ("rows in", "to do", "calls", "tokens in", "tokens out", *(("USD",) if priced else ())):
        table.add_column(column, justify="right")
    table.add_column("")
    for stage in stages:
        numbers = [stage.rows, stage.pending, stage.calls, stage.prompt_tokens, stage.completion_tokens]
        cells = [f"{number:,}" if number else "·" for number in numbers]
        if priced:
            cells.append("·" if stage.cost_usd is None else f"{stage.cost_usd:.4f}")
        table.add_row(stage.stage, *cells, "counted" if stage.exact else "estimated")
    totals = [sum(getattr(stage, field) for stage in stages) for field in ("pending", "calls")]
    tokens = [sum(getattr(stage, f) for stage in stages) for f in ("prompt_tokens", "completion_tokens")]
    cost = [f"{sum(stage.cost_usd or 0.0 for stage in stages):.4f}"] if priced else []
    table.add_row("all", "", *(f"{n:,}" for n in (*totals, *tokens)), *cost, "", style="bold")
    console = Console(width=None if sys.stdout.isatty() else 120)
    console.print(table)
    if found.unreadable:
        console.print(
            f"\n[yellow]{len(found.unreadable)} cannot be read[/] and would be dropped:", highlight=False
        )
        for name, reason in found.unreadable[:SHOWN_UNREADABLE]:
            console.print(f"  {_shown(name)}: {reason}", highlight=False)
        if len(found.unreadable) > SHOWN_UNREADABLE:
            console.print(f"  and {len(found.unreadable) - SHOWN_UNREADABLE} more", highlight=False)
    if found.unpriced:
        keys = ", ".join(f"models.{role}.prompt_usd_per_million" for role in found.unpriced)
        said = f"No cost is shown without prices: {keys} and completion_usd_per_million."
        console.print(said, highlight=False)


def print_pairs(pairs: Sequence[Any]) -> None:
    """A few pairs, so that the user sees at once what was made."""
    console = Console(width=None if sys.stdout.isatty() else 120)
    for pair in pairs:
        loss = "" if pair.loss is None else f", loss {pair.loss:.2f}"
        console.print(
            f"\n[bold]{pair.form}[/] [dim]({pair.difficulty}{loss}; {pair.qa_id})[/]", highlight=False
        )
        console.print(f"  Q  {_shown(pair.question)}", highlight=False)
        console.print(f"  A  {_shown(pair.answer)}", highlight=False)
        if pair.evidence:
            evidence = pair.evidence[0]
            console.print(
                f"  [dim]↳ {_shown(evidence.document)}: “{_shown(evidence.text)}”[/]", highlight=False
            )


def _shown(text: str) -> str:
    """Foreign text for rich: neither its markup nor the terminal's."""
    return escape(plain(text))
