"""What the Dagster UI shows of a stage: figures, tables, and the same once more where nothing has changed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import dagster as dg
import pandas as pd

CELL_CHARS = (120, 80, 50, 30)
"""How long a cell of a table may be; the next is taken where the table would not fit."""
SHOWN_CHARS = 1000
"""Markdown of this length or more is only a link in the Dagster UI, and opens in a dialog."""
_NO_MARKUP = {ord(sign): f"&#{ord(sign)};" for sign in "\\`*_{}[]()#!<>|"}


@dataclass(frozen=True, slots=True)
class StageRow:
    """What one run of one stage came to; a row of `stage_runs`. Seconds are wall time; `recipe` is JSON."""

    run_id: str
    stage: str
    started_at: str
    finished_at: str
    rows_in: int
    new: int
    reused: int
    dropped: int
    rows_out: int
    calls: int
    calls_from_store: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None
    seconds: float
    data_version: str
    note: str
    recipe: str


@dataclass(frozen=True, slots=True)
class Materialization:
    """What was last shown of a stage that came to its end: a row of `materializations`.

    `number` is that of its row in `stage_runs`; `metadata` is name to (kind, value), without the figures of
    the run itself; `checks` are (name, passed, severity, finding).
    """

    stage: str
    number: int
    metadata: Mapping[str, tuple[str, Any]]
    checks: tuple[tuple[str, bool, str, str], ...]


def numbers(row: StageRow) -> dict[str, Any]:
    """The figures of one run, as the UI shows them."""
    figures: dict[str, Any] = {
        "rows in": row.rows_in,
        "new": row.new,
        "reused": row.reused,
        "dropped": row.dropped,
        "dagster/row_count": row.rows_out,
        "model calls": row.calls,
        "calls from the store": row.calls_from_store,
        "prompt tokens": row.prompt_tokens,
        "completion tokens": row.completion_tokens,
        "seconds": round(row.seconds, 2),
    }
    if row.cost_usd is not None:
        figures["cost (USD)"] = round(row.cost_usd, 6)
    if row.note:
        figures["note"] = row.note
    return figures


def stored(value: Any) -> tuple[str, Any]:
    """A metadata value as (kind, JSON value)."""
    if isinstance(value, dg.MarkdownMetadataValue):
        return "markdown", value.value
    if isinstance(value, dg.PathMetadataValue):
        return "path", value.value
    if isinstance(value, dg.JsonMetadataValue):
        return "json", value.data
    return "plain", value


def shown_again(last: Materialization, row: StageRow) -> dg.MaterializeResult[None]:
    """What was shown of `last`, with the figures of the run `row`, which left it as it was."""
    kinds: dict[str, Callable[[Any], Any]] = {
        "markdown": dg.MetadataValue.md,
        "path": dg.MetadataValue.path,
        "json": dg.MetadataValue.json,
        "plain": lambda value: value,
    }
    metadata = {name: kinds[kind](value) for name, (kind, value) in last.metadata.items()}
    return dg.MaterializeResult(
        metadata={**numbers(row), **metadata, "unchanged": "nothing that it depends on has changed"},
        data_version=dg.DataVersion(row.data_version),
        check_results=[
            dg.AssetCheckResult(
                check_name=name,
                passed=passed,
                severity=dg.AssetCheckSeverity(severity),
                metadata={"finding": finding},
            )
            for name, passed, severity, finding in last.checks
        ],
    )


def markdown_table(frame: pd.DataFrame) -> str:
    """A DataFrame as a Markdown table, its cells cut as far as it takes for the UI to show it in place; what
    it holds cannot become markup."""
    tables = [_table(frame, cell_chars) for cell_chars in CELL_CHARS]
    return next((table for table in tables if len(table) < SHOWN_CHARS), tables[-1])


def _table(frame: pd.DataFrame, cell_chars: int) -> str:
    header = "| " + " | ".join(map(str, frame.columns)) + " |"
    rule = "|" + " --- |" * len(frame.columns)
    body = [
        "| " + " | ".join(_cell(value, cell_chars) for value in row) + " |"
        for row in frame.itertuples(index=False)
    ]
    return "\n".join([header, rule, *body])


def _cell(value: object, chars: int) -> str:
    text = f"{value:.4g}" if isinstance(value, float) else " ".join(str(value).split())
    text = text if len(text) <= chars else text[: chars - 1] + "…"
    return text.translate(_NO_MARKUP)
