"""The Dagster UI as a process of its own, and its GraphQL: to start, to wait for, to look into.

The clicks are in the tests.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

import psutil

T = TypeVar("T")

READY_S = 120.0
RUN_S = 150.0
STOP_S = 45.0
SENSOR_TAG = "dagster/sensor_name"
IN_PROGRESS = {"QUEUED", "NOT_STARTED", "STARTING", "STARTED", "CANCELING"}
_WITHOUT_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Run:
    """One run as Dagster stores it; `by_sensor` if a sensor asked for it."""

    run_id: str
    status: str
    by_sensor: bool


class ServedUi:
    """A Dagster webserver and daemon in a process group of their own, their output in a file.

    Args:
        command: what serves, without the port.
        port_option: `--port` or `-p`.
        folder: where it is started; `output.txt` is written here.
    """

    def __init__(
        self, command: Sequence[str], port_option: str, folder: Path, environment: Mapping[str, str]
    ):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._output = folder / "output.txt"
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                [*command, port_option, str(self.port)],
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def output(self) -> str:
        """What it has printed."""
        return self._output.read_text("utf-8", errors="replace")

    def wait_until_ready(self) -> Self:
        """Waits until its code location is loaded."""
        return wait_until(lambda: self if self._is_ready() else None, READY_S, self._why_not_ready)

    def stop(self) -> int:
        """Ends it as the system would; returns its exit code. What does not end in time is killed."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.kill_group()
            raise

    def kill_group(self) -> None:
        """Kills what is left of its process group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(STOP_S)

    def ask(self, query: str, **variables: Any) -> Any:
        """The data that a GraphQL query answers with."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(f"{self.url}/graphql", body, {"Content-Type": "application/json"})
        with _WITHOUT_PROXY.open(request, timeout=30) as response:
            answer = json.load(response)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    def code_locations(self) -> dict[str, str]:
        """Code locations by name: `loaded`, or what is wrong with them."""
        entries = self.ask(
            "{ workspaceOrError { ... on Workspace { locationEntries { name locationOrLoadError { __typename "
            "... on PythonError { message } } } } } }"
        )["workspaceOrError"]["locationEntries"]
        loads = {
            entry["name"]: entry["locationOrLoadError"] or {"__typename": "loading"} for entry in entries
        }
        return {
            name: "loaded" if load["__typename"] == "RepositoryLocation" else str(load.get("message", load))
            for name, load in loads.items()
        }

    def assets(self) -> list[str]:
        """Names of all assets."""
        nodes = self.ask("{ assetNodes { assetKey { path } } }")["assetNodes"]
        return sorted(node["assetKey"]["path"][-1] for node in nodes)

    def runs(self) -> list[Run]:
        """All runs, the latest first."""
        results = self.ask("{ runsOrError { ... on Runs { results { runId status tags { key } } } } }")
        return [
            Run(run["runId"], run["status"], any(tag["key"] == SENSOR_TAG for tag in run["tags"]))
            for run in results["runsOrError"]["results"]
        ]

    def run(self, beginning_of_id: str) -> Run:
        """The run whose id begins so."""
        return next(run for run in self.runs() if run.run_id.startswith(beginning_of_id))

    def finished(self, beginning_of_id: str) -> Run:
        """Waits for the end of a run."""

        def ended() -> Run | None:
            run = self.run(beginning_of_id)
            return None if run.status in IN_PROGRESS else run

        return wait_until(ended, RUN_S, lambda: f"run {beginning_of_id} does not end: {self.runs()}")

    def wait_until_idle(self) -> None:
        """Waits until no run is queued or under way."""
        wait_until(
            lambda: all(run.status not in IN_PROGRESS for run in self.runs()) or None,
            RUN_S,
            lambda: f"runs do not end: {self.runs()}",
        )

    def materialised_by(self, run: Run) -> set[str]:
        """Names of the assets that a run materialised."""
        found = self.ask(
            "query ($id: ID!) { runOrError(runId: $id) { ... on Run { assetMaterializations "
            "{ assetKey { path } } } } }",
            id=run.run_id,
        )["runOrError"]["assetMaterializations"]
        return {event["assetKey"]["path"][-1] for event in found}

    def failures(self, run: Run) -> list[str]:
        """What a run's failed steps say."""
        events = self.ask(
            "query ($id: ID!) { logsForRun(runId: $id) { ... on EventConnection { events { "
            "... on ExecutionStepFailureEvent { stepKey error { message causes { message } } } } } } }",
            id=run.run_id,
        )["logsForRun"]["events"]
        return [json.dumps(event) for event in events if event]

    def _is_ready(self) -> bool:
        try:
            return list(self.code_locations().values()) == ["loaded"]
        except (OSError, urllib.error.URLError):
            return False

    def _why_not_ready(self) -> str:
        return f"{self.url} is not ready; it said:\n{self.output[-4000:]}"


def wait_until(look: Callable[[], T | None], timeout_s: float, why_not: Callable[[], str]) -> T:
    """What `look` finds, as soon as it finds something.

    Raises:
        AssertionError: nothing within the time, with the reason `why_not` gives.
    """
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        found = look()
        if found is not None:
            return found
        time.sleep(0.5)
    raise AssertionError(f"{why_not()} (after {timeout_s:.0f} s)")


def processes_of(path: Path) -> list[str]:
    """Command lines of running processes that name `path`, embedded servers among them."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            command = process.cmdline()
            if process.pid != os.getpid() and any(str(path) in argument for argument in command):
                found.append(" ".join(command))
    return found


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
