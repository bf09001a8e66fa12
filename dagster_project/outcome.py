"""What a run of one corpus came to, read from its warehouse: for the terminal and for `--json`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kg_assets.export.files import ExportedFile
from kg_assets.export.pair import ExportPair
from kg_assets.export.pairs import example_pairs
from kg_assets.stage.lost import SHOWN_DROPS, DroppedRow, dropped_rows
from kg_assets.stage.stage import ancestors
from kg_assets.stages import BY_NAME, NAMES, STAGES
from resources.warehouse.warehouse import Warehouse
from resources.workbench import Workbench

EXPORTED_FILES = " UNION ALL ".join(f"FROM current_{s.name}" for s in STAGES if s.row_type is ExportedFile)
"""What was written, as SQL; the item is the name below the folder of exports."""


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """What a run of one corpus came to: its stages in order, the number of exported pairs and one of each
    form, the files, a few of the `dropped` rows that count now (stage, where, reason, detail), the stages
    that were left out and have never run, and whether there was `nothing_new`, so that none had to run."""

    corpus: str
    stages: list[dict[str, Any]]
    pairs: int
    examples: list[ExportPair]
    exports: list[str]
    drops: list[DroppedRow]
    dropped: int
    never_run: list[str]
    nothing_new: bool


def outcome(
    workbench: Workbench, corpus: str, stages: Sequence[dict[str, Any]], nothing_new: bool = False
) -> RunOutcome:
    """What a run stored, or found stored.

    Args:
        workbench: where.
        corpus: its name.
        stages: a row for each stage, with the columns of `stage_runs` that are shown.
        nothing_new: whether no stage had to run.

    Raises:
        WarehouseError: the warehouse cannot be read.
    """
    warehouse = Warehouse(workbench.layout.warehouse(corpus))
    with warehouse.connect():
        files = warehouse.tuples(f"SELECT item_id, format, rows FROM ({EXPORTED_FILES})")
        pairs = sum(rows for _, format, rows in files if format == "lineage")
        drops = dropped_rows(warehouse, STAGES, SHOWN_DROPS)
        examples = example_pairs(warehouse) if pairs else []
        dropped = warehouse.scalar("SELECT count(*) FROM current_drops")
        ran = {stage for (stage,) in warehouse.tuples("SELECT DISTINCT stage FROM stage_runs")}
    folder = workbench.layout.exports(corpus)  # as the files are here, wherever the workspace was made
    return RunOutcome(
        corpus=corpus,
        stages=sorted(stages, key=lambda row: NAMES.index(row["stage"])),
        pairs=pairs,
        examples=examples,
        exports=[str(folder / name) for name, _, _ in files],
        drops=drops,
        dropped=dropped,
        never_run=_never_run(ran, {row["stage"] for row in stages}),
        nothing_new=nothing_new,
    )


def _never_run(ran: set[str], shown: set[str]) -> list[str]:
    needed = {up.name for stage in shown for up in ancestors(BY_NAME[stage])}
    return [name for name in NAMES if name in needed - ran]
