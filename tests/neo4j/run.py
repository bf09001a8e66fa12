"""Starts a Neo4j 5.26 on loopback, with authentication, and runs the tests that need a graph on it.

`run.py FOLDER` with the folder that `install` filled. Exit code: pytest's, or 1 where Neo4j did not start.
"""

import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import neo4j

TESTS = ["tests/resources/graph", "tests/neo4j"]
START_S = 180.0
OPENED = ("java.base/java.nio", "java.base/java.io", "java.base/sun.nio.ch", "java.base/java.util.concurrent")
CONFIGURATION = """\
server.default_listen_address=127.0.0.1
server.bolt.listen_address=127.0.0.1:{port}
server.http.enabled=false
dbms.usage_report.enabled=false
server.memory.pagecache.size=64m
"""


@contextmanager
def server(lib: Path, home: Path) -> Iterator[tuple[str, str]]:
    """A fresh database: its URI and the password of the user neo4j."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (home / "conf").mkdir(parents=True)
    (home / "conf" / "neo4j.conf").write_text(CONFIGURATION.format(port=port))
    opens = [f"--add-opens={module}=ALL-UNNAMED" for module in OPENED]
    command = ["java", "-Xmx512m", *opens, "-cp", f"{lib}/*", "org.neo4j.server.CommunityEntryPoint"]
    command += [f"--home-dir={home}", f"--config-dir={home / 'conf'}", "--console-mode"]
    log_path = home / "console.log"
    with log_path.open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        uri = f"bolt://127.0.0.1:{port}"
        password = secrets.token_urlsafe(16)
        try:
            _set_password(uri, password, process)
        except TimeoutError as error:
            raise SystemExit(f"NOT TESTED on a real Neo4j: {error}\n{log_path.read_text()[-3000:]}") from None
        yield uri, password
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()


def _set_password(uri: str, password: str, process: "subprocess.Popen[bytes]") -> None:
    """Neo4j refuses everything until the password it came with is changed.

    Raises:
        TimeoutError: it ended, or does not answer within START_S.
    """
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with neo4j.GraphDatabase.driver(uri, auth=("neo4j", "neo4j")) as driver:
                driver.execute_query(
                    "ALTER CURRENT USER SET PASSWORD FROM 'neo4j' TO $password",
                    password=password,
                    database_="system",
                )
            return
        except neo4j.exceptions.DriverError:
            time.sleep(0.5)
    raise TimeoutError(f"it did not start within {START_S:g} s" if process.poll() is None else "it ended")


def main() -> int:
    lib = Path(sys.argv[1]) / "lib"
    with tempfile.TemporaryDirectory() as home, server(lib, Path(home) / "neo4j") as (uri, password):
        given = {"NEO4J_URI": uri, "NEO4J_USERNAME": "neo4j", "NEO4J_PASSWORD": password}
        command = [sys.executable, "-m", "pytest", "-m", "neo4j or not ui", *TESTS, *sys.argv[2:]]
        return subprocess.run(command, env=os.environ | given | {"NEO4J_DATABASE": "neo4j"}).returncode


if __name__ == "__main__":
    sys.exit(main())
