"""Runs whose process is gone: killed, out of memory, or the machine went down. Dagster still calls them
running, and the next run of their corpus would wait for them for ever."""

import time

import dagster as dg
import psutil

from resources.workspace.layout import WorkspaceLayout

UNFINISHED = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
FIRST_STEP_WITHIN_S = 120.0
PARTITION_TAG = "dagster/partition"
MESSAGE = (
    "The process of this run ended without a word: it was killed, or the machine went down. "
    "What it had finished is kept; the next run goes on from there."
)


def report_dead_runs(instance: dg.DagsterInstance, layout: WorkspaceLayout) -> list[str]:
    """Mark runs as failed whose process does not live any more; returns their ids.

    A living run holds the lock of its corpus from its first step on, and what it wrote beside the lock says
    which process it is. A run that never came to its first step is given FIRST_STEP_WITHIN_S for it.
    """
    dead = []
    for record in instance.get_run_records(dg.RunsFilter(statuses=UNFINISHED)):
        run = record.dagster_run
        corpus = run.tags.get(PARTITION_TAG)
        if corpus is None:
            continue
        lock = layout.corpus_lock(corpus)
        if not lock.is_free():
            continue
        holder = lock.last_holder()
        if holder is not None and holder.run_id == run.run_id:
            gone = not psutil.pid_exists(holder.pid)
        else:
            began_s = record.start_time or record.create_timestamp.timestamp()
            gone = time.time() - began_s > FIRST_STEP_WITHIN_S
        if gone:
            instance.report_run_failed(run, MESSAGE)
            dead.append(run.run_id)
    return dead
