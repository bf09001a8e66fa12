"""What every command works on: paths, settings, and the parts of a run. It connects to nothing by itself, and
knows nothing of Dagster, which gets it from `dagster_project.workbench_resource`.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from resources.bench import RunBench
from resources.configuration.load import Configuration, load_configuration
from resources.embedded.graph_server import DATABASE
from resources.errors import GraphError, TutorError
from resources.workspace.layout import WorkspaceLayout

DEFAULT_WORKSPACE = "workspace"
GRAPH_WRITTEN_BY = "embedded graph written by run"
"""The fact among those shown of the graph's stage that `Workbench.graph_written_by` is compared with."""


@dataclass(slots=True)
class Workbench:
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
    _benches: dict[str, RunBench] = field(default_factory=dict, init=False, repr=False)

    @property
    def layout(self) -> WorkspaceLayout:
        """Where things stand in the workspace."""
        return WorkspaceLayout(Path(self.workspace))

    def configuration(self) -> Configuration:
        """Settings as they are now: a changed file counts from the next run on.

        Raises:
            SettingsError: they cannot be read, or are wrong.
        """
        return load_configuration(Path(self.config_file) if self.config_file else None)

    def documents_root(self) -> Path:
        """The folder whose folders are the corpora.

        Raises:
            SettingsError: it is the configuration's, which cannot be read.
        """
        return Path(self.documents) if self.documents else self.configuration().documents

    def bench(self, corpus: str, run_id: str, since: str, on_wait: Callable[[str], None]) -> RunBench:
        """The parts of this run on `corpus`, the same for all of its steps in this process, and nobody
        else's meanwhile: see `RunBench.hold_corpus`.

        Raises:
            SettingsError: the configuration is wrong, or the workspace cannot be written.
        """
        if corpus not in self._benches:
            configuration = self.configuration()
            documents = Path(self.documents) if self.documents else configuration.documents
            bench = RunBench(configuration, documents, self.layout, corpus, self.offline)
            bench.hold_corpus(run_id, since, on_wait)
            self._benches[corpus] = bench
        return self._benches[corpus]

    def graph_written_by(self, corpus: str) -> str:
        """The id of the run that wrote `corpus` into the embedded graph last, as a file among the graph's own
        says: whoever removes the graph, or puts another in its place, removes the file with it. Empty where
        there is none, and where the graph is in a Neo4j of the user's.

        Raises:
            SettingsError: the configuration is wrong.
        """
        if self.configuration().graph is not None:
            return ""
        try:
            return self._graph_mark(corpus).read_text("utf-8")
        except FileNotFoundError:
            return ""

    def mark_graph(self, corpus: str, run_id: str) -> None:
        """Note that this run has written `corpus` into the embedded graph, if that is where the graph is.

        Raises:
            SettingsError: the configuration is wrong.
            GraphError: the mark cannot be written.
        """
        if self.configuration().graph is not None:
            return
        mark = self._graph_mark(corpus)
        try:
            mark.write_text(run_id, "utf-8")
        except OSError as error:
            raise GraphError(
                f"{mark} cannot be written ({error.strerror}): mend its permissions or free disk space, then "
                "run again."
            ) from error

    def close(self, on_trouble: Callable[[str], None]) -> None:
        """Close what was opened; `on_trouble` is told what cannot be closed as it should."""
        benches, self._benches = list(self._benches.values()), {}
        for bench in benches:
            try:
                bench.close()
            except TutorError as error:
                on_trouble(str(error))

    def _graph_mark(self, corpus: str) -> Path:
        return self.layout.root / "graph" / "databases" / DATABASE / f"{corpus}.run"


def workbench_from_environment() -> Workbench:
    """The workbench of `dagster dev` and the UI: paths from GRAPHTUTOR_DOCUMENTS, _WORKSPACE and _CONFIG."""
    return Workbench(
        documents=os.environ.get("GRAPHTUTOR_DOCUMENTS", ""),
        workspace=os.environ.get("GRAPHTUTOR_WORKSPACE", DEFAULT_WORKSPACE),
        config_file=os.environ.get("GRAPHTUTOR_CONFIG", ""),
    )
