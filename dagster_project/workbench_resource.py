"""The workbench as Dagster's resource: its configuration in the launchpad, and when it is closed."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

import dagster as dg

from resources.workbench import DEFAULT_WORKSPACE, Workbench


class WorkbenchResource(dg.ConfigurableResource[Workbench]):
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

    @classmethod
    def of(cls, workbench: Workbench) -> Self:
        """The resource that makes workbenches like this one."""
        return cls(
            documents=workbench.documents,
            workspace=workbench.workspace,
            config_file=workbench.config_file,
            offline=workbench.offline,
        )

    def create_resource(self, context: dg.InitResourceContext) -> Workbench:
        """A workbench that has nothing opened."""
        return Workbench(self.documents, self.workspace, self.config_file, self.offline)

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Workbench]:
        """The workbench of one run, which is closed when the run is over."""
        workbench = self.create_resource(context)
        try:
            yield workbench
        finally:
            log = context.log
            workbench.close(lambda sentence: log.warning(sentence) if log is not None else None)
