"""How long it takes until something happens: the help text, Dagster's definitions, and what is said of a
finished corpus in which nothing is new."""

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks.table import Measured, spent
from tests.environment import without_our_variables
from tests.fake_model_server import FakeModelServer
from tests.many_documents import documents

TIMES = 3
DOCUMENTS = 5
GRAPHTUTOR = [sys.executable, "-m", "dagster_project.cli"]


def run() -> list[Measured]:
    """The best of a few fresh processes each."""
    here, plain = Path.cwd(), without_our_variables() | {"PYTHONPATH": str(Path.cwd())}
    definitions = [sys.executable, "-c", "import dagster_project.definitions"]
    rows = [
        Measured("graphtutor --help", _best_s([*GRAPHTUTOR, "--help"], here, plain), "s", 0.5),
        Measured("import of the definitions", _best_s(definitions, here, plain), "s", 3.0),
    ]
    with tempfile.TemporaryDirectory() as name, FakeModelServer(records=False) as server:
        folder = Path(name)
        (folder / "documents").mkdir()
        for file, text in documents(DOCUMENTS, products=2):
            (folder / "documents" / file).write_text(text)
        fake = {"MODEL": "fake", "BASE_URL": server.base_url, "API_KEY": "k"}
        models = {
            f"{role}_{key}": value for role in ("SYNTHESIZER", "TRAINEE") for key, value in fake.items()
        }
        _best_s([*GRAPHTUTOR, "run"], folder, plain | models, times=1)
        for command in ("run", "status"):
            took_s = _best_s([*GRAPHTUTOR, command], folder, plain | models)
            rows.append(Measured(f"graphtutor {command}, nothing new", took_s, "s", 2.0))
    return rows


def _best_s(command: list[str], folder: Path, environment: Mapping[str, str], times: int = TIMES) -> float:
    found = []
    for _ in range(times):
        with spent() as it:
            subprocess.run(
                command,
                cwd=folder,
                env=environment,
                check=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        found.append(it.wall_s)
    return min(found)
