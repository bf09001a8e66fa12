"""A whole run on a real Neo4j leaves the graph that it leaves in the embedded server."""

import os
from pathlib import Path

import pytest

from resources.embedded.graph_server import lease_graph
from resources.graph.store import GraphStore
from tests.fake_model_server import FakeModelServer
from tests.pipeline.project import CHINESE, ENGLISH, Project

VARIABLES = ("NEO4J_URI", "NEO4J_USERNAME", "NEO4J_PASSWORD", "NEO4J_DATABASE")
# Read before the tests take the user's variables away.
GIVEN = {name: os.environ.get(name, "") for name in VARIABLES}

pytestmark = pytest.mark.neo4j


def filled(folder: Path, models: FakeModelServer) -> Project:
    """A project with two documents in its corpus `fields`."""
    folder.mkdir()
    project = Project(folder, corpus="fields")
    project.use_models(models)
    project.configure(comprehension={"statements": 1})
    project.write("jupiter.txt", ENGLISH)
    project.write("tea.txt", CHINESE)
    return project


def test_the_graph_of_a_run_is_the_embedded_one(tmp_path: Path, fake_models: FakeModelServer) -> None:
    on_neo4j = filled(tmp_path / "neo4j", fake_models)
    on_neo4j.variables |= GIVEN
    embedded = filled(tmp_path / "embedded", fake_models)
    with GraphStore(*GIVEN.values()) as store:
        try:
            on_neo4j.run()
            assert "compatible" not in store.server_agent()
            assert store.server_agent().startswith("Neo4j/5.26")
            found = store.dump("fields")
            on_neo4j.write("jupiter.txt", ENGLISH.replace("Ganymede", "Callisto"))
            on_neo4j.run()
            edited = store.dump("fields")
        finally:
            store.remove_corpus("fields")
    with lease_graph(embedded.workspace) as lease:
        embedded.run()
        with GraphStore(lease.uri, lease.username, lease.password, lease.database) as store:
            assert store.dump("fields") == found
            embedded.write("jupiter.txt", ENGLISH.replace("Ganymede", "Callisto"))
            embedded.run()
            assert store.dump("fields") == edited
    assert len(found["nodes"]["Entity"]) > 0
    assert found != edited
    assert on_neo4j.export_bytes("report.html") == embedded.export_bytes("report.html")
