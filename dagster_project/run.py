"""Running the pipeline on one corpus in this process: the same job that the UI launches."""

import difflib
import gc
import io
import os
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr
from dataclasses import asdict
from pathlib import Path
from typing import Any

import dagster as dg

from dagster_project.definitions import build_defs
from dagster_project.event_log import kept_connections
from dagster_project.failures import budget_exceeded, sentence_for
from dagster_project.forecast.dry_run import forecast, sentence_for_rest
from dagster_project.jobs import pipeline_job
from dagster_project.outcome import RunOutcome, outcome
from kg_assets.stage.asset import corpora
from kg_assets.stage.shown import StageRow
from kg_assets.stages import NAMES
from resources.errors import BudgetExceeded, SettingsError
from resources.warehouse.warehouse import Warehouse
from resources.workbench import Workbench
from sensors.dead_runs import report_dead_runs

DAGSTER_YAML = """\
# graphtutor wrote this once; it is yours to change.
telemetry:
  enabled: false
nux:
  enabled: false               # no invitation to the Dagster community on the first visit
python_logs:
  python_log_level: INFO       # what a run prints; the event log has every event all the same
concurrency:
  runs:
    tag_concurrency_limits:
      - key: dagster/partition   # runs of one corpus wait for each other, different corpora do not
        limit: 1
        value:
          applyLimitPerUniqueValue: true
"""
FULL_BYTES = 10_000_000
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def dagster_home(workbench: Workbench) -> Path:
    """Dagster's folder: the user's own DAGSTER_HOME, or the workspace's, made ready on first use."""
    own = os.environ.get("DAGSTER_HOME")
    home = Path(own) if own else workbench.layout.dagster_home
    if not own:
        workbench.layout.prepare()
    try:
        home.mkdir(parents=True, exist_ok=True)
        settings = home / "dagster.yaml"
        if not own and not settings.exists():
            settings.write_text(DAGSTER_YAML, "utf-8")
    except OSError as error:
        raise SettingsError(
            f"{home} cannot be written ({error.strerror}): mend its permissions or free disk space."
        ) from error
    return home


@contextmanager
def dagster_instance(workbench: Workbench) -> Iterator[dg.DagsterInstance]:
    """The workspace's Dagster instance."""
    with (
        dg.DagsterInstance.from_config(str(dagster_home(workbench))) as instance,
        kept_connections(instance),
    ):
        yield instance


def run_corpus(workbench: Workbench, corpus: str, select: str | None = None) -> RunOutcome:
    """Materialise the selected assets (all by default) of one corpus.

    Args:
        select: Dagster's asset selection syntax, such as `+qa_atomic` (with all that is upstream of it) or
            `group:export`.

    Raises:
        BudgetExceeded: the budget is used up; the message says what all that is left would cost.
        TutorError: what else stopped the run.
        SettingsError: the selection is malformed or matches nothing.
    """
    # A stage makes hundreds of thousands of objects that stay: to look for garbage among them with each few
    # hundred new ones takes a fifth of its time.
    gc.set_threshold(50_000, 20, 20)
    defs = build_defs(workbench)
    job = defs.resolve_job_def(pipeline_job.name)
    selection = _selected(defs, select)
    with dagster_instance(workbench) as instance, _short_errors(workbench.layout.root):
        report_dead_runs(instance, workbench.layout)
        instance.add_dynamic_partitions(corpora.name or "", [corpus])
        try:
            done = job.execute_in_process(
                partition_key=corpus,
                instance=instance,
                asset_selection=selection,
                run_config=QUIET,
                raise_on_error=True,
            )
        except Exception as error:
            if exceeded := budget_exceeded(error):
                left = sentence_for_rest(forecast(workbench, corpus).stages)
                raise BudgetExceeded(f"{exceeded} {left}") from error
            raise
    return outcome(workbench, corpus, _stages_of(workbench, corpus, done.run_id))


@contextmanager
def _short_errors(workspace: Path) -> Iterator[None]:
    """Hold back what Dagster writes to standard error, such as whole events that it could not store, unless
    there is a bug; and say so where the disk is full, which not every error shows."""
    stderr, held = sys.stderr, io.StringIO()
    try:
        with redirect_stderr(held):
            yield
    except dg.DagsterExecutionInterruptedError as error:
        raise KeyboardInterrupt from error
    except Exception as error:
        sentence = sentence_for(error)
        if sentence is None:
            stderr.write(held.getvalue())
        elif "space" not in sentence and shutil.disk_usage(workspace).free < FULL_BYTES:
            raise SettingsError(
                f"{sentence} The disk of {workspace} is full: free some space and run again."
            ) from error
        raise


def _stages_of(workbench: Workbench, corpus: str, run_id: str) -> list[dict[str, Any]]:
    """The rows of `stage_runs` of one run."""
    warehouse = Warehouse(workbench.layout.warehouse(corpus))
    return [
        asdict(row)
        for row in warehouse.rows(StageRow, "FROM stage_runs WHERE run_id = ? ORDER BY number", [run_id])
    ]


_BARE_NAME = re.compile(rf'(?<![\w:"])({"|".join(NAMES)})(?![\w"])')
"""Asset names without `key:`: Dagster reads those too, but as its old syntax, in which + is one step only."""
_WORD = re.compile(r"(?<![\w:])[\w-]+(?![\w:])")


def _selected(defs: dg.Definitions, select: str | None) -> Sequence[dg.AssetKey] | None:
    if select is None:
        return None
    for word in _WORD.findall(select):
        if word not in NAMES and (close := difflib.get_close_matches(word, NAMES, n=1)):
            raise SettingsError(f"--select: there is no stage {word!r}; did you mean {close[0]!r}?")
    if "," in select:
        raise SettingsError(f"--select {select!r}: write 'or' where you wrote a comma.")
    try:
        keys = dg.AssetSelection.from_string(_BARE_NAME.sub(r'key:"\1"', select)).resolve(
            defs.resolve_asset_graph()
        )
    except dg.DagsterInvalidSubsetError as error:
        raise SettingsError(
            f"--select {select!r} names what is no stage: the stages are {', '.join(NAMES)}."
        ) from error
    except (dg.DagsterError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise SettingsError(
            f"--select {select!r} is not an asset selection ({reason}): try 'qa_atomic', '+qa_atomic' or "
            "'group:export'."
        ) from error
    if not keys:
        raise SettingsError(f"--select {select!r} matches no asset: the assets are {', '.join(NAMES)}.")
    return sorted(keys)
