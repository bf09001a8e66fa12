"""The embedded graph database: ArcadeDB, which speaks Bolt and Cypher, with its data in `<workspace>/graph`.

How it is shared and ended is in `server_lease` and `keeper`; queries belong in `resources.graph`.
"""

import contextlib
import os
import secrets
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil

from resources.embedded.server_lease import ServerKind, ServerLease
from resources.embedded.server_state import write_private
from resources.errors import GraphError

DATABASE = "graphtutor"
USERNAME = "root"
HEAP = "-Xmx512m"
KEPT_EVENT_LOGS = 10
_BOLT_HELLO = bytes.fromhex("6060b017 00000405 00000000 00000000 00000000")
_BOLT_VERSION = _BOLT_HELLO[4:8]

GRAPH_SERVER = ServerKind(
    what="embedded graph server",
    serve="resources.embedded.graph_server:serve",
    error=GraphError,
    advice="mend what its log says, or set NEO4J_URI, NEO4J_USERNAME and NEO4J_PASSWORD to use a Neo4j.",
    # Starting takes half a second, but recovering a large database that was killed may take longer.
    start_timeout_s=120.0,
)


class GraphLease(ServerLease):
    """The right to use the workspace's graph server, for those on this machine that know the password."""

    @property
    def uri(self) -> str:
        """`bolt://127.0.0.1:<port>`; another port after each start."""
        return str(self.address["uri"])

    @property
    def username(self) -> str:
        return str(self.address["username"])

    @property
    def password(self) -> str:
        return str(self.address["password"])

    @property
    def database(self) -> str:
        return str(self.address["database"])


def lease_graph(workspace: Path) -> GraphLease:
    """Lease the graph server of `workspace`, which is started where it does not run yet.

    All processes that lease it share one server; it stops when the last lease is closed or its process has
    ended. A lease whose `alive()` is False is of no more use: close it and take another, the data are still
    there.

    Raises:
        GraphError: the server cannot be started; the message carries the end of its log.
    """
    return GraphLease.open(GRAPH_SERVER, workspace, "graph", {})


@contextlib.contextmanager
def serve(workspace: Path, _parameters: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Run ArcadeDB in this process, which must be a keeper: its native library can be loaded once only."""
    root = workspace / "graph"
    root.mkdir(parents=True, exist_ok=True)
    _prune_event_logs(root)
    # Both are read when the library is loaded. Without a limit it takes half of the machine's memory.
    os.environ.setdefault("ARCADEDB_NATIVE_ISOLATE_ARGS", HEAP)
    os.environ.setdefault("ARCADEDB_LOG_DIR", str(root / "log"))
    import arcadedb

    password = _password(root)
    ports_before = _listening_ports()
    server = arcadedb.create_server(
        str(root),
        root_password=password,
        config={
            "host": "127.0.0.1",
            "mode": "production",
            "server_plugins": "Bolt:com.arcadedb.bolt.BoltProtocolPlugin",
            "bolt_host": "127.0.0.1",
            "bolt_defaultDatabase": DATABASE,
            # 0: the kernel chooses free ports, which nobody can take between choosing and listening.
            "http_port": 0,
            "bolt_port": 0,
        },
    )
    server.start()
    try:
        server.create_database(DATABASE)  # opens the database where it exists
        yield {
            "uri": f"bolt://127.0.0.1:{_bolt_port(_listening_ports() - ports_before)}",
            "username": USERNAME,
            "password": password,
            "database": DATABASE,
        }
    finally:
        server.stop()


def _password(root: Path) -> str:
    """The password of this graph: made at the first start, kept in a file that only the user can read."""
    path = root / ".password"
    if path.exists():
        return path.read_text("utf-8")
    # ArcadeDB keeps its users' hashes and heeds a given password at the first start only. Without our file
    # nobody knows the old one; whoever may write this folder owns the data, and gets a new one.
    (root / "config" / "server-users.jsonl").unlink(missing_ok=True)
    password = secrets.token_urlsafe(24)
    write_private(path, password)
    return password


def _prune_event_logs(root: Path) -> None:
    """Keep the latest event logs only: ArcadeDB writes one more at each start and removes none."""
    logs = sorted((root / "log").glob("server-event-log-*.jsonl"), key=lambda path: path.stat().st_mtime)
    for path in logs[:-KEPT_EVENT_LOGS]:
        path.unlink()


def _listening_ports() -> set[int]:
    connections = psutil.Process().net_connections("tcp")
    return {int(c.laddr.port) for c in connections if c.status == psutil.CONN_LISTEN}


def _bolt_port(ports: set[int]) -> int:
    """Which of `ports` answers a Bolt handshake: ArcadeDB tells the port it was given in its log only.

    Raises:
        RuntimeError: none of them does.
    """
    for port in sorted(ports):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(_BOLT_HELLO)
            if connection.recv(4) == _BOLT_VERSION:
                return port
    raise RuntimeError(f"ArcadeDB started, but none of its ports {sorted(ports)} answers Bolt 5.4")
