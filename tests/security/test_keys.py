"""Keys and passwords appear nowhere, whatever a server repeats: in no file, table, log or output."""

import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from resources.embedded.graph_server import GraphLease, lease_graph
from tests.pipeline.project import CANARY_KEY, ENGLISH, Project, Result
from tests.security.hostile_model import HostileModel
from tests.security.looking import duckdb_tables, holds, places_of, sqlite_tables

SLASHED_KEY = "Canary+7f/e2d3c4b5a697/8796a5b4c3d2e1f0=="
"""A key as some clouds give them; what writes JSON as PHP does puts a backslash before each slash."""
PASSWORD = "Canary@pass/wörd%42"
"""The password in an address, where its characters must be quoted."""


@dataclass(frozen=True)
class Told:
    """A project whose models repeat the credentials they get, what its commands said, and its secrets."""

    project: Project
    results: dict[str, Result]


@pytest.fixture(scope="module")
def echo() -> Iterator[HostileModel]:
    with HostileModel("--repeats") as server:
        assert isinstance(server, HostileModel)
        yield server


@pytest.fixture(scope="module")
def echo_like_php() -> Iterator[HostileModel]:
    with HostileModel("--repeats", "--like-php") as server:
        assert isinstance(server, HostileModel)
        yield server


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, echo: HostileModel, echo_like_php: HostileModel) -> Told:
    """Keys in `.env`; one of them is repeated as it is, the other with escaped slashes."""
    project = Project(tmp_path_factory.mktemp("told"))
    project.use_models(echo)
    project.variables["TRAINEE_BASE_URL"] = echo_like_php.base_url
    del project.variables["SYNTHESIZER_API_KEY"], project.variables["TRAINEE_API_KEY"]
    env = project.folder / ".env"
    env.write_text(f"SYNTHESIZER_API_KEY={CANARY_KEY}\nTRAINEE_API_KEY='{SLASHED_KEY}'\n")
    project.configure(comprehension={"statements": 1}, qa={"forms": ["atomic"]})
    project.write("jupiter.txt", ENGLISH)
    results = _called(project, ["run", "--dry-run"], ["run"], ["run", "--json", "--select", "report"])
    qa_id = project.lineage()[0]["qa_id"]
    results |= {"trace": project.call("trace", qa_id), "as JSON": project.call("trace", qa_id, "--json")}
    return Told(project, results)


@pytest.fixture(scope="module")
def graph_lease(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GraphLease]:
    with lease_graph(tmp_path_factory.mktemp("own_graph")) as lease:
        yield lease


@pytest.fixture(scope="module")
def told_password(
    tmp_path_factory: pytest.TempPathFactory, echo: HostileModel, graph_lease: GraphLease
) -> Told:
    """A password in the addresses of the models, and the user's own graph."""
    project = Project(tmp_path_factory.mktemp("told_password"), server=graph_lease)
    project.use_models(echo)
    url = echo.base_url.replace("http://", f"http://someone:{quote(PASSWORD, safe='')}@")
    project.variables |= {"SYNTHESIZER_BASE_URL": url, "TRAINEE_BASE_URL": url}
    project.variables |= {"SYNTHESIZER_MODEL": "behind-a-proxy", "TRAINEE_MODEL": "behind-a-proxy-too"}
    project.write("jupiter.txt", ENGLISH)
    return Told(project, _called(project, ["run", "--select", "+knowledge_graph"]))


def _called(project: Project, *commands: list[str]) -> dict[str, Result]:
    """What these commands say, and then those that show what models said; all must succeed."""
    packed = str(project.folder / "packed")
    further = ["status", "--json"], ["status"], ["doctor"], ["responses", "pack", packed]
    results = {}
    for command in (*commands, *further):
        results[" ".join(command)] = result = project.call(*command)
        assert result.exit_code == 0, result.stderr
    return results


def assert_nowhere(told: Told, *secrets: str) -> None:
    """No secret in what was said, in the workspace, or in the packed responses."""
    shown = {name: result.stdout + result.stderr for name, result in told.results.items()}
    assert [name for name, text in shown.items() if any(holds(text, secret) for secret in secrets)] == []
    folder = told.project.folder
    places = [place for place in places_of(secrets, folder) if place != ".env"]
    assert places == []


def test_the_models_did_repeat_what_they_got(told: Told, told_password: Told) -> None:
    """Without this the other tests would show nothing."""
    for one in (told, told_password):
        tables = dict(duckdb_tables(one.project.warehouse.path))
        assert b"It was told " in tables["claims"]
        stored = dict(sqlite_tables(one.project.workspace / "responses.sqlite"))
        assert b"I was called with " in stored["responses"]
        assert b"Slow down, " in stored["attempts"]
    tables = dict(duckdb_tables(told.project.warehouse.path))
    assert b"It was told Bearer [key]" in tables["qa_pairs"]
    for command in ("run", "trace", "as JSON"):
        assert "It was told Bearer [key]" in " ".join(told.results[command].stdout.split())
    assert set(dict(sqlite_tables(told.project.workspace / "dagster" / "history" / "runs.db"))) >= {"runs"}


