"""One stage's materialisation: ledger, model calls, progress, and what the Dagster UI shows of it.

The frame around every asset of the pipeline; what a stage does is in its own folder.
"""

import json
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

import dagster as dg
import pandas as pd
from markupsafe import Markup

from kg_assets.stage.bench import StageBench
from kg_assets.stage.checks import stage_checks
from kg_assets.stage.costs import copy_calls
from kg_assets.stage.freshness import REMEMBERED_RUNS, PastRun, stale_because
from kg_assets.stage.ledger import Counts, Ledger, serially, utc_now
from kg_assets.stage.pictures import picture
from kg_assets.stage.recipe import recipe
from kg_assets.stage.shown import Materialization, StageRow, markdown_table, numbers, shown_again, stored
from kg_assets.stage.stage import Plan, Stage, ancestors
from resources import progress
from resources.bench import RunBench
from resources.errors import BudgetExceeded
from resources.models.usage import StageUsage
from resources.warehouse.warehouse import insert_rows
from resources.workbench import Workbench

PREVIEW_ROWS = 5
LOG_EVERY_S = 15.0


class StageRun:
    """Runs one asset's rows through the ledger and reports them; a context manager.

    Inside it the warehouse stays open, except while a model is asked: that may take hours, in which others
    want to look at it.

    Args:
        context: the asset's context; its partition is the corpus.
        workbench: the run's resource.
        stage: its record.

    Attributes:
        name: of the stage.
        bench: what its record lets it read.
        workbench: the run's resource, for what is beside a corpus.
    """

    def __init__(self, context: dg.AssetExecutionContext, workbench: Workbench, stage: Stage) -> None:
        self.context = context
        self.workbench = workbench
        self.name = stage.name
        self._stage = stage
        self._started_at = utc_now()
        self._whole_bench: RunBench = workbench.bench(
            context.partition_key, context.run.run_id, self._started_at, self._on_wait
        )
        self.bench: StageBench = stage.bench(self._whole_bench)
        self.warehouse = self.bench.warehouse
        self.settings = self.bench.settings
        self._clock = time.monotonic()
        self._open_warehouse = ExitStack()

    def __enter__(self) -> Self:
        self._open_warehouse.enter_context(self.warehouse.connect())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open_warehouse.__exit__(kind, error, trace)

    def as_it_was(
        self, holds: Callable[[Materialization], bool] = lambda last: True
    ) -> dg.MaterializeResult[None] | None:
        """The last materialisation once more, where nothing that the stage depends on has changed since: then
        its rows need not even be looked at. None where it must run.

        Args:
            holds: whether what the stage wrote outside the warehouse is still there; asked last.
        """
        runs: dict[str, list[PastRun]] = defaultdict(list)
        latest = (
            "FROM stage_runs QUALIFY row_number() OVER (PARTITION BY stage ORDER BY number DESC) <= ? "
            "ORDER BY number"
        )
        for run in self.warehouse.rows(PastRun, latest, [REMEMBERED_RUNS]):
            runs[run.stage].append(run)
        if stale_because(self._stage, runs, self._recipe(), ancestors(self._stage)):
            return None
        last = runs[self.name][-1]
        shown = self.warehouse.rows(Materialization, "FROM materializations WHERE stage = ?", [self.name])
        # A run that was stopped after its rows were stored may not have written the graph or the files.
        if not shown or shown[0].number != last.number:
            return None
        if self.warehouse.scalar("SELECT count(*) FROM current_drops WHERE stage = ? AND retry", [self.name]):
            return None
        if not holds(shown[0]):
            return None
        progress.stage_started(self.name, 0, last.rows_in)
        counts = Counts(last.rows_in, 0, last.rows_in - last.dropped, last.dropped, last.rows_out)
        row = self._store_row(counts, last.data_version, last.note)
        progress.stage_finished(self.name)
        self._keep(shown[0].metadata, shown[0].checks)
        return shown_again(shown[0], row)

    def plan(self) -> Plan[Any]:
        """What there is to do, by the stage's record.

        Raises:
            TypeError: the stage only writes files.
        """
        if self._stage.plan is None:
            raise TypeError(f"{self.name} has no plan: its asset says what was written")
        return self._stage.plan(self.bench)

    def execute(self, plan: Plan[Any] | None = None) -> StageRow:
        """Do what is pending, by the model that the plan names if there is one, and store the stage's counts.

        Args:
            plan: what to do; None for what the record plans.

        Raises:
            TutorError: the run cannot go on; what was finished is stored.
        """
        plan = self.plan() if plan is None else plan
        items, role = plan.items, plan.role
        ledger = Ledger(
            self.warehouse, self.name, self.context.run.run_id, self._on_progress, self._stage.table
        )
        pending = ledger.pending(items)
        self._pending, self._done, self._logged_at = len(pending), 0, time.monotonic()
        progress.stage_started(self.name, len(pending), ledger.rows_in)
        if pending and role is not None:
            self.context.log.info(
                f"{self.name}: {len(pending)} of {ledger.rows_in} rows are new and go to the {role}"
            )
            self._open_warehouse.close()
        try:
            run = self._whole_bench.gateway(role).map if pending and role is not None else serially
            counts = ledger.execute(items, pending, plan.work, run)
        except BaseException as error:
            stopped = self._store_row(Counts(ledger.rows_in, self._done, 0, 0, 0), "", note="stopped")
            if isinstance(error, BudgetExceeded):
                raise BudgetExceeded(f"{error} {self._rest_of_stage(stopped)}") from error
            raise
        if pending and role is not None:
            self._open_warehouse.enter_context(self.warehouse.connect())
        plan.finish(counts)
        row = self._store_row(counts, ledger.data_version, plan.note)
        progress.stage_finished(self.name)
        return row

    def result(
        self,
        row: StageRow,
        *,
        preview: pd.DataFrame | None = None,
        figures: Mapping[str, Markup | None] | None = None,
        facts: Mapping[str, Any] | None = None,
        checks: Sequence[dg.AssetCheckResult] = (),
    ) -> dg.MaterializeResult[None]:
        """The materialisation: counts, cost, preview table, figures and check results.

        Args:
            row: what `execute` returned.
            preview: a few rows; long texts are shortened for display.
            figures: name to chart; None is left out.
            facts: further numbers and texts.
            checks: results of the stage's own checks; those of every stage come before them.
        """
        metadata: dict[str, Any] = {
            name: round(fact, 4) if isinstance(fact, float) else fact for name, fact in (facts or {}).items()
        }
        reasons = self._drop_reasons()
        if reasons is not None:
            metadata["drops by reason"] = dg.MetadataValue.md(markdown_table(reasons))
        if preview is not None and not preview.empty:
            metadata["preview"] = dg.MetadataValue.md(markdown_table(preview.head(PREVIEW_ROWS)))
        for name, chart in (figures or {}).items():
            if chart is not None:
                metadata[name] = dg.MetadataValue.md(f"![{name}]({picture(chart)})")
        checks = [*stage_checks(self._stage, row), *checks]
        self._keep(
            {name: stored(value) for name, value in metadata.items()},
            tuple(
                (
                    check.check_name or "",
                    check.passed,
                    check.severity.value,
                    str(check.metadata["finding"].value),
                )
                for check in checks
            ),
        )
        return dg.MaterializeResult(
            metadata={**numbers(row), **metadata},
            data_version=dg.DataVersion(row.data_version),
            check_results=checks,
        )

    def _keep(
        self, metadata: Mapping[str, tuple[str, Any]], checks: tuple[tuple[str, bool, str, str], ...]
    ) -> None:
        """Note that the stage has come to its end, and what was shown of it."""
        with self.warehouse.transaction() as connection:
            ((number,),) = connection.execute(
                "SELECT max(number) FROM stage_runs WHERE stage = ?", [self.name]
            ).fetchall()
            insert_rows(
                connection, "materializations", [Materialization(self.name, number, metadata, checks)]
            )

    def _recipe(self) -> dict[str, Any]:
        return recipe(self._stage, self._whole_bench.configuration)

    def preview(self, columns: str) -> pd.DataFrame:
        """The first current rows of this stage. `columns` is SQL of ours."""
        return self.warehouse.frame(f"SELECT {columns} FROM current_{self.name} LIMIT {PREVIEW_ROWS}")

    def counted(self, column: str, what: str) -> dict[str, dg.MetadataValue]:
        """How many current rows each value of a column has, as a table, if there are any. Both are names of
        ours."""
        found = self.warehouse.frame(
            f"SELECT {column}, count(*) AS {what} FROM current_{self.name} GROUP BY 1 ORDER BY 2 DESC, 1"
        )
        return {} if found.empty else {f"{what} by {column}": dg.MetadataValue.md(markdown_table(found))}

    def _drop_reasons(self) -> pd.DataFrame | None:
        reasons = self.warehouse.frame(
            "SELECT reason, count(*) AS rows, any_value(detail) AS example FROM current_drops "
            "WHERE stage = ? GROUP BY reason ORDER BY rows DESC, reason",
            [self.name],
        )
        return None if reasons.empty else reasons

    def _on_wait(self, sentence: str) -> None:
        self.context.log.info(sentence)
        progress.waiting(sentence)

    def _on_progress(self, done: int) -> None:
        self._done += done
        progress.advanced(self.name, done)
        now = time.monotonic()
        if now - self._logged_at > LOG_EVERY_S:
            self._logged_at = now
            left = (now - self._clock) / self._done * (self._pending - self._done)
            self.context.log.info(f"{self.name}: {self._done} of {self._pending}, about {left:.0f} s left")

    def _rest_of_stage(self, stopped: StageRow) -> str:
        """What is reached, and what the rest of the stage would take if it goes on as it began."""
        reached = f"Stage {self.name}: {self._done} of {self._pending} rows are done."
        if not self._done:
            return reached
        times = (self._pending - self._done) / self._done
        tokens = times * (stopped.prompt_tokens + stopped.completion_tokens)
        usd = "" if stopped.cost_usd is None else f" and {times * stopped.cost_usd:.4g} USD"
        return f"{reached} The rest of it would take about {tokens:,.0f} tokens{usd}."

    def _usage(self) -> StageUsage:
        usage = StageUsage()
        for gateway in self._whole_bench.opened_gateways():
            usage = usage + gateway.take_usage(self.name)
        return usage

    def _store_row(self, counts: Counts, version: str, note: str) -> StageRow:
        usage = self._usage()
        row = StageRow(
            run_id=self.context.run.run_id,
            stage=self.name,
            started_at=self._started_at,
            finished_at=utc_now(),
            rows_in=counts.rows_in,
            new=counts.new,
            reused=counts.reused,
            dropped=counts.dropped,
            rows_out=counts.rows_out,
            calls=usage.calls,
            calls_from_store=usage.calls_from_store,
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
            cost_usd=usage.cost_usd,
            seconds=time.monotonic() - self._clock,
            data_version=version,
            note=note,
            recipe=json.dumps(self._recipe(), ensure_ascii=False),
        )
        with self.warehouse.transaction() as connection:
            insert_rows(connection, "stage_runs", [row])
        if usage.calls or usage.failed_attempts:
            copy_calls(self.warehouse, self._whole_bench.responses(), self.bench.corpus)
        return row
