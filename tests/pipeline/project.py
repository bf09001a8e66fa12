"""A user's project for the tests: documents, a workspace, a configuration, and the command line on them."""

import contextlib
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import pandas as pd
import psutil
import yaml

from dagster_project import cli
from resources.embedded.graph_server import GraphLease, lease_graph
from resources.graph.store import GraphStore
from resources.warehouse.warehouse import Warehouse
from resources.workspace.layout import WorkspaceLayout
from tests.environment import without_our_variables
from tests.fake_model_server import FakeModelServer

CANARY_KEY = "sk-canary-0d9f8e7c6b5a4938271605f4e3d2c1b0"
CODE_ROOT = Path(__file__).resolve().parents[2]
EVENTS_IN_MEMORY = """\
telemetry: {enabled: false}
event_log_storage: {module: dagster._core.storage.event_log, class: InMemoryEventLogStorage}
"""
GRAPHTUTOR = [sys.executable, "-m", "dagster_project.cli"]

ENGLISH = """\
The Galileo Probe entered the atmosphere of Jupiter in December 1995. Jupiter is orbited by Ganymede, the \
largest moon of the Solar System. Ganymede was seen first by Galileo Galilei from Padua.
"""
CHINESE = """\
# 龙井茶

龙井茶产于浙江省杭州市西湖一带。西湖位于杭州市的西面。《茶经》由陆羽在唐代写成。
"""


@dataclass(frozen=True)
class Result:
    """What a command left."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """Standard output, which must be one JSON value and nothing else."""
        return json.loads(self.stdout)

    @property
    def stages(self) -> dict[str, dict[str, Any]]:
        """The stages of `run --json`."""
        found: dict[str, dict[str, Any]] = self.json["stages"]
        return found


@dataclass
class Project:
    """A folder with `documents` (of the corpus `corpus`), `workspace` and `graphtutor.yaml`.

    `variables` are the environment of its commands, on top of nothing of ours. With `server` the graph is
    there, under a corpus name of its own, and Dagster's events are not kept, which is quicker; without, all
    is in the workspace.
    """

    folder: Path
    corpus: str = "default"
    server: GraphLease | None = None
    variables: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.server is not None:
            self.corpus = self.folder.name
            self.use_graph(self.server)
            home = self.folder / "dagster_home"
            home.mkdir()
            (home / "dagster.yaml").write_text(EVENTS_IN_MEMORY)
            self.variables["DAGSTER_HOME"] = str(home)
        self.documents.mkdir(parents=True, exist_ok=True)

    @property
    def documents(self) -> Path:
        root = self.folder / "documents"
        return root if self.corpus == "default" else root / self.corpus

    @property
    def workspace(self) -> Path:
        return self.folder / "workspace"

    @property
    def exports(self) -> Path:
        return self.workspace / "exports" / self.corpus

    @property
    def warehouse(self) -> Warehouse:
        return Warehouse(WorkspaceLayout(self.workspace).warehouse(self.corpus))

    def write(self, name: str, content: str | bytes) -> Path:
        """Put a document into the corpus."""
        path = self.documents / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def configure(self, **settings: Any) -> None:
        """Write `graphtutor.yaml`."""
        (self.folder / "graphtutor.yaml").write_text(yaml.safe_dump(settings, allow_unicode=True))

    def use_models(self, server: FakeModelServer, trainee: bool = True) -> None:
        """Let both roles be played by `server`."""
        for role in ("SYNTHESIZER", *(("TRAINEE",) if trainee else ())):
            self.variables[f"{role}_MODEL"] = f"fake-{role.lower()}"
            self.variables[f"{role}_BASE_URL"] = server.base_url
            self.variables[f"{role}_API_KEY"] = CANARY_KEY

    def use_embedder(self, server: FakeModelServer, model: str = "fake-embedder") -> None:
        """Let names be embedded by `server`."""
        address = {"MODEL": model, "BASE_URL": server.base_url, "API_KEY": CANARY_KEY}
        self.variables |= {f"EMBEDDING_{name}": value for name, value in address.items()}

    def use_graph(self, lease: GraphLease) -> None:
        """Let the graph be on a server of the user's."""
        self.variables |= {
            "NEO4J_URI": lease.uri,
            "NEO4J_USERNAME": lease.username,
            "NEO4J_PASSWORD": lease.password,
            "NEO4J_DATABASE": lease.database,
        }

    def call(self, *arguments: str) -> Result:
        """The command line in this process, in the project's folder."""
        out, err = io.StringIO(), io.StringIO()
        exit_code = 0
        with (
            contextlib.chdir(self.folder),
            mock.patch.dict(os.environ, without_our_variables() | self.variables, clear=True),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            try:
                cli.main(arguments)
            except SystemExit as stop:
                exit_code = int(stop.code or 0)
        return Result(exit_code, out.getvalue(), err.getvalue())

    def run(self, *arguments: str) -> Result:
        """`graphtutor run --json`, which must succeed."""
        result = self.call("run", "--json", *arguments)
        assert result.exit_code == 0, result.stderr
        return result

    def process(self, *arguments: str, timeout_s: float = 120.0, **variables: str) -> Result:
        """The command line as a process of its own."""
        done = subprocess.run(
            [*GRAPHTUTOR, *arguments],
            cwd=self.folder,
            env=self.environment(**variables),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def start(self, *command: str) -> "subprocess.Popen[str]":
        """`graphtutor run`, or `command`, as a process that goes on by itself."""
        return subprocess.Popen(
            command or [*GRAPHTUTOR, "run"],
            cwd=self.folder,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def start_and_wait(self, server: FakeModelServer, calls: int) -> "subprocess.Popen[str]":
        """`graphtutor run` as a process that goes on, when the server has had so many requests."""
        process = self.start()
        while server.count() < calls:
            assert process.poll() is None
            time.sleep(0.05)
        return process

    def environment(self, **variables: str) -> dict[str, str]:
        """The environment of a command that is started as a process."""
        return without_our_variables() | {"PYTHONPATH": str(CODE_ROOT)} | self.variables | variables

    def frame(self, sql: str) -> pd.DataFrame:
        """Rows of the corpus' warehouse."""
        return self.warehouse.frame(sql)

    def lineage(self) -> list[dict[str, Any]]:
        """The lines of `lineage.jsonl`."""
        lines = (self.exports / "lineage.jsonl").read_text("utf-8").splitlines()
        return [json.loads(line) for line in lines]

    def export_bytes(self, *leaving_out: str) -> dict[str, bytes]:
        """The exported files by name."""
        return {p.name: p.read_bytes() for p in sorted(self.exports.iterdir()) if p.name not in leaving_out}

    @contextlib.contextmanager
    def graph(self) -> Iterator[GraphStore]:
        """The graph. Where the server is the workspace's, it runs at least as long: commands meanwhile need
        not start it."""
        with contextlib.ExitStack() as stack:
            lease = self.server or stack.enter_context(lease_graph(self.workspace))
            yield stack.enter_context(GraphStore(lease.uri, lease.username, lease.password, lease.database))


def processes_that_stay(path: Path, within_s: float = 60.0) -> list[str]:
    """Command lines, with `path` in them, of processes that have not ended within so many seconds."""
    deadline = time.monotonic() + within_s
    while (found := _processes_that_name(path)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def _processes_that_name(path: Path) -> list[str]:
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            command = process.cmdline()
            if process.pid != os.getpid() and any(str(path) in argument for argument in command):
                found.append(" ".join(command))
    return found
