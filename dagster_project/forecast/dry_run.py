"""What a run would do and cost, without doing it: `graphtutor run --dry-run`.

It works on a copy of the corpus' database, in which the stages that ask no model are really made. Of a stage
that asks one, the rows that would go to it are counted. What comes after those cannot be known: it is
estimated, from what the corpus' earlier runs came to or, before the first, from what is usual.
"""

import math
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dagster_project.forecast.estimate import UNITS_PER_CHUNK
from dagster_project.forecast.usual import Expectations
from kg_assets.ingest.documents import fetch_documents
from kg_assets.stage.ledger import Ledger, Query
from kg_assets.stage.stage import Plan, Stage
from kg_assets.stages import STAGES
from resources.bench import RunBench
from resources.configuration.load import Configuration
from resources.models.limits import price_of
from resources.models.types import Role
from resources.warehouse.warehouse import Warehouse
from resources.workbench import Workbench


@dataclass(frozen=True, slots=True)
class StageForecast:
    """One stage that asks a model: `rows` go in and `pending` of them to the model; counted where `exact`.
    `cost_usd` is None without prices."""

    stage: str
    rows: int
    pending: int
    exact: bool
    calls: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a run of a corpus would do: every stage that asks a model, in order; what cannot be read, each by
    its name and reason; and the models without a price."""

    corpus: str
    stages: list[StageForecast]
    unreadable: list[tuple[str, str]]
    unpriced: list[Role]


def forecast(workbench: Workbench, corpus: str) -> Forecast:
    """Count and estimate. No model is asked, and of the workspace nothing is changed but the copies of remote
    documents, which are brought up to date unless a run is at work."""
    configuration = workbench.configuration()
    bench = RunBench(configuration, workbench.documents_root(), workbench.layout, corpus)
    lock = workbench.layout.corpus_lock(corpus)
    if configuration.sources and lock.is_free():
        # What a run would read must be there; the run does not fetch it again.
        now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        with lock.held("dry run", now, lambda _sentence: None):
            mirror = workbench.layout.mirror(corpus)
            fetch_documents(mirror, configuration.sources, corpus, configuration.settings.documents)
    with tempfile.TemporaryDirectory(prefix="graphtutor-") as folder:
        bench.warehouse = _copied(bench.warehouse, Path(folder))
        stages = _Forecaster(bench).stages()
        unreadable = bench.warehouse.tuples(
            "SELECT item_id, reason FROM current_drops WHERE stage = 'documents' ORDER BY position"
        )
    return Forecast(corpus, stages, unreadable, _unpriced(configuration))


def _unpriced(configuration: Configuration) -> list[Role]:
    """The user's own models whose calls would have a cost, if their prices were set."""
    asked = (configuration.synthesizer, configuration.trainee, configuration.name_embedder)
    return [
        one.role
        for one in asked
        if one is not None and one.local is None and price_of(one.settings, one.role, needed=False) is None
    ]


def _copied(warehouse: Warehouse, folder: Path) -> Warehouse:
    copy = Warehouse(folder / warehouse.path.name)
    if warehouse.exists():
        with warehouse.connect():  # nobody writes meanwhile
            for path in (warehouse.path, warehouse.path.with_name(f"{warehouse.path.name}.wal")):
                if path.exists():
                    shutil.copyfile(path, folder / path.name)
    return copy


class _Forecaster:
    """Walks through the stages: does what asks no model, counts what would go to one, and estimates what
    comes after answers that are not known."""

    def __init__(self, bench: RunBench) -> None:
        self._bench = bench
        self._expected = Expectations(bench.warehouse, bench.configuration)
        self._unknown: dict[Stage, float] = {}
        """Of each stage the share of its rows that cannot be known before a model has answered."""
        self._counts: dict[str, float] = {"chunks": 0.0, "units": 0.0, "corpus": 1.0}

    def stages(self) -> list[StageForecast]:
        last = max(place for place, stage in enumerate(STAGES) if stage.usual is not None)
        found = [self._forecast(stage) for stage in STAGES[: last + 1]]
        return [one for one in found if one is not None]

    def _forecast(self, stage: Stage) -> StageForecast | None:
        """What would go to a model; None where the stage asks none."""
        own = stage.bench(self._bench)
        share = max((self._unknown[up] for up in stage.upstream), default=0.0)
        if share:
            share = stage.spreads(share, own)
        self._unknown[stage] = share
        role = stage.role_under(self._bench.configuration)
        if share:
            if role is None or not self._expected.of(stage).rows:
                return None
            rows = self._expected.rows(stage, _COUNTER, self._counts)
            pending = math.ceil(round(rows * share, 6))  # a change of anything is at least one row
            return self._priced(stage, role, rows, pending, exact=False)
        return None if stage.plan is None else self._planned(stage, stage.plan(own))

    def _planned(self, stage: Stage, plan: Plan[Any]) -> StageForecast | None:
        ledger = Ledger(self._bench.warehouse, stage.name, "dry run", table=stage.table)
        pending = ledger.pending(plan.items)
        self._count(stage, ledger.rows_in)
        asked = [item for item in pending if plan.role is not None and plan.asks(item)]
        if not asked:
            plan.finish(ledger.execute(plan.items, pending, plan.work))
        if plan.role is None or not ledger.rows_in:
            return None
        rows = ledger.rows_in
        if not isinstance(plan.items, Query):
            rows = sum(map(plan.asks, plan.items))
        if asked:
            self._unknown[stage] = len(asked) / rows
        return self._priced(stage, plan.role, rows, len(asked), exact=True)

    def _count(self, stage: Stage, rows_in: int) -> None:
        """Take over what the number of a stage's rows in says, where there are any."""
        if stage.rows_in_are == "chunks":
            extraction = self._bench.settings.extraction
            most = extraction.max_entities + extraction.max_relations
            self._counts |= {"chunks": float(rows_in), "units": rows_in * min(UNITS_PER_CHUNK, most)}
        elif stage.rows_in_are is not None and rows_in:
            self._counts[stage.rows_in_are] = float(rows_in)

    def _priced(self, stage: Stage, role: Role, rows: int, pending: int, exact: bool) -> StageForecast:
        usual = self._expected.of(stage)
        prompt, completion = round(pending * usual.prompt_tokens), round(pending * usual.completion_tokens)
        prices = self._bench.endpoint(role).settings
        cost = None
        if prices.prompt_usd_per_million is not None and prices.completion_usd_per_million is not None:
            cost = (
                prompt * prices.prompt_usd_per_million + completion * prices.completion_usd_per_million
            ) / 1e6
        calls = round(pending * usual.calls)
        return StageForecast(stage.name, rows, pending, exact, calls, prompt, completion, cost)


_COUNTER = next(stage for stage in STAGES if stage.rows_in_are == "chunks")
"""The stage with whose rows those of the others grow."""


def sentence_for_rest(stages: Sequence[StageForecast]) -> str:
    """What is left of a corpus, all stages together."""
    calls = sum(stage.calls for stage in stages)
    tokens = sum(stage.prompt_tokens + stage.completion_tokens for stage in stages)
    usd = ""
    if all(stage.cost_usd is not None for stage in stages):
        usd = f" and {sum(stage.cost_usd or 0.0 for stage in stages):.4g} USD"
    return (
        f"All that is left of the corpus would take about {calls:,} calls, {tokens:,} tokens{usd} "
        "(`graphtutor run --dry-run` shows it by stage)."
    )
