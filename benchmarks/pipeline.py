"""The whole pipeline on short documents, against a server with a fixed latency in another process."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

from benchmarks.table import Measured, spent
from tests.environment import without_our_variables
from tests.fake_model_server import FakeModelServer
from tests.many_documents import documents

DOCUMENTS = int(os.environ.get("BENCH_DOCUMENTS", "200"))
PRODUCTS = int(os.environ.get("BENCH_PRODUCTS", "7"))
"""Facts of a document beside its company's seat and head: 7 make 125 calls a document, 2 make 58."""
CONCURRENCY = 64
LATENCY_S = 0.1
PEAK = """\
import resource, sys
from dagster_project import cli
try:
    cli.main(sys.argv[1:])
finally:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, file=sys.stderr)
"""


def run() -> list[Measured]:
    """First run, rerun with nothing changed, one document more. For the large one: BENCH_DOCUMENTS=10000
    BENCH_PRODUCTS=2, which makes half a million calls."""
    model = {"concurrency": CONCURRENCY}
    settings = {"models": {"synthesizer": model, "trainee": model}, "comprehension": {"statements": 2}}
    with tempfile.TemporaryDirectory() as name, FakeModelServer(latency_s=LATENCY_S, records=False) as server:
        folder = Path(name)
        (folder / "graphtutor.yaml").write_text(yaml.safe_dump(settings))
        (folder / "documents").mkdir()
        texts = list(documents(DOCUMENTS + 1, products=PRODUCTS))
        for file, text in texts[:-1]:
            (folder / "documents" / file).write_text(text)
        variables = {}
        for role in ("SYNTHESIZER", "TRAINEE"):
            variables |= {
                f"{role}_MODEL": "fake",
                f"{role}_BASE_URL": server.base_url,
                f"{role}_API_KEY": "k",
            }
        rows = []
        for what, goals in (
            ("first run", (None, 1500.0)),
            ("rerun, nothing changed", (10.0, 1500.0)),
            ("one document more", (15.0, 1500.0)),
        ):
            if what == "one document more":
                (folder / "documents" / texts[-1][0]).write_text(texts[-1][1])
            with spent() as it:
                report, peak_mb = _graphtutor(folder, variables)
            calls = sum(stage["calls"] for stage in report["stages"].values())
            ideal_s = calls / CONCURRENCY * LATENCY_S
            rows.append(Measured(f"{what}: wall time", it.wall_s, "s", goals[0]))
            rows.append(Measured("  CPU", it.cpu_s, "s"))
            rows.append(Measured("  model calls", calls, ""))
            rows.append(Measured("  peak memory", peak_mb, "MB", goals[1]))
            if what == "first run":
                share = ideal_s / it.wall_s
                rows.append(Measured("  share that calls need", share, "", 0.8, at_least=True))
    return rows


def _graphtutor(folder: Path, variables: dict[str, str]) -> tuple[dict[str, Any], float]:
    done = subprocess.run(
        [sys.executable, "-c", PEAK, "run", "--json"],
        cwd=folder,
        env=without_our_variables() | {"PYTHONPATH": str(Path.cwd())} | variables,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    return json.loads(done.stdout), float(done.stderr.splitlines()[-1])
