"""What one run works with: settings, warehouse, model gateways, graph store, tokenizer; opened on first use.

Nothing is connected to when definitions are loaded, and no server is started that a run does not need.
"""

import logging
import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import dagster as dg
from pydantic import PrivateAttr

from resources import progress
from resources.configuration import Configuration, Endpoint, load_configuration
from resources.corpus_lock import CorpusLock
from resources.embedded.graph_server import GraphLease, lease_graph
from resources.embedded.model_server import lease_model
from resources.encyclopedia import Encyclopedia
from resources.errors import SettingsError, TutorError
from resources.graph.store import GraphStore
from resources.models.gateway import Gateway
from resources.models.limits import Budget
from resources.models.response_store import ResponseStore
from resources.models.types import VARIABLES, Role
from resources.settings import WORKSPACE_MARKER
from resources.sources.mirror import Mirror
from resources.tokenizer import Tokenizer
from resources.warehouse.warehouse import Warehouse

EMBEDDED_PARALLEL = 2
DEFAULT_CONCURRENCY = 16
DEFAULT_WORKSPACE = "workspace"
NOBODY_URL = "http://127.0.0.1:9/v1"
"""Where no server is: the address of an embedded model that is not started because all is in the store."""


class WorkspaceLayout:
    """Where things stand in a workspace folder."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    def warehouse(self, corpus: str) -> Path:
        """The DuckDB file of a corpus."""
        return self.root / "warehouse" / f"{corpus}.duckdb"

    def exports(self, corpus: str) -> Path:
        """The folder of a corpus' exported files."""
        return self.root / "exports" / corpus

    def corpus_lock(self, corpus: str) -> CorpusLock:
        """The right to run stages of a corpus."""
        return CorpusLock(self.root / "locks" / f"{corpus}.lock")

    def mirror(self, corpus: str) -> Mirror:
        """The copies of a corpus' remote documents."""
        return Mirror(self.root / "sources" / corpus)

    @property
    def lookups(self) -> Path:
        """What an encyclopedia answered."""
        return self.root / "lookups.sqlite"

    @property
    def responses(self) -> Path:
        """The response store."""
        return self.root / "responses.sqlite"

    @property
    def dagster_home(self) -> Path:
        """Dagster's own folder."""
        return self.root / "dagster"

    def prepare(self) -> None:
        """Make the folder.

        Raises:
            SettingsError: it cannot be written.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            (self.root / WORKSPACE_MARKER).write_text("This folder is a workspace of graphtutor.\n")
        except OSError as error:
            raise SettingsError(
                f"The workspace {self.root} cannot be written ({error.strerror}): choose another with "
                "--workspace, or mend its permissions or free disk space."
            ) from error


class RunBench:
    """The parts of one run on one corpus. Close it when the run is over."""

    def __init__(
        self,
        configuration: Configuration,
        documents: Path,
        layout: WorkspaceLayout,
        corpus: str,
        offline: bool = False,
    ) -> None:
        self.configuration = configuration
        self.settings = configuration.settings
        self.documents = documents
        self.layout = layout
        self.corpus = corpus
        self.offline = offline
        self.warehouse = Warehouse(layout.warehouse(corpus))
        self.tokenizer = Tokenizer(self.settings.chunking.tokenizer)
        self._store: ResponseStore | None = None
        self._budget: Budget | None = None
        self._gateways: dict[Role, Gateway] = {}
        self._graph: GraphStore | None = None
        self._graph_lease: GraphLease | None = None
        self._encyclopedia: Encyclopedia | None = None
        self._opened = ExitStack()

    def hold_corpus(self, run_id: str, since: str, on_wait: Callable[[str], None]) -> None:
        """Let no other run work on the corpus until this bench is closed; `on_wait` is told who does now.

        Raises:
            SettingsError: the workspace cannot be written.
        """
        self.layout.prepare()
        self._opened.enter_context(self.layout.corpus_lock(self.corpus).held(run_id, since, on_wait))

    def endpoint(self, role: Role) -> Endpoint:
        """The endpoint of a model.

        Raises:
            SettingsError: a trainee or an embedder is asked for and there is none.
        """
        endpoint = self.configuration.endpoint(role)
        if endpoint is None:
            prefix = VARIABLES[role]
            raise SettingsError(f"There is no {role}: set {prefix}_MODEL and {prefix}_BASE_URL.")
        return endpoint

    def gateway(self, role: Role) -> Gateway:
        """The one way to a model; the embedded server is started on the first call."""
        if role not in self._gateways:
            self._gateways[role] = self._open_gateway(self.endpoint(role))
        return self._gateways[role]

    def opened_gateways(self) -> list[Gateway]:
        """Gateways that were used in this run."""
        return list(self._gateways.values())

    def graph(self) -> GraphStore:
        """The graph store; the embedded server is started on the first call, and another one if it died."""
        if self._graph_lease is not None and not self._graph_lease.alive():
            self._graph = None
        if self._graph is None:
            # The driver warns of every retry; those are expected, and what they cannot mend is raised.
            logging.getLogger("neo4j").setLevel(logging.ERROR)
            address = self.configuration.graph
            if address is None:
                lease = self._graph_lease = self._opened.enter_context(lease_graph(self.layout.root))
                store = GraphStore(lease.uri, lease.username, lease.password, lease.database)
            else:
                store = GraphStore(address.uri, address.username, address.password, address.database)
            self._opened.enter_context(store).prepare()
            self._graph = store
        return self._graph

    def encyclopedia(self) -> Encyclopedia:
        """Where entities are looked up."""
        if self._encyclopedia is None:
            self.layout.prepare()
            found = Encyclopedia(self.settings.extraction.wikipedia, self.layout.lookups, self.offline)
            self._encyclopedia = self._opened.enter_context(found)
        return self._encyclopedia

    def close(self) -> None:
        """Give everything back; embedded servers stop when their last user has."""
        self._opened.close()

    def responses(self) -> ResponseStore:
        """The response store."""
        if self._store is None:
            self.layout.prepare()
            self._store = self._opened.enter_context(ResponseStore(self.layout.responses))
        return self._store

    def _open_gateway(self, endpoint: Endpoint) -> Gateway:
        store = self.responses()
        base_url, api_key, model_settings = endpoint.base_url, endpoint.api_key, endpoint.settings
        if endpoint.local is not None and self.offline:
            base_url, concurrency = NOBODY_URL, EMBEDDED_PARALLEL
        elif endpoint.local is not None:
            parallel = model_settings.concurrency or EMBEDDED_PARALLEL
            lease = self._opened.enter_context(
                lease_model(self.layout.root, endpoint.local, parallel, progress=progress.download)
            )
            base_url, api_key, concurrency = lease.base_url, lease.api_key, lease.parallel
        else:
            concurrency = model_settings.concurrency or DEFAULT_CONCURRENCY
        gateway = Gateway(
            endpoint.role,
            model_settings.model_copy(update={"concurrency": concurrency}),
            base_url,
            api_key,
            endpoint.model,
            store,
            corpus=self.corpus,
            count_tokens=self.tokenizer.count,
            embedded=endpoint.local is not None,
            budget=self._shared_budget(store),
            offline=self.offline,
        )
        return self._opened.enter_context(gateway)

    def _shared_budget(self, store: ResponseStore) -> Budget | None:
        settings = self.settings
        if settings.budget_usd is None and settings.budget_tokens is None:
            return None
        if self._budget is None:
            spent = store.totals(corpus=self.corpus)
            self._budget = Budget(
                settings.budget_usd, settings.budget_tokens, spent.cost_usd or 0.0, spent.tokens
            )
        return self._budget


class Workbench(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Opens a run's parts from three paths; everything else is in the configuration file and the environment.

    Attributes:
        documents: the documents root; each folder below it is a corpus. Empty for the configuration's own.
        workspace: the folder that holds all state.
        config_file: a `graphtutor.yaml`; empty for the one in the current folder, if any.
        offline: answers of models come from the response store only; one that is missing stops the run.
    """

    documents: str = ""
    workspace: str = DEFAULT_WORKSPACE
    config_file: str = ""
    offline: bool = False
    _benches: dict[str, RunBench] = PrivateAttr(default_factory=dict)

    @property
    def layout(self) -> WorkspaceLayout:
        """Where things stand in the workspace."""
        return WorkspaceLayout(Path(self.workspace))

    def configuration(self) -> Configuration:
        """Settings as they are now: a changed file counts from the next run on."""
        return load_configuration(Path(self.config_file) if self.config_file else None)

    def documents_root(self) -> Path:
        """The folder whose folders are the corpora."""
        return Path(self.documents) if self.documents else self.configuration().documents

    def bench(self, corpus: str, run_id: str, since: str, on_wait: Callable[[str], None]) -> RunBench:
        """The parts of this run on `corpus`, the same for all of its steps in this process, and nobody
        else's meanwhile: see `RunBench.hold_corpus`."""
        if corpus not in self._benches:
            configuration = self.configuration()
            documents = Path(self.documents) if self.documents else configuration.documents
            bench = RunBench(configuration, documents, self.layout, corpus, self.offline)
            bench.hold_corpus(run_id, since, on_wait)
            self._benches[corpus] = bench
        return self._benches[corpus]

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """Close what the run opened."""
        benches, self._benches = list(self._benches.values()), {}
        for bench in benches:
            try:
                bench.close()
            except TutorError as error:
                if context.log is not None:
                    context.log.warning(str(error))


def workbench_from_environment() -> Workbench:
    """The workbench of `dagster dev` and the UI: paths from GRAPHTUTOR_DOCUMENTS, _WORKSPACE and _CONFIG."""
    return Workbench(
        documents=os.environ.get("GRAPHTUTOR_DOCUMENTS", ""),
        workspace=os.environ.get("GRAPHTUTOR_WORKSPACE", DEFAULT_WORKSPACE),
        config_file=os.environ.get("GRAPHTUTOR_CONFIG", ""),
    )
