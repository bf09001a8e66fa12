"""With pronouns replaced, facts are read that no sentence alone says; chunks and evidence stay."""

from typing import Any

from resources.embedded.graph_server import GraphLease
from tests.fake_model_server import FakeModelServer
from tests.pipeline.conftest import NewProject

TEXT = """\
In December 1995 the Galileo Probe entered the atmosphere of Jupiter. It carried a Doppler Radar. The \
descent lasted for an hour.
"""
OFF: dict[str, Any] = {"comprehension": {"statements": 1}, "qa": {"forms": ["atomic"]}}
ON = OFF | {"chunking": {"resolve_coreference": True}}
CONNECTED = (
    "SELECT count(*) FROM current_claims WHERE kind = 'relation' AND source = 'Jupiter' "
    "AND target = 'Doppler Radar'"
)
EVIDENCE = (
    "SELECT DISTINCT substr(d.text, c.start_char + k.evidence_start + 1, k.evidence_end - k.evidence_start) "
    "AS text FROM current_claims k JOIN current_chunks c USING (chunk_id) "
    "JOIN current_documents d USING (document_id) ORDER BY text"
)


def test_it_is_paid_for_once_and_changes_nothing_but_the_claims(
    new_project: NewProject, model_server_process: FakeModelServer, graph_server: GraphLease
) -> None:
    model_server_process.reset()
    project = new_project("pronouns", server=graph_server)
    project.write("probe.txt", TEXT)
    project.configure(**OFF)
    project.run()
    before = project.export_bytes("report.html")
    assert project.warehouse.scalar(CONNECTED) == 0

    project.configure(**ON)
    stages = project.run().stages
    assert (stages["chunks"]["new"], stages["claims"]["new"], stages["claims"]["calls"]) == (0, 1, 2)
    assert project.warehouse.scalar(CONNECTED) == 1
    assert all(text in TEXT for text in project.frame(EVIDENCE)["text"])
    assert sum(stage["calls"] + stage["new"] for stage in project.run().stages.values()) == 0

    project.configure(**OFF)
    assert sum(stage["calls"] for stage in project.run().stages.values()) == 0
    assert project.export_bytes("report.html") == before
