"""The embedded graph server is shared, is replaced when it dies, and never outlives its users."""

import json
import os
import signal
import socket
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from neo4j import GraphDatabase

from resources.embedded.graph_server import GraphLease, lease_graph
from resources.embedded.server_state import ServerFiles
from resources.errors import GraphError

NewUser = Callable[..., Any]
Ended = Callable[..., bool]


def write_one(lease: GraphLease) -> None:
    with GraphDatabase.driver(lease.uri, auth=(lease.username, lease.password)) as driver:
        driver.execute_query("CREATE (:Entity {id: '1'})", database_=lease.database)


def count(lease: GraphLease) -> int:
    with GraphDatabase.driver(lease.uri, auth=(lease.username, lease.password)) as driver:
        found = driver.execute_query("MATCH (e:Entity) RETURN count(e) AS n", database_=lease.database)
    return int(found.records[0]["n"])


def test_two_processes_share_a_server_that_ends_with_the_last_of_them(
    new_user: NewUser, ended: Ended
) -> None:
    first, second = new_user(), new_user()
    keeper = first.lease()["keeper"]
    assert second.lease()["keeper"] == keeper
    first.leave()
    assert not ended(keeper, within_s=1.5)
    second.leave()
    assert ended(keeper)


def test_four_processes_at_once_start_one_server(new_user: NewUser) -> None:
    users = [new_user() for _ in range(4)]
    assert len({(lease["keeper"], lease["uri"]) for lease in [user.lease() for user in users]}) == 1


def test_a_killed_user_leaves_no_server_behind(new_user: NewUser, workspace: Path, ended: Ended) -> None:
    user = new_user()
    keeper = user.lease()["keeper"]
    user.process.kill()
    assert ended(keeper)
    assert not ServerFiles.of(workspace, "graph").state.exists()


def test_a_forked_child_does_not_keep_the_server_of_its_killed_parent(
    new_user: NewUser, ended: Ended
) -> None:
    user = new_user("fork")
    lease = user.lease()
    try:
        user.process.kill()
        assert ended(lease["keeper"])
        assert psutil.pid_exists(lease["child"])
    finally:
        os.kill(lease["child"], signal.SIGKILL)


def test_the_server_outlives_the_user_that_started_it_and_the_terminals_ctrl_c(
    new_user: NewUser, workspace: Path, ended: Ended
) -> None:
    starter = new_user()
    keeper = starter.lease()["keeper"]
    with lease_graph(workspace) as lease:
        os.killpg(starter.process.pid, signal.SIGINT)
        assert starter.process.wait(60) != 0
        write_one(lease)
        assert lease.pid == keeper
        assert lease.alive()
    assert ended(keeper)


def test_a_killed_server_is_replaced_and_its_data_are_still_there(workspace: Path, ended: Ended) -> None:
    with lease_graph(workspace) as lease:
        write_one(lease)
        os.kill(lease.pid, signal.SIGKILL)
        assert ended(lease.pid)
        with lease_graph(workspace) as next_lease:
            assert not lease.alive()
            assert next_lease.pid != lease.pid
            assert count(next_lease) == 1


def test_sigterm_ends_a_server_in_order(workspace: Path, ended: Ended) -> None:
    lease = lease_graph(workspace)
    os.kill(lease.pid, signal.SIGTERM)
    assert ended(lease.pid)
    assert not lease.alive()
    lease.close()
    files = ServerFiles.of(workspace, "graph")
    assert not files.state.exists()
    assert "stopping: signal SIGTERM" in files.log.read_text("utf-8")
    assert "ArcadeDB Server is down" in files.log.read_text("utf-8")


def test_leasing_again_at_once_waits_for_the_last_server_to_end(workspace: Path) -> None:
    for written in range(3):
        with lease_graph(workspace) as lease:
            assert count(lease) == written
            write_one(lease)
        os.kill(lease.pid, signal.SIGTERM)


def test_only_loopback_is_listened_on(workspace: Path) -> None:
    with lease_graph(workspace) as lease:
        listening = [
            connection.laddr.ip.removeprefix("::ffff:")
            for connection in psutil.Process(lease.pid).net_connections("inet")
            if connection.status == psutil.CONN_LISTEN
        ]
        assert listening == ["127.0.0.1"] * 3
        assert not psutil.Process(lease.pid).children()


def test_credentials_are_readable_by_the_user_only(workspace: Path) -> None:
    with lease_graph(workspace) as lease:
        files = ServerFiles.of(workspace, "graph")
        for path in (files.state, files.log, workspace / "graph" / ".password"):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(files.folder.stat().st_mode) == 0o700
        arguments = " ".join(psutil.Process(lease.pid).cmdline())
        for secret in (lease.password, json.loads(files.state.read_text("utf-8"))["token"]):
            assert secret not in repr(lease) + arguments + files.log.read_text("utf-8")


def test_a_stranger_on_the_control_port_is_no_user(workspace: Path, ended: Ended) -> None:
    lease = lease_graph(workspace)
    port = json.loads(ServerFiles.of(workspace, "graph").state.read_text("utf-8"))["control_port"]
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as wrong,
        socket.create_connection(("127.0.0.1", port), timeout=10),
    ):
        wrong.sendall(b"not the token\n")
        assert wrong.recv(100) == b""
        lease.close()
        assert ended(lease.pid)


def test_workspaces_have_servers_of_their_own(workspace: Path) -> None:
    with lease_graph(workspace / "a") as one, lease_graph(workspace / "b") as other:
        write_one(one)
        assert (count(one), count(other)) == (1, 0)
        assert one.pid != other.pid
        assert one.password != other.password


def test_a_lost_password_is_replaced(workspace: Path, ended: Ended) -> None:
    with lease_graph(workspace) as lease:
        write_one(lease)
    assert ended(lease.pid)
    (workspace / "graph" / ".password").unlink()
    with lease_graph(workspace) as next_lease:
        assert next_lease.password != lease.password
        assert count(next_lease) == 1


def test_a_state_file_that_means_nothing_is_replaced(workspace: Path, ended: Ended) -> None:
    state = ServerFiles.of(workspace, "graph").state
    for content in ("", "[]", '{"pid": 1}', '{"pid": 1, "control_port": 1, "token": "", "address": {}}'):
        state.write_text(content, "utf-8")
        with lease_graph(workspace) as lease:
            assert lease.alive()
        os.kill(lease.pid, signal.SIGKILL)
        assert ended(lease.pid)


def test_a_failed_start_says_why_and_what_to_do(workspace: Path) -> None:
    workspace.mkdir()
    (workspace / "graph").write_text("in the way", "utf-8")
    with pytest.raises(GraphError, match=r"NEO4J_URI(.|\n)*FileExistsError"):
        lease_graph(workspace)
    (workspace / "servers").rename(workspace / "old")
    (workspace / "servers").write_text("in the way", "utf-8")
    with pytest.raises(GraphError, match="cannot be started"):
        lease_graph(workspace)
