"""What the command line says when a run stops: one sentence for what the user can mend, nothing for a bug."""

import sqlite3

from resources.errors import TutorError


def sentence_for(error: BaseException) -> str | None:
    """What to tell the user, or None for a bug, which deserves its traceback.

    Dagster and SQLAlchemy wrap errors, so the chain of causes is searched, the outermost first.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, TutorError):
            return str(cause)
        if isinstance(cause, OSError) and cause.errno is not None:
            place = f" ({cause.filename})" if cause.filename else ""
            return (
                f"The system refused: {cause.strerror}{place}. Free disk space or mend permissions, then run "
                "again."
            )
        if isinstance(cause, sqlite3.OperationalError):
            return (
                f"Dagster's own database refused ({cause}): free disk space or mend the permissions of the "
                "workspace, then run again."
            )
        cause = cause.__cause__
    return None
