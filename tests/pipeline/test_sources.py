"""Documents that are elsewhere, through the command line: read like files, named by their URL, gone when
their source is."""

from collections.abc import Iterator

import pytest

from tests.page_server import PageServer
from tests.pipeline.project import ENGLISH, Project
from tests.security.looking import holds, places_of

PAGE = "<html><title>Moons</title><body><h1>Moons</h1><p>Europa orbits Jupiter.</p></body></html>"
PASSWORD = "Canary-4c1d9e7a5b"
TOKEN = "Canary-token-77f0a1"


@pytest.fixture(scope="module")
def web() -> Iterator[PageServer]:
    with PageServer() as server:
        yield server


def documents(project: Project) -> dict[str, str]:
    rows = project.frame("SELECT document_id, text FROM current_documents ORDER BY document_id")
    return dict(zip(rows["document_id"], rows["text"], strict=True))


def drops(project: Project) -> dict[str, str]:
    rows = project.frame("SELECT item_id, reason FROM current_drops WHERE stage = 'documents'")
    return dict(zip(rows["item_id"], rows["reason"], strict=True))


def of_corpus(project: Project, *urls: str) -> dict[str, object]:
    return {"sources": [{"url": url, "corpus": project.corpus} for url in urls]}


def test_a_page_and_a_file_go_through_the_whole_pipeline(quick_project: Project, web: PageServer) -> None:
    page = {"body": PAGE, "type": "text/html", "etag": '"1"'}
    web.serve({"moons": page, "later.txt": {"status": 503}})
    quick_project.write("jupiter.txt", ENGLISH)
    quick_project.configure(documents=of_corpus(quick_project, web.url("moons"), web.url("later.txt")))
    quick_project.run()
    assert list(documents(quick_project)) == [web.url("moons"), "jupiter.txt"]
    assert "Europa orbits Jupiter." in documents(quick_project)[web.url("moons")]
    assert drops(quick_project) == {web.url("later.txt"): "unreachable"}
    named = {evidence["document"] for row in quick_project.lineage() for evidence in row["evidence"]}
    assert named == {web.url("moons"), "jupiter.txt"}

    again = quick_project.run().stages
    assert again["documents"]["reused"] == 2
    assert sum(stage["calls"] for stage in again.values()) == 0

    # Away for a while: its facts stay, and it is said.
    before = quick_project.export_bytes("report.html")
    web.serve({"moons": {"status": 500}, "later.txt": {"status": 503}})
    quick_project.run()
    assert list(documents(quick_project)) == [web.url("moons"), "jupiter.txt"]
    assert drops(quick_project)[f"{web.url('moons')} (update)"] == "unreachable"
    assert quick_project.export_bytes("report.html") == before

    # Gone: so are its facts.
    web.serve({})
    quick_project.run()
    assert list(documents(quick_project)) == ["jupiter.txt"]
    named = {evidence["document"] for row in quick_project.lineage() for evidence in row["evidence"]}
    assert named == {"jupiter.txt"}
    with quick_project.graph() as graph:
        stored = graph.dump(quick_project.corpus)["nodes"]["Document"]
    assert [node["id"] for node in stored] == ["jupiter.txt"]

    # And back: nothing is paid for twice.
    web.serve({"moons": page})
    back = quick_project.run().stages
    assert back["claims"]["calls"] == 0
    assert quick_project.export_bytes("report.html") == before


def test_status_says_what_sources_changed(quick_project: Project, web: PageServer) -> None:
    web.serve({"a.txt": "Europa orbits Jupiter.", "b.txt": "Io orbits Jupiter."})
    quick_project.configure(documents=of_corpus(quick_project, web.url("a.txt")))
    quick_project.run("--select", "+chunks")

    def freshness() -> str:
        (status,) = quick_project.call("status", "--json", "--corpus", quick_project.corpus).json
        return str(status["stages"][0]["freshness"])

    assert freshness() == "fresh"
    asked = len(web.requests())
    quick_project.configure(documents=of_corpus(quick_project, web.url("b.txt")))
    assert freshness() == "documents: 1 new, 1 removed"
    assert len(web.requests()) == asked  # status asks nobody
    quick_project.run("--select", "+chunks")
    assert list(documents(quick_project)) == [web.url("b.txt")]
    assert freshness() == "fresh"


