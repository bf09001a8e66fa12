"""While a run and the UI are at work, nothing of theirs can be reached from another machine, and no key is in
a command line. What the embedded model server listens on is in tests/resources/embedded."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address
from pathlib import Path

import psutil
import pytest

from tests.fake_model_server import FakeModelServer
from tests.pipeline.project import CANARY_KEY, ENGLISH, GRAPHTUTOR, Project, processes_that_stay
from tests.ui.served import ServedUi


@dataclass
class Seen:
    """Addresses that processes were bound to, UDP included, with their commands; and all command lines."""

    listening: set[tuple[str, int, str]] = field(default_factory=set)
    commands: set[str] = field(default_factory=set)
    keepers: set[str] = field(default_factory=set)
    ui_port: int = 0

    def look(self, parent: int, folder: Path) -> None:
        """Note what this process, the family of `parent` and all processes that name `folder` do just now."""
        found = {psutil.Process()}
        with contextlib.suppress(psutil.NoSuchProcess):
            found |= {psutil.Process(parent), *psutil.Process(parent).children(recursive=True)}
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if any(str(folder) in argument for argument in process.cmdline()):
                    found.add(process)
        for process in found:
            with contextlib.suppress(psutil.Error):
                command = " ".join(process.cmdline())
                self.commands.add(command)
                if "resources.embedded.keeper" in command:
                    self.keepers.add(command)
                for one in process.net_connections("inet"):
                    if one.status in (psutil.CONN_LISTEN, psutil.CONN_NONE) and one.laddr:
                        self.listening.add((one.laddr.ip, one.laddr.port, command))


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory, model_server_process: FakeModelServer) -> Iterator[Seen]:
    """The UI from its start until it is ready, and meanwhile a run in this process, with its graph server."""
    model_server_process.reset()
    project = Project(tmp_path_factory.mktemp("watched"))
    project.use_models(model_server_process)
    project.configure(comprehension={"statements": 1})
    project.write("jupiter.txt", ENGLISH)
    command = [*GRAPHTUTOR, "ui", "--workspace", str(project.workspace)]
    seen, over = Seen(), threading.Event()
    with ServedUi(command, "--port", project.folder, project.environment()) as ui:
        seen.ui_port = ui.port

        def watch() -> None:
            while not over.wait(0.2):
                seen.look(ui.process.pid, project.folder)

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            run = project.call("run", "--select", "+statements")
            ui.wait_until_ready()
        finally:
            over.set()
            watcher.join()
        seen.look(ui.process.pid, project.folder)
    assert run.exit_code == 0, run.stderr
    yield seen
    assert processes_that_stay(project.folder) == []


def test_the_servers_were_seen(seen: Seen) -> None:
    """Without this the other tests would show nothing."""
    assert seen.ui_port in {port for _, port, _ in seen.listening}
    assert len(seen.keepers) == 1
    of_the_graph = {port for _, port, command in seen.listening if command in seen.keepers}
    assert len(of_the_graph) >= 3  # Bolt, HTTP, and the port of its users
    assert any("webserver" in command for command in seen.commands)
    assert any("daemon" in command for command in seen.commands)


def test_everything_listens_on_loopback_only(seen: Seen) -> None:
    assert [one for one in seen.listening if not is_loopback(one[0])] == []


@pytest.mark.parametrize("ip", ["0.0.0.0", "::", "::ffff:0.0.0.0", "192.168.0.7", "fe80::1"])
def test_what_others_can_reach_is_told_from_loopback(ip: str) -> None:
    assert not is_loopback(ip)
    assert is_loopback("::ffff:127.0.0.1")


def is_loopback(ip: str) -> bool:
    """Whether only this machine can reach an address; Java writes that of IPv4 in the form of IPv6."""
    address = ip_address(ip)
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


def test_no_key_is_in_a_command_line(seen: Seen) -> None:
    assert [command for command in seen.commands if CANARY_KEY in command] == []
