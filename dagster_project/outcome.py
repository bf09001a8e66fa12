"""What a run of one corpus came to, read from its warehouse: for the terminal and for `--json`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kg_assets.export.pair import ExportPair
from kg_assets.export.pairs import example_pairs
from kg_assets.stage.lost import SHOWN_DROPS, dropped_rows
from kg_assets.stage.stage import ancestors
from kg_assets.stages import BY_NAME, NAMES, STAGES
from resources.warehouse.warehouse import Warehouse
from resources.workbench import Workbench


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
    drops: list[tuple[str, str, str, str]]
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
        files = warehouse.frame(
            "FROM current_sft_datasets UNION ALL FROM current_graph_export UNION ALL FROM current_report"
        )
        pairs = files["rows"][files["format"] == "lineage"].sum()
        drops = list(dropped_rows(warehouse, STAGES, SHOWN_DROPS).itertuples(index=False, name=None))
        examples = example_pairs(warehouse) if pairs else []
        dropped = warehouse.scalar("SELECT count(*) FROM current_drops")
        ran = set(warehouse.frame("SELECT DISTINCT stage FROM stage_runs")["stage"])
    folder = workbench.layout.exports(corpus)  # as the files are here, wherever the workspace was made
    return RunOutcome(
        corpus=corpus,
        stages=sorted(stages, key=lambda row: NAMES.index(row["stage"])),
        pairs=int(pairs),
        examples=examples,
        exports=[str(folder / Path(path).name) for path in files["path"]],
        drops=drops,
        dropped=dropped,
        never_run=_never_run(ran, {row["stage"] for row in stages}),
        nothing_new=nothing_new,
    )


def _never_run(ran: set[str], shown: set[str]) -> list[str]:
    needed = {up.name for stage in shown for up in ancestors(BY_NAME[stage])}
    return [name for name in NAMES if name in needed - ran]
