"""The child process that parses: a loop over requests on standard input, one JSON object a line.

A request is the path of a file and the full name of the function that parses it. The process has a limit of
memory, writes no files, and ends when its parent does. What a parser prints goes to standard error, so that
answers stay whole.
"""

import json
import os
import resource
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from kg_assets.ingest.decode import Rejected
from kg_assets.ingest.formats.named import function_named
from kg_assets.ingest.formats.parsed import CORRUPT, NO_READER, Parsed
from kg_assets.ingest.formats.pulse import hear

TOO_MUCH_MEMORY = Rejected(
    "too_much_memory",
    "Reading it takes more memory than documents.parser_megabytes; raise the limit or split the file.",
)


def main() -> None:
    """Serve until standard input ends. The first argument is the limit of memory in bytes."""
    limit = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def beat() -> None:
        answers.write("\n")
        answers.flush()

    hear(beat)
    for line in sys.stdin:
        request = json.loads(line)
        answers.write(json.dumps(_answer(Path(request["path"]), request["function"])) + "\n")
        answers.flush()


def _answer(path: Path, function: str) -> dict[str, Any]:
    try:
        parse = function_named(function)
    except (ImportError, AttributeError) as error:  # what is installed is at fault, not the file
        detail = f"What reads such files is not installed ({error}): install graphtutor anew."
        return {"rejected": asdict(Rejected(NO_READER, detail))}
    try:
        found: Parsed | Rejected = parse(path)
    except MemoryError:
        found = TOO_MUCH_MEMORY
    except OSError as error:
        reason = error.strerror or type(error).__name__
        found = Rejected("unreadable", f"It cannot be opened ({reason}); check the file and its permissions.")
    except Exception as error:
        # Any library may stumble over a damaged file in ways of its own; the next file is not its fault.
        found = Rejected(CORRUPT.reason, f"{CORRUPT.detail} ({type(error).__name__}: {error!s:.200})")
    return {"parsed" if isinstance(found, Parsed) else "rejected": asdict(found)}


if __name__ == "__main__":
    main()
