"""The resource that Dagster hands to every asset: it opens what a run works with, and connects to nothing
while definitions are loaded.
"""

import os
from collections.abc import Callable
from pathlib import Path

import dagster as dg
from pydantic import PrivateAttr

from resources.bench import RunBench
from resources.configuration.load import Configuration, load_configuration
from resources.errors import TutorError
from resources.workspace.layout import WorkspaceLayout

DEFAULT_WORKSPACE = "workspace"


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