def test_a_corpus_of_pages_alone_needs_no_folder(quick_project: Project, web: PageServer) -> None:
    web.serve({"a.txt": "Europa orbits Jupiter."})
    quick_project.documents.rmdir()
    quick_project.documents.parent.rmdir()
    quick_project.configure(documents=of_corpus(quick_project, web.url("a.txt")))
    planned = quick_project.call("run", "--dry-run", "--json")
    assert planned.exit_code == 0, planned.stderr
    (claims, *_) = planned.json[0]["stages"]
    assert (claims["stage"], claims["pending"], claims["exact"]) == ("claims", 1, True)
    quick_project.run("--select", "+claims")
    assert list(documents(quick_project)) == [web.url("a.txt")]
    assert "1 sources elsewhere" in quick_project.call("doctor").stdout


def test_offline_nobody_is_asked(quick_project: Project, web: PageServer) -> None:
    web.serve({"a.txt": "Europa orbits Jupiter."})
    quick_project.configure(documents=of_corpus(quick_project, web.url("a.txt")))
    quick_project.run("--select", "+claims")
    asked = len(web.requests())
    quick_project.run("--offline", "--select", "+claims")
    assert len(web.requests()) == asked
    assert list(documents(quick_project)) == [web.url("a.txt")]


def test_without_the_documents_folder_other_corpora_are_not_emptied(
    project: Project, web: PageServer
) -> None:
    web.serve({"a.txt": "Europa orbits Jupiter."})
    tea = project.documents / "tea"
    tea.mkdir()
    (tea / "tea.txt").write_text("Longjing tea grows near Hangzhou.")
    project.configure(documents={"sources": [web.url("a.txt")]})
    result = project.call("run", "--select", "+chunks")
    assert result.exit_code == 0, result.stderr
    project.documents.rename(project.folder / "moved")
    result = project.call("run", "--select", "+chunks")
    assert result.exit_code == 0, result.stderr
    other = Project(project.folder, corpus="tea")
    assert list(documents(other)) == ["tea.txt"]


def test_a_login_and_a_token_appear_nowhere(quick_project: Project, web: PageServer) -> None:
    """Not even where the page repeats them; nor when it refuses them."""
    web.serve({"a.txt": {"body": "Europa orbits Jupiter.", "login": f"someone:{PASSWORD}", "repeats": True}})
    template = f"{web.url('a.txt', '${WIKI_LOGIN}@')}?token=${{WIKI_TOKEN}}"
    quick_project.configure(documents=of_corpus(quick_project, template))
    env = quick_project.folder / ".env"
    env.write_text(f"WIKI_LOGIN=someone:{PASSWORD}\nWIKI_TOKEN={TOKEN}\n")
    said = [
        quick_project.run("--select", "+claims"),
        quick_project.call("status"),
        quick_project.call("doctor"),
    ]
    (name,) = documents(quick_project)
    assert name == f"{web.url('a.txt')}?token=${{WIKI_TOKEN}}"
    assert "You sent Basic [key] and token=[key]" in documents(quick_project)[name]
    assert web.requests()[0]["query"] == f"token={TOKEN}"
    web.serve({"a.txt": {"status": 403, "repeats": True}})
    said += [quick_project.run("--select", "+claims"), quick_project.call("status")]
    assert f"{name} (update)" in drops(quick_project)
    assert not [r for r in said for s in (PASSWORD, TOKEN) if holds(r.stdout + r.stderr, s)]
    env.unlink()
    assert places_of([PASSWORD, TOKEN], quick_project.folder) == []


def test_a_secret_in_the_configuration_file_is_refused(quick_project: Project) -> None:
    quick_project.configure(documents={"sources": [f"https://someone:{PASSWORD}@host/a.txt"]})
    result = quick_project.call("run")
    assert result.exit_code == 1
    assert ".env" in result.stderr
    assert PASSWORD not in result.stderr
    quick_project.configure(documents={"sources": ["https://${NOWHERE}@host/a.txt"]})
    assert "variable NOWHERE" in quick_project.call("run").stderr
    quick_project.configure(documents={"source": ["https://host/a.txt"]})
    assert "did you mean 'sources'" in quick_project.call("run").stderr
