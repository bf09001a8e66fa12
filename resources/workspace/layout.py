"""Where things stand in a workspace folder."""

from pathlib import Path

from resources.configuration.settings import WORKSPACE_MARKER
from resources.errors import SettingsError
from resources.sources.mirror import Mirror
from resources.workspace.corpus_lock import CorpusLock


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
