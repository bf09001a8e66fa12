"""What stands in a corpus' warehouse: rows, drops, cost and freshness of every stage."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.console import Console
from rich.table import Table

from dagster_project.standing import documents_changed, documents_now, files_changed, past_runs, stale_stages
from kg_assets.stage.costs import NO_COST, Cost, cost_by_stage
from kg_assets.stage.freshness import PastRun
from kg_assets.stages import NAMES
from resources.warehouse.warehouse import Warehouse
from resources.workbench import Workbench


@dataclass(frozen=True, slots=True)
class StageStatus:
    """One stage as it stands; calls, tokens and cost are of all runs, killed ones too.

    `drop_reasons` is how many rows were dropped for which reason, `freshness` is `fresh`, `never run`, or why
    it is not fresh.
    """

    stage: str
    rows: int
    dropped: int
    drop_reasons: Mapping[str, int]
    calls: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None
    finished_at: str | None
    freshness: str


@dataclass(frozen=True, slots=True)
class CorpusStatus:
    """All stages of one corpus. `running` says who works on it just now, and is empty where nobody does: else
    the stages are shown as far as that run has come. `unknown` says why changes of documents cannot be seen,
    and is empty where they can."""

    corpus: str
    running: str
    unknown: str
    stages: tuple[StageStatus, ...]


def corpus_status(workbench: Workbench, corpus: str) -> CorpusStatus:
    """Read the status of a corpus; nothing is run.

    Raises:
        SettingsError: the configuration is wrong.
        WarehouseError: the warehouse cannot be read.
    """
    warehouse = Warehouse(workbench.layout.warehouse(corpus))
    runs: dict[str, list[PastRun]] = {name: [] for name in NAMES}
    costs: dict[str, Cost] = {}
    reasons: dict[str, dict[str, int]] = {name: {} for name in NAMES}
    changed, files = "", dict[str, str]()
    if warehouse.exists():
        with warehouse.connect():
            runs = past_runs(warehouse)
            costs = cost_by_stage(warehouse)
            for stage, reason, count in warehouse.tuples(
                "SELECT stage, reason, count(*) FROM current_drops GROUP BY ALL ORDER BY 3 DESC, reason"
            ):
                reasons[stage][reason] = count
            scan = documents_now(workbench, corpus, warehouse)
            changed = documents_changed(scan, warehouse) if scan is not None else ""
            files = files_changed(workbench, corpus, warehouse)
    stale = files | stale_stages(runs, workbench.configuration(), changed)
    return CorpusStatus(
        corpus,
        _running(workbench, corpus),
        _unknown(workbench),
        tuple(
            _stage_status(name, runs[name], reasons[name], costs.get(name, NO_COST), stale.get(name, "fresh"))
            for name in NAMES
        ),
    )


def _stage_status(
    stage: str, runs: Sequence[PastRun], reasons: Mapping[str, int], cost: Cost, freshness: str
) -> StageStatus:
    return StageStatus(
        stage=stage,
        rows=runs[-1].rows_out if runs else 0,
        dropped=runs[-1].dropped if runs else 0,
        drop_reasons=reasons,
        calls=int(cost.calls),
        prompt_tokens=int(cost.prompt_tokens),
        completion_tokens=int(cost.completion_tokens),
        cost_usd=cost.usd if cost.calls else None,
        finished_at=runs[-1].finished_at if runs else None,
        freshness=freshness,
    )


def print_status(status: CorpusStatus) -> None:
    """The status as a table that fits 80 columns."""
    table = Table(
        title=f"corpus {status.corpus}",
        title_justify="left",
        header_style="bold",
        box=None,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    priced = any(s.cost_usd is not None for s in status.stages)
    table.add_column("stage", no_wrap=True)
    for column in ("rows", "drops", "calls", "tokens in", "out", *(("USD",) if priced else ())):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("last run", no_wrap=True)
    table.add_column("freshness", overflow="fold")
    for s in status.stages:
        numbers = [s.rows, s.dropped, s.calls, s.prompt_tokens, s.completion_tokens]
        cells = [f"{n:,}" if n else "·" for n in numbers]
        if priced:
            cells.append("·" if s.cost_usd is None else f"{s.cost_usd:.4f}")
        style = "" if s.freshness == "fresh" else "yellow"
        table.add_row(s.stage, *cells, _when(s.finished_at), s.freshness, style=style)
    console = Console(width=None if sys.stdout.isatty() else 120)
    if status.running:
        console.print(f"{status.running} is under way; this is how far it has come:", highlight=False)
    console.print(table)
    if status.unknown:
        console.print(f"[yellow]{status.unknown}[/]", highlight=False)
    for s in status.stages:
        if s.drop_reasons:
            said = ", ".join(f"{reason} {count:,}" for reason, count in s.drop_reasons.items())
            console.print(f"dropped by {s.stage}: {said}", highlight=False)


def _running(workbench: Workbench, corpus: str) -> str:
    holder = workbench.layout.corpus_lock(corpus).holder()
    return f"run {holder.run_id[:8]} (process {holder.pid}) since {_when(holder.since)}" if holder else ""


def _unknown(workbench: Workbench) -> str:
    root = workbench.documents_root()
    if root.exists() or workbench.configuration().sources:
        return ""
    return (
        f"Whether documents have changed is not known: there is no folder {root}; name it with --documents."
    )


def _when(finished_at: str | None) -> str:
    """A stored time (ISO 8601, UTC) as the user's clock shows it, to the minute."""
    if finished_at is None:
        return "·"
    return datetime.fromisoformat(finished_at).astimezone().strftime("%d %b %H:%M")
