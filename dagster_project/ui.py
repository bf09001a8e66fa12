"""`graphtutor ui`: the Dagster webserver and daemon on a workspace, in the foreground."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from dagster_project.run import dagster_home, dagster_instance
from kg_assets.ingest.corpora import scan_corpora
from kg_assets.stage.asset import corpora
from resources.errors import SettingsError
from resources.workbench import Workbench
from sensors.dead_runs import report_dead_runs

HOST = "127.0.0.1"
STOP_SECONDS = 10.0
DEV_IS_SUPERSEDED = "ignore:Function `dev_command` is superseded"
"""As PYTHONWARNINGS. `dg dev`, which Dagster recommends, is in a package that only developers install."""


def serve_ui(workbench: Workbench, port: int) -> int:
    """Serve until interrupted; returns the exit code.

    Raises:
        SettingsError: the port is taken, or the workspace cannot be written.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise SettingsError(f"Port {port} is taken: name another with --port.") from error
    with dagster_instance(workbench) as instance:
        report_dead_runs(instance, workbench.layout)
        known = set(instance.get_dynamic_partitions(corpora.name or ""))
        sourced = workbench.configuration().source_corpora
        new = [name for name in scan_corpora(workbench.documents_root(), sourced) if name not in known]
        if new:
            instance.add_dynamic_partitions(corpora.name or "", new)
    environment = os.environ | {
        "DAGSTER_HOME": str(dagster_home(workbench).resolve()),
        "GRAPHTUTOR_DOCUMENTS": str(workbench.documents_root().resolve()),
        "GRAPHTUTOR_WORKSPACE": str(workbench.layout.root),
        "GRAPHTUTOR_CONFIG": str(Path(workbench.config_file).resolve()) if workbench.config_file else "",
        "PYTHONWARNINGS": ",".join(filter(None, (os.environ.get("PYTHONWARNINGS"), DEV_IS_SUPERSEDED))),
    }
    command = [
        sys.executable,
        "-m",
        "dagster",
        "dev",
        "-m",
        "dagster_project.definitions",
        "-h",
        HOST,
        "-p",
        str(port),
        "--log-level",
        "error",  # else the daemon says every ten seconds that the sensor looked and found nothing
    ]
    print(f"The Dagster UI will be at http://{HOST}:{port} in a few seconds; Ctrl-C stops it.", flush=True)
    signal.signal(signal.SIGTERM, _interrupted)
    if hasattr(signal, "SIGHUP"):  # the terminal was closed
        signal.signal(signal.SIGHUP, _interrupted)
    process = subprocess.Popen(command, env=environment, start_new_session=True)
    try:
        return process.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        _stop_group(process)


def _interrupted(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _stop_group(process: subprocess.Popen[bytes]) -> None:
    """`dagster dev` is a family of processes and may not end on SIGTERM: end its whole group."""
    for sent in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sent)
            process.wait(STOP_SECONDS)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
