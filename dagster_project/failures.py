"""What the command line says when a run stops: one sentence for what the user can mend, nothing for a bug."""

import sqlite3
from collections.abc import Iterator

from resources.errors import BudgetExceeded, TutorError


def sentence_for(error: BaseException) -> str | None:
    """What to tell the user, or None for a bug, which deserves its traceback.

    Dagster and SQLAlchemy wrap errors, so the causes are searched. Where the system refused something, an
    error of ours before it comes first: Dagster may have failed to store that very error on the same disk.
    """
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, TutorError):
            return str(cause)
    for cause in causes:
        said = _refusal(cause)
        if said is not None:
            ours = [str(earlier) for earlier in _contexts(error) if isinstance(earlier, TutorError)]
            return ours[0] if ours else said
    return None


def budget_exceeded(error: BaseException) -> BudgetExceeded | None:
    """The exceeded budget that stopped a run, if it is what did."""
    return next((cause for cause in _causes(error) if isinstance(cause, BudgetExceeded)), None)


def _refusal(error: BaseException) -> str | None:
    if isinstance(error, OSError) and error.errno is not None:
        place = f" ({error.filename})" if error.filename else ""
        return (
            f"The system refused: {error.strerror}{place}. Free disk space or mend permissions, then run "
            "again."
        )
    if isinstance(error, sqlite3.OperationalError):
        return (
            f"Dagster's own database refused ({error}): free disk space or mend the permissions of the "
            "workspace, then run again."
        )
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _contexts(error: BaseException | None) -> Iterator[BaseException]:
    """What was being handled when the error came, and before that, causes included."""
    while error is not None:
        yield from _causes(error)
        error = error.__context__
