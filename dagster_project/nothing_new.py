"""Whether a run would find nothing to do, known from records and files alone: then nothing need be started,
Dagster not either. Where anything is in doubt the answer is no, and the run finds out by itself.

A run of every stage comes to the same (`StageRun.as_it_was` asks each of them), in several times as long.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from dagster_project.outcome import RunOutcome, outcome
from dagster_project.standing import documents_changed, documents_now, files_changed, past_runs, stale_stages
from kg_assets.graph.plan import KNOWLEDGE_GRAPH
from kg_assets.ingest.documents import keep_scan
from kg_assets.stage.freshness import PastRun
from kg_assets.stage.stage import ancestors
from resources.warehouse.warehouse import Warehouse
from resources.workbench import GRAPH_WRITTEN_BY, Workbench


def nothing_new(workbench: Workbench, corpus: str) -> RunOutcome | None:
    """What stands, if a run of all stages would leave everything as it is; None where one has to be made.

    There is no short way where only a look elsewhere could tell: with remote documents, and with a graph in a
    Neo4j of the user's.

    Raises:
        SettingsError: the configuration is wrong.
        WarehouseError: the warehouse cannot be read.
    """
    configuration = workbench.configuration()
    warehouse = Warehouse(workbench.layout.warehouse(corpus))
    if configuration.sources or configuration.graph is not None or not warehouse.exists():
        return None
    lock = workbench.layout.corpus_lock(corpus)
    if not lock.is_free():  # a run may hold the warehouse for long, and is waited for
        return None
    # While it is open here nobody writes it, and who is between two writes holds the lock.
    with warehouse.connect():
        if not lock.is_free():
            return None
        scan, runs = documents_now(workbench, corpus, warehouse), past_runs(warehouse)
        if scan is None or stale_stages(runs, configuration, documents_changed(scan, warehouse), ancestors):
            return None
        if not _came_to_an_end(warehouse, runs) or not _stands(workbench, corpus, warehouse):
            return None
        keep_scan(warehouse, scan)
        return outcome(workbench, corpus, [_as_it_was(past[-1]) for past in runs.values()], nothing_new=True)


def _came_to_an_end(warehouse: Warehouse, runs: Mapping[str, Sequence[PastRun]]) -> bool:
    """Whether the last run of each stage did all that it had to, also outside the warehouse, and nothing
    failed in it that is to be tried again."""
    ended = dict(
        warehouse.tuples("SELECT stage, number FROM materializations SEMI JOIN stages USING (stage)")
    )
    if ended != {stage: past[-1].number for stage, past in runs.items()}:
        return False
    return not warehouse.scalar("SELECT count(*) FROM current_drops WHERE retry")


def _stands(workbench: Workbench, corpus: str, warehouse: Warehouse) -> bool:
    """Whether what the stages wrote outside the warehouse is there as they wrote it."""
    written_by = warehouse.scalar(
        "SELECT json_extract_string(metadata, ?) FROM materializations WHERE stage = ?",
        [f'$."{GRAPH_WRITTEN_BY}"[1]', KNOWLEDGE_GRAPH.name],
    )
    if not written_by or workbench.graph_written_by(corpus) != written_by:
        return False
    return not files_changed(workbench, corpus, warehouse)


def _as_it_was(last: PastRun) -> dict[str, Any]:
    """The row of a stage that did not run, as a run shows it that leaves the stage as it is."""
    return {
        "stage": last.stage,
        "rows_in": last.rows_in,
        "new": 0,
        "reused": last.rows_in - last.dropped,
        "dropped": last.dropped,
        "calls": 0,
        "calls_from_store": 0,
        "prompt_tokens": 0,
        "completion_tokens": 0,
        "cost_usd": None,
        "seconds": 0.0,
        "note": last.note,
    }