def test_the_search_finds_what_is_there(told: Told, tmp_path: Path) -> None:
    """In compressed tables and in the write-ahead log, too."""
    found = places_of(["Galileo Galilei"], told.project.folder)
    assert "workspace/warehouse/default.duckdb: documents" in found
    assert "workspace/responses.sqlite: responses" in found
    assert "packed: responses" in found
    assert ".env" in places_of([SLASHED_KEY], told.project.folder)
    for written in (
        "Basic dXNlcjpDYW5hcnlAcGFzcy93w7ZyZCU0Mg==",
        "http://x:Canary%40pass%2Fw%C3%B6rd%2542@y",
    ):
        assert holds(written, PASSWORD)


def test_a_key_that_is_repeated_appears_nowhere(told: Told) -> None:
    assert_nowhere(told, CANARY_KEY)


def test_a_key_that_is_repeated_with_escaped_characters_appears_nowhere(told: Told) -> None:
    assert_nowhere(told, SLASHED_KEY)


def test_a_password_in_the_address_that_is_repeated_appears_nowhere(told_password: Told) -> None:
    assert_nowhere(told_password, PASSWORD)


def test_a_key_beside_a_password_appears_nowhere(told_password: Told) -> None:
    """It is not even sent: the password takes the place of the key."""
    assert_nowhere(told_password, CANARY_KEY)


def test_the_password_of_the_users_graph_appears_nowhere(
    told_password: Told, graph_lease: GraphLease
) -> None:
    assert len(graph_lease.password) > 20
    assert_nowhere(told_password, graph_lease.password)


def test_the_password_of_the_embedded_graph_is_in_one_private_file(told: Told) -> None:
    file = told.project.workspace / "graph" / ".password"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    password = file.read_text()
    assert len(password) > 20
    assert places_of([password], told.project.folder) == ["workspace/graph/.password"]
    assert [name for name, r in told.results.items() if holds(r.stdout + r.stderr, password)] == []


def test_while_the_embedded_graph_runs_its_password_is_in_two_private_files(
    told: Told, tmp_path: Path
) -> None:
    workspace = told.project.workspace
    with lease_graph(workspace) as lease:
        copy = shutil.copytree(workspace / "servers", tmp_path / "servers")
        assert places_of([lease.password], copy) == ["graph.json"]
        assert stat.S_IMODE((workspace / "servers" / "graph.json").stat().st_mode) == 0o600
        assert stat.S_IMODE((workspace / "servers").stat().st_mode) == 0o700
        assert lease.password not in repr(lease)


@pytest.mark.parametrize("by", ["key", "escaped key", "password"])
def test_a_refusal_that_repeats_the_credentials_shows_none(
    tmp_path: Path, echo: HostileModel, echo_like_php: HostileModel, graph_lease: GraphLease, by: str
) -> None:
    """Errors are also kept: in the event log of Dagster and in the response store."""
    server = echo_like_php if by == "escaped key" else echo
    project = Project(tmp_path / "refused")
    project.use_models(server)
    project.use_graph(graph_lease)
    secret = {"key": CANARY_KEY, "escaped key": SLASHED_KEY, "password": PASSWORD}[by]
    if by == "password":
        url = server.base_url.replace("http://", f"http://someone:{quote(secret, safe='')}@")
        project.variables["SYNTHESIZER_BASE_URL"] = url
    else:
        project.variables["SYNTHESIZER_API_KEY"] = secret
    project.write("jupiter.txt", ENGLISH)
    server.configure(status=401, message="This is not a key of ours.")
    try:
        results = {
            "run": project.call("run"),
            "doctor": project.call("doctor"),
            "status": project.call("status"),
        }
    finally:
        server.configure(status=0)
    assert results["run"].exit_code == 1
    assert "not a key of ours" in results["run"].stderr
    assert "You sent" in results["run"].stderr
    assert "You sent" in results["doctor"].stdout
    assert [name for name, r in results.items() if holds(r.stdout + r.stderr, secret)] == []
    assert list((project.workspace / "dagster").rglob("*.db"))
    assert places_of([secret, graph_lease.password], project.folder) == []


def test_a_workspace_among_the_documents_gives_no_password_away(tmp_path: Path) -> None:
    """`--documents .` is natural where the documents are in the current folder; so is the workspace then."""
    project = Project(tmp_path / "here")
    (project.folder / "jupiter.txt").write_text(ENGLISH)
    with lease_graph(project.workspace) as lease:
        result = project.call("run", "--documents", ".", "--select", "documents")
        assert result.exit_code == 0, result.stderr
        found = places_of([lease.password], project.folder)
    assert found == ["workspace/graph/.password", "workspace/servers/graph.json"]
