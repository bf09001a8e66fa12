"""What stands in a corpus' warehouse: rows, drops, cost and freshness of every stage."""

from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from kg_assets.export.collect import STAGES
from kg_assets.ingest.documents import document_items
from resources.warehouse.warehouse import Warehouse
from resources.workbench import Workbench

UPSTREAM: dict[str, tuple[str, ...]] = {
    "documents": (),
    "chunks": ("documents",),
    "claims": ("chunks",),
    "knowledge_graph": ("claims",),
    "statements": ("knowledge_graph",),
    "judgements": ("statements",),
    "comprehension": ("judgements",),
    "subgraphs": ("knowledge_graph", "comprehension"),
    "qa_atomic": ("subgraphs",),
    "qa_aggregated": ("subgraphs",),
    "qa_multi_hop": ("subgraphs",),
    "curated_qa": ("qa_atomic", "qa_aggregated", "qa_multi_hop"),
    "sft_datasets": ("curated_qa",),
    "graph_export": ("knowledge_graph", "comprehension"),
    "report": ("sft_datasets", "graph_export"),
}


@dataclass(frozen=True, slots=True)
class StageStatus:
    """One stage as it stands; tokens and cost are of all runs. `freshness` is `fresh`, `never run`, or why not."""

    stage: str
    rows: int
    dropped: int
    calls: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None
    finished_at: str | None
    freshness: str


@dataclass(frozen=True, slots=True)
class CorpusStatus:
    """All stages of one corpus."""

    corpus: str
    stages: tuple[StageStatus, ...]


def corpus_status(workbench: Workbench, corpus: str) -> CorpusStatus:
    """Read the status of a corpus; nothing is run."""
    warehouse = Warehouse(workbench.layout.warehouse(corpus))
    if not warehouse.exists():
        return CorpusStatus(
            corpus, tuple(StageStatus(s, 0, 0, 0, 0, 0, None, None, "never run") for s in STAGES)
        )
    totals = warehouse.frame(
        "SELECT stage, sum(calls) AS calls, sum(prompt_tokens) AS prompt_tokens, sum(completion_tokens) AS "
        "completion_tokens, sum(cost_usd) AS cost_usd FROM stage_runs GROUP BY stage"
    ).set_index("stage")
    latest = warehouse.frame(
        "SELECT stage, number AS n, rows_out, dropped, finished_at, note FROM stage_runs "
        "QUALIFY row_number() OVER (PARTITION BY stage ORDER BY number DESC) = 1"
    ).set_index("stage")
    stale: dict[str, str] = {}
    stages = []
    for stage in STAGES:
        if stage not in latest.index:
            stale[stage] = "never run"
            stages.append(StageStatus(stage, 0, 0, 0, 0, 0, None, None, "never run"))
            continue
        row, total = latest.loc[stage], totals.loc[stage]
        older = [up for up in UPSTREAM[stage] if up in latest.index and latest.loc[up, "n"] > row["n"]]
        behind = [up for up in UPSTREAM[stage] if up in stale]
        reason = ""
        if row["note"] == "stopped":
            reason = "stopped before its end"
        elif stage == "documents" and _documents_changed(workbench, corpus, warehouse):
            reason = "documents changed"
        elif older or behind:
            reason = f"{(older or behind)[0]} is newer" if older else f"{behind[0]} is not fresh"
        if reason:
            stale[stage] = reason
        cost = total["cost_usd"]
        stages.append(
            StageStatus(
                stage,
                int(row["rows_out"]),
                int(row["dropped"]),
                int(total["calls"]),
                int(total["prompt_tokens"]),
                int(total["completion_tokens"]),
                None if cost != cost else float(cost),
                str(row["finished_at"]),
                reason or "fresh",
            )
        )
    return CorpusStatus(corpus, tuple(stages))


def print_status(status: CorpusStatus) -> None:
    """The status as a table."""
    table = Table(
        title=f"corpus {status.corpus}", title_justify="left", header_style="bold", box=None, pad_edge=False
    )
    table.add_column("stage")
    for column in ("rows", "dropped", "calls", "tokens in", "tokens out", "USD"):
        table.add_column(column, justify="right")
    table.add_column("last run (UTC)")
    table.add_column("freshness")
    for s in status.stages:
        numbers = [
            f"{n:,}" if n else "·" for n in (s.rows, s.dropped, s.calls, s.prompt_tokens, s.completion_tokens)
        ]
        cost = "·" if s.cost_usd is None else f"{s.cost_usd:.4f}"
        when = (s.finished_at or "·").replace("T", " ").removesuffix("+00:00")
        table.add_row(
            s.stage, *numbers, cost, when, s.freshness, style="" if s.freshness == "fresh" else "yellow"
        )
    Console().print(table)


def _documents_changed(workbench: Workbench, corpus: str, warehouse: Warehouse) -> bool:
    root = workbench.documents_root()
    if not root.exists():
        return False
    found = [
        (i.item_id, i.key) for i in document_items(root, corpus, workbench.configuration().settings.documents)
    ]
    stored = warehouse.frame(
        "SELECT item_id, key FROM current_items WHERE stage = 'documents' ORDER BY position"
    )
    return found != list(stored.itertuples(index=False, name=None))
