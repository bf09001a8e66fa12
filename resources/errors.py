"""Errors a user can act on. Each message says in a sentence or two what to do; none carries a secret."""


class TutorError(Exception):
    """Base of all errors that are the user's or the surroundings' to mend; shown without a traceback."""


class SettingsError(TutorError):
    """A configuration file, variable or argument is wrong."""


class EndpointError(TutorError):
    """A model endpoint refuses, is unreachable, or cannot do what is asked. Stops the run."""


class BudgetExceeded(TutorError):
    """The next model call would exceed `budget_usd` or `budget_tokens`. Stops the run."""


class GraphError(TutorError):
    """The graph database is unreachable, refuses the credentials, or failed a write."""


class WarehouseError(TutorError):
    """The DuckDB file is locked, unwritable, or of a newer version."""


class DownloadError(TutorError):
    """A model file could not be fetched from any source, or its hash is wrong."""


class ExportError(TutorError):
    """An export file could not be written: the disk is full or the folder is not writable."""


class EmptyResultError(TutorError):
    """A run would export nothing; the message says which stage lost what."""


class CallFailed(Exception):
    """One model call failed for good although the endpoint works; the stage turns it into a drop.

    Attributes:
        reason: machine-readable, snake case: `timeout`, `server_error`, `truncated`, `empty`, `refused`.
        raw: what came back, as text, or an empty string.
    """

    def __init__(self, reason: str, detail: str, raw: str = "") -> None:
        super().__init__(detail)
        self.reason = reason
        self.raw = raw
