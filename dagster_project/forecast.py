"""What a run would do and cost, without doing it: `graphtutor run --dry-run`.

It works on a copy of the corpus' database, in which the stages that ask no model are really made. Of a stage
that asks one, the rows that would go to it are counted. What comes after those cannot be known: it is
estimated, from what the corpus' earlier runs came to or, before the first, from what is usual.
"""

import math
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dagster_project.estimate import UNITS_PER_CHUNK
from dagster_project.usual import Expectations
from kg_assets.comprehension.measure import measure
from kg_assets.comprehension.plan import comprehension_items, judgement_items, statement_items, trainee_name
from kg_assets.domain import Chunk, Document, GraphUnit
from kg_assets.enrichment.plan import enrichment_items, page_claim_items
from kg_assets.entities.plan import (
    alias_items,
    decide_pairs,
    embedding_items,
    pair_items,
    store_moved_units,
)
from kg_assets.entities.types import Decision
from kg_assets.graph.merge import MergedUnit, describe
from kg_assets.graph.plan import claim_items, unit_items
from kg_assets.ingest.chunk import chunk_document
from kg_assets.ingest.documents import fetch_documents, scan_documents, take_document
from kg_assets.ingest.plan import chunk_items
from kg_assets.ledger import Items, Ledger, Work, WorkItem, as_it_is
from kg_assets.synthesis.plan import (
    aggregated_items,
    atomic_items,
    current_subgraphs,
    multi_hop_items,
    subgraph_items,
)
from kg_assets.taxonomy.plan import chunk_tag_items, current_tree, plant, topic_items, tree_items
from kg_assets.taxonomy.types import Tag
from kg_assets.warehouse_reads import current_losses, current_units
from resources.configuration import Configuration
from resources.models.limits import price_of
from resources.models.types import Ask, Role
from resources.warehouse.warehouse import Warehouse
from resources.workbench import RunBench, Workbench


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
        drops = bench.warehouse.frame(
            "SELECT item_id, reason FROM current_drops WHERE stage = 'documents' ORDER BY position"
        )
    unreadable = list(drops.itertuples(index=False, name=None))
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
    def __init__(self, bench: RunBench) -> None:
        self._bench = bench
        self._warehouse = bench.warehouse
        self._expected = Expectations(bench.warehouse, bench.configuration)
        self._found: list[StageForecast] = []
        self._share = 0.0
        """The share of claims, or of the first stage that asks a model, that is pending: from there on stages
        are estimated."""
        self._counts = {"chunks": 0.0, "units": 0.0}

    def stages(self) -> list[StageForecast]:
        bench, warehouse, settings = self._bench, self._warehouse, self._bench.settings
        count, writer = bench.tokenizer.count, bench.endpoint("synthesizer").identity()
        trainee = bench.configuration.trainee
        sources, mirror = bench.configuration.sources, bench.layout.mirror(bench.corpus)
        found = scan_documents(warehouse, bench.documents, bench.corpus, settings.documents, sources, mirror)
        self._make("documents", found.items, take_document)
        self._make(
            "chunks",
            chunk_items(warehouse, settings.chunking),
            self._cut,
        )
        items = claim_items(warehouse, settings.extraction, writer, settings.chunking.resolve_coreference)
        most = settings.extraction.max_entities + settings.extraction.max_relations
        self._counts = {"chunks": float(len(items)), "units": len(items) * min(UNITS_PER_CHUNK, most)}
        self._ask("claims", "synthesizer", lambda: items)
        if settings.extraction.enrich != "off":
            extraction = settings.extraction
            self._ask("enrichment", "synthesizer", lambda: enrichment_items(warehouse, extraction, writer))
            self._ask(
                "enrichment_claims", "synthesizer", lambda: page_claim_items(warehouse, extraction, writer)
            )
        elif not self._share:
            for stage in ("enrichment", "enrichment_claims"):
                self._make(stage, [], as_it_is)
        self._resolve(writer)
        if not self._share:
            limit = settings.extraction.description_tokens
            units, summaries = unit_items(warehouse, limit, count, writer)
            if summaries:
                self._ask("knowledge_graph", "synthesizer", lambda: units)
            else:
                self._make("knowledge_graph", units, self._describe)
        of_graph = self._share
        if trainee is not None:
            asked = settings.comprehension.statements
            self._ask("statements", "synthesizer", lambda: statement_items(warehouse, asked, writer))
            self._ask(
                "judgements",
                "trainee",
                lambda: judgement_items(warehouse, settings.comprehension, trainee.identity()),
            )
            if not self._share:
                name = trainee_name(trainee.identity())
                measured = comprehension_items(warehouse, name)
                self._make("comprehension", measured, measure)
        if not self._share:
            grown = subgraph_items(
                list(current_units(warehouse).values()),
                current_losses(warehouse),
                settings.traverse_strategy,
                count,
            )
            self._make("subgraphs", grown, as_it_is)
        for form, planned in (
            ("atomic", atomic_items),
            ("aggregated", aggregated_items),
            ("multi_hop", multi_hop_items),
        ):
            if form in settings.qa_forms:
                self._ask(f"qa_{form}", "synthesizer", self._questions(planned, writer))
        self._tag(writer, of_graph)
        return self._found

    def _resolve(self, writer: Mapping[str, Any]) -> None:
        """The stages of entity resolution, of which only groups of open pairs go to a model."""
        settings, warehouse = self._bench.settings.entities, self._warehouse
        embedder = self._bench.configuration.name_embedder
        if embedder is not None:
            identity = embedder.identity()
            self._ask("entity_embeddings", "embedder", lambda: embedding_items(warehouse, identity))
        elif not self._share:
            self._make("entity_embeddings", [], as_it_is)
        if self._share:
            if settings.resolve == "model":
                self._ask("entity_pairs", "synthesizer", list)
            return
        items, asks = pair_items(warehouse, settings, writer)
        groups = [item for item in items if not isinstance(item.payload, Decision)]
        pending = len(Ledger(warehouse, "entity_pairs", "dry run").pending(groups))
        if asks:
            self._found.append(self._priced("entity_pairs", "synthesizer", len(groups), pending, exact=True))
        if pending:
            self._share = pending / len(groups)
            return
        self._make("entity_pairs", items, decide_pairs)
        aliases = alias_items(warehouse, self._bench.configuration.aliases)
        self._make("entity_aliases", aliases, as_it_is)
        store_moved_units(warehouse, [item.payload for item in aliases])

    def _tag(self, writer: Mapping[str, Any], share: float) -> None:
        """The stages of the taxonomy, for which `share` of the graph is not known yet."""
        settings, warehouse = self._bench.settings.taxonomy, self._warehouse
        count, own = self._bench.tokenizer.count, self._bench.configuration.taxonomy
        if settings.source == "off":
            return
        self._share = share
        if own is not None and not share:
            self._make("taxonomy", tree_items(warehouse, settings, own, writer), self._plant)
        kept = 0 < share <= settings.rebuild_share and current_tree(warehouse).branches
        if own is None and not kept:
            # One group of topics that is new makes another tree, and then every chunk is tagged again.
            self._share = 1.0 if share else 0.0
            self._ask("topics", "synthesizer", lambda: self._topics(writer))
            self._share = 1.0 if self._share else 0.0
            self._ask("taxonomy", "synthesizer", lambda: tree_items(warehouse, settings, own, writer))
            self._share = 1.0 if self._share else 0.0
        tags = current_tree(warehouse).leaves()
        self._ask("chunk_tags", "synthesizer", lambda: chunk_tag_items(warehouse, tags, writer, count))

    def _topics(self, writer: Mapping[str, Any]) -> Items[Any]:
        return topic_items(self._warehouse, self._bench.settings, writer, self._bench.tokenizer.count)

    async def _cut(self, item: WorkItem[Document], _ask: Ask) -> list[Chunk]:
        return chunk_document(item.payload, self._bench.settings.chunking, self._bench.tokenizer.count)

    async def _describe(self, item: WorkItem[MergedUnit], ask: Ask) -> list[GraphUnit]:
        limit_tokens = self._bench.settings.extraction.description_tokens
        return [await describe(item.payload, limit_tokens, self._bench.tokenizer.count, ask)]

    async def _plant(self, item: WorkItem[Any], ask: Ask) -> list[Tag]:
        return await plant(item, self._bench.settings.taxonomy, self._bench.tokenizer.count, ask)

    def _questions(self, planned: Callable[..., Items[Any]], writer: Any) -> Callable[[], Items[Any]]:
        return lambda: planned(current_subgraphs(self._warehouse), current_units(self._warehouse), writer)

    def _make(self, stage: str, items: Items[Any], work: Work[Any]) -> None:
        ledger = Ledger(self._warehouse, stage, "dry run")
        ledger.execute(items, ledger.pending(items), work)

    def _ask(self, stage: str, role: Role, planned: Callable[[], Items[Any]]) -> None:
        """Count what goes to the model; where an earlier stage's answers are not known, estimate it."""
        if self._share:
            rows = self._expected.rows(stage, self._counts)
            pending = math.ceil(round(rows * self._share, 6))  # a change of anything is at least one row
            self._found.append(self._priced(stage, role, rows, pending, exact=False))
            return
        items = planned()
        ledger = Ledger(self._warehouse, stage, "dry run")
        pending = len(ledger.pending(items))
        self._found.append(self._priced(stage, role, ledger.rows_in, pending, exact=True))
        if pending:
            self._share = pending / ledger.rows_in
        else:
            ledger.execute(items, [], as_it_is)
            if stage == "statements":
                self._counts["units"] = float(ledger.rows_in)

    def _priced(self, stage: str, role: Role, rows: int, pending: int, exact: bool) -> StageForecast:
        usual = self._expected.row_of(stage)
        prompt, completion = round(pending * usual.prompt_tokens), round(pending * usual.completion_tokens)
        prices = self._bench.endpoint(role).settings
        cost = None
        if prices.prompt_usd_per_million is not None and prices.completion_usd_per_million is not None:
            cost = (
                prompt * prices.prompt_usd_per_million + completion * prices.completion_usd_per_million
            ) / 1e6
        calls = round(pending * usual.calls)
        return StageForecast(stage, rows, pending, exact, calls, prompt, completion, cost)


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
