"""Replay: `run --offline` makes no call and exports the same bytes, also elsewhere, from a packed store."""

from pathlib import Path

from tests.fake_model_server import FakeModelServer
from tests.pipeline.conftest import NewProject
from tests.pipeline.project import CHINESE, ENGLISH, Project


def _fill(project: Project) -> None:
    project.configure(comprehension={"statements": 1})
    project.write("jupiter.txt", ENGLISH)
    project.write("tea.txt", CHINESE)


def test_a_packed_store_is_enough_for_the_same_exports_elsewhere(
    new_project: NewProject, fake_models: FakeModelServer, tmp_path: Path
) -> None:
    recorded = new_project("recorded")
    _fill(recorded)
    recorded.run()
    packed = tmp_path / "elsewhere" / "responses.packed"
    done = recorded.call("responses", "pack", str(packed))
    assert done.exit_code == 0, done.stderr
    again = recorded.call("responses", "pack", str(packed))
    assert again.exit_code == 1
    assert "exists" in again.stderr

    replayed = new_project("replayed")
    _fill(replayed)
    asked = fake_models.count()
    missing = replayed.call("run", "--offline")
    assert missing.exit_code == 1
    assert "stage claims needs an answer of the synthesizer" in missing.stderr

    added = replayed.call("responses", "add", str(packed))
    assert added.stdout.split()[0] == done.stdout.split()[0]
    assert replayed.call("responses", "add", str(packed)).stdout.split()[0] == "0"
    stages = replayed.run("--offline").stages
    assert fake_models.count() == asked
    assert all(stage["calls"] == 0 for stage in stages.values())
    assert stages["claims"]["calls_from_store"] > 0
    assert replayed.export_bytes() == recorded.export_bytes()

    replayed.write("new.txt", "The Danube rises in the Black Forest. The Danube flows through Vienna.")
    missing = replayed.call("run", "--offline")
    assert missing.exit_code == 1
    assert "stage claims" in missing.stderr
    assert fake_models.count() == asked


def test_what_is_no_packed_store_is_refused(project: Project, tmp_path: Path) -> None:
    absent = project.call("responses", "add", str(tmp_path / "nothing"))
    assert absent.exit_code == 1
    assert "There is no file" in absent.stderr
    text = tmp_path / "notes.txt"
    text.write_text("not a database, but long enough to be taken for one " * 20)
    wrong = project.call("responses", "add", str(text))
    assert wrong.exit_code == 1
    assert f"{text} is no response store" in wrong.stderr
