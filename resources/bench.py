"""What one run works with: settings, warehouse, model gateways, graph store, tokenizer; opened on first use.

Nothing is connected to before it is used, and no server is started that a run does not need. Knows nothing of
Dagster.
"""

import logging
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from resources import progress
from resources.configuration.load import Configuration, Endpoint
from resources.embedded.graph_server import GraphLease, lease_graph
from resources.embedded.model_server import lease_model
from resources.errors import SettingsError
from resources.models.gateway import Gateway
from resources.models.limits import Budget
from resources.models.response_store import ResponseStore
from resources.models.types import VARIABLES, Role
from resources.sources.encyclopedia import Encyclopedia
from resources.tokenizer import Tokenizer
from resources.warehouse.warehouse import Warehouse
from resources.workspace.layout import WorkspaceLayout

if TYPE_CHECKING:
    from resources.graph.store import GraphStore

EMBEDDED_PARALLEL = 2


DEFAULT_CONCURRENCY = 16


NOBODY_URL = "http://127.0.0.1:9/v1"
"""Where no server is: the address of an embedded model that is not started because all is in the store."""


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

    def graph(self) -> "GraphStore":
        """The graph store; the embedded server is started on the first call, and another one if it died."""
        if self._graph_lease is not None and not self._graph_lease.alive():
            self._graph = None
        if self._graph is None:
            from resources.graph.store import GraphStore  # and with it the driver, which is seldom needed

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
