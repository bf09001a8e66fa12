"""With NEO4J_URI set, the graph goes there and nothing is embedded."""

from pathlib import Path

from resources.embedded.graph_server import lease_graph
from resources.graph.store import GraphStore
from tests.fake_model_server import FakeModelServer
from tests.pipeline.project import ENGLISH, Project


def test_the_run_uses_the_given_database(
    project: Project, fake_models: FakeModelServer, tmp_path: Path
) -> None:
    project.write("jupiter.txt", ENGLISH)
    project.configure(comprehension={"statements": 1})
    with lease_graph(tmp_path / "elsewhere") as lease:
        project.use_graph(lease)
        project.run()
        with GraphStore(lease.uri, lease.username, lease.password, lease.database) as store:
            counts = store.counts("default")
        password = lease.password
    entities = project.warehouse.scalar("SELECT count(*) FROM current_knowledge_graph WHERE kind = 'entity'")
    assert counts["Entity"] == entities > 0
    assert {path.name for path in project.workspace.iterdir()}.isdisjoint({"graph", "servers"})
    files = [path for path in project.folder.rglob("*") if path.is_file()]
    assert [path for path in files if password.encode() in path.read_bytes()] == []
