"""Several corpora side by side: each has its own fate, and one whose folder is gone leaves nothing behind."""

import shutil
from dataclasses import replace

from tests.fake_model_server import FakeModelServer
from tests.pipeline.conftest import NewProject
from tests.pipeline.project import ENGLISH


def test_a_corpus_fails_alone_and_one_that_is_gone_leaves_nothing(
    new_project: NewProject, fake_models: FakeModelServer
) -> None:
    good = new_project("two", corpus="good")
    bad = replace(good, corpus="bad")
    good.configure(comprehension={"statements": 1})
    good.write("jupiter.txt", ENGLISH)
    bad.write("bytes.txt", b"\xff\xfe\x80")

    with good.graph() as graph:
        first = good.call("run", "--corpus", "good")
        assert first.exit_code == 0, first.stderr
        assert good.lineage()
        assert graph.counts("good")["Entity"] > 0

        shutil.rmtree(good.documents)
        asked = fake_models.count()
        second = good.call("run")
        assert second.exit_code == 1
        assert "'bad' has nothing to export: documents dropped 1 of 1 rows" in second.stderr
        assert "corpus good" in second.stdout
        assert fake_models.count() == asked
        assert set(graph.counts("good").values()) == {0}
    assert {path.name for path in good.exports.iterdir()} == {"graph.graphml", "graph.json", "report.html"}
    for name in ("graph.json", "report.html"):
        assert "Ganymede" not in (good.exports / name).read_text("utf-8")
    again = good.call("run", "--corpus", "good")
    assert again.exit_code == 1
    assert "There is no corpus 'good': there is bad." in again.stderr

    shutil.rmtree(bad.documents)
    nothing = good.call("run")
    assert nothing.exit_code == 1
    assert "What the workspace holds of bad is kept" in nothing.stderr
    assert bad.frame("SELECT count(*) AS n FROM current_items WHERE stage = 'documents'")["n"][0] == 1
    last = good.call("run", "--corpus", "bad")
    assert last.exit_code == 0, last.stderr
    assert bad.frame("SELECT count(*) AS n FROM current_items WHERE stage = 'documents'")["n"][0] == 0
