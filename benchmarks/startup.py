"""How long it takes until something happens: the help text, and Dagster's definitions."""

import subprocess
import sys

from benchmarks.table import Measured, spent

TIMES = 3


def run() -> list[Measured]:
    """The best of a few fresh processes each."""
    help_text = [sys.executable, "-m", "dagster_project.cli", "--help"]
    definitions = [sys.executable, "-c", "import dagster_project.definitions"]
    return [
        Measured("graphtutor --help", _best_s(help_text), "s", 0.5),
        Measured("import of the definitions", _best_s(definitions), "s", 3.0),
    ]


def _best_s(command: list[str]) -> float:
    found = []
    for _ in range(TIMES):
        with spent() as it:
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        found.append(it.wall_s)
    return min(found)
