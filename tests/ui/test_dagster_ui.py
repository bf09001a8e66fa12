"""`graphtutor ui` as a user has it: asset graph, runs by clicks, an asset's page, the sensor, the end.

The tests share one UI; each waits for what it needs. The last one ends it.
"""

import re
import sys
from collections.abc import Iterator

import pytest

from dagster_project.definitions import defs
from dagster_project.jobs import GROUPS
from kg_assets.stages import NAMES
from tests.fake_model_server import FakeModelServer
from tests.pipeline.project import CANARY_KEY, Project
from tests.ui.served import STOP_S, ServedUi, processes_of, wait_until

sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect
pytestmark = pytest.mark.ui

SENSOR_S = 90.0
NEW_SENTENCE = "Callisto is a moon of Jupiter that orbits beyond Ganymede.\n"


@pytest.fixture(scope="module")
def ui(project: Project) -> Iterator[ServedUi]:
    """`graphtutor ui` on the project, ready. Its sensor finds the documents and starts a run by itself."""
    command = [sys.executable, "-m", "dagster_project.cli", "ui", "--workspace", str(project.workspace)]
    command += ["--documents", str(project.folder / "documents")]
    with ServedUi(command, "--port", project.folder, project.environment()) as ui:
        yield ui.wait_until_ready()


def test_the_asset_graph_shows_all_assets_in_their_groups_with_their_kinds(
    page: "sync_api.Page", ui: ServedUi
) -> None:
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.set_viewport_size({"width": 8000, "height": 1800})  # at less width the boxes show names only

    page.goto(ui.url)
    _go_to(page, "Lineage")
    page.get_by_role("button", name="settings", exact=True).click()
    page.get_by_role("menuitem", name=re.compile("Expand all groups")).click()

    boxes = page.locator("foreignObject")
    for group in GROUPS:
        expect(boxes.get_by_text(group, exact=True).first).to_be_visible()
    assets = boxes.filter(has_text="Asset checks")
    expect(assets).to_have_count(len(NAMES))
    for spec in defs.resolve_all_asset_specs():
        box = assets.filter(has=page.get_by_text(spec.key.path[-1], exact=True))
        expect(box).to_be_visible()
        for kind in spec.kinds:
            expect(box.get_by_text(re.compile(f"^{kind}$", re.IGNORECASE))).to_be_visible()

    _go_to(page, "Deployment")
    expect(page.get_by_text("Loaded", exact=True)).to_be_visible()
    expect(page.locator("[data-sonner-toast]")).to_have_count(0)
    assert complaints == []


def test_materialize_all_for_a_corpus_succeeds(page: "sync_api.Page", ui: ServedUi, project: Project) -> None:
    page.goto(ui.url)
    _go_to(page, "Lineage")
    run = ui.finished(_launch(page, "Materialize all…", project.corpus))

    assert run.status == "SUCCESS", ui.failures(run)
    assert ui.materialised_by(run) == set(NAMES)
    assert {path.name for path in project.exports.iterdir()} > {"report.html", "alpaca.json", "graph.graphml"}


def test_an_assets_page_shows_description_owner_counts_preview_and_the_reliability_curve(
    page: "sync_api.Page", ui: ServedUi
) -> None:
    _wait_for_a_success(ui)
    page.goto(ui.url)
    _go_to(page, "Catalog")
    page.locator('a[href="/assets/comprehension"]').click()

    expect(page.get_by_text(re.compile("^How well the trainee knows each unit"))).to_be_visible()
    expect(page.get_by_text("graphtutor", exact=True)).to_be_visible()
    assert int(_fact(page, "rows in").inner_text()) > 0
    assert 0 < float(_fact(page, "ECE").inner_text()) < 1
    shown = _fact(page, "preview").get_by_role("row")
    expect(shown).to_have_count(6)
    header, *rows = shown.all()
    assert header.inner_text().split() == ["unit", "loss", "confidence", "description"]
    losses = [float(row.get_by_role("cell").nth(1).inner_text()) for row in rows]
    assert losses == sorted(losses, reverse=True)
    assert "&#" not in _fact(page, "preview").inner_text()  # signs of Markdown are read as what they are

    _fact(page, "reliability curve").get_by_text("[Show Markdown]").click()
    picture = page.get_by_role("dialog").get_by_role("img", name="reliability curve")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.complete && image.naturalWidth") > 300
    page.get_by_role("button", name="Close").click()

    page.get_by_role("tab", name="Checks").click()
    for check in ("yields_rows", "drops_share", "losses_vary"):
        expect(page.get_by_text(check, exact=True).first).to_be_visible()
    expect(page.get_by_text("Succeeded", exact=True)).to_have_count(3)


def test_one_stage_can_be_rerun_alone_and_asks_no_model_again(
    page: "sync_api.Page", ui: ServedUi, project: Project, model_server_process: FakeModelServer
) -> None:
    _wait_for_a_success(ui)
    calls = model_server_process.count()
    page.goto(ui.url)
    _go_to(page, "Catalog")
    page.locator('a[href="/assets/qa_atomic"]').click()
    run = ui.finished(_launch(page, "Materialize…", project.corpus))

    assert run.status == "SUCCESS", ui.failures(run)
    assert ui.materialised_by(run) == {"qa_atomic"}
    assert model_server_process.count() == calls > 0
    expect(_fact(page, "new")).to_have_text("0")
    expect(_fact(page, "reused")).not_to_have_text("0")


def test_the_pipeline_and_each_group_are_jobs(page: "sync_api.Page", ui: ServedUi) -> None:
    page.goto(ui.url)
    _go_to(page, "Jobs")
    for job in ("pipeline", *(f"{group}_only" for group in GROUPS)):
        expect(page.locator(f'a[href$="/jobs/{job}"]')).to_be_visible()


def test_the_sensor_is_on_and_starts_one_run_for_a_new_file(
    page: "sync_api.Page", ui: ServedUi, project: Project
) -> None:
    _wait_for_a_success(ui)
    page.goto(ui.url)
    _go_to(page, "Automation")
    page.get_by_role("link", name="documents_sensor").click()
    expect(page.get_by_text("Running", exact=True)).to_be_visible()
    expect(page.get_by_role("checkbox")).to_be_checked()

    before = {run.run_id for run in ui.runs()}
    project.write("callisto.txt", NEW_SENTENCE)
    found = wait_until(
        lambda: next((run for run in ui.runs() if run.run_id not in before), None),
        SENSOR_S,
        lambda: f"the sensor starts no run; runs: {ui.runs()}\n{ui.output[-2000:]}",
    )
    run = ui.finished(found.run_id)  # takes longer than two ticks of the sensor

    assert run.status == "SUCCESS", ui.failures(run)
    assert [(run.run_id, run.by_sensor) for run in ui.runs() if run.run_id not in before] == [
        (found.run_id, True)
    ]
    _go_to(page, "Runs")
    expect(page.get_by_role("link", name=found.run_id[:8])).to_be_visible()
    expect(page.get_by_role("link", name="documents_sensor").first).to_be_visible()


def test_sigterm_in_the_middle_of_a_run_ends_every_process_of_the_workspace(
    page: "sync_api.Page", ui: ServedUi, project: Project, model_server_process: FakeModelServer
) -> None:
    ui.wait_until_idle()
    model_server_process.configure(latency_s=3.0)
    project.write("jupiter.md", "The Juno probe has orbited Jupiter since 2016. Juno was built in Denver.\n")
    page.goto(ui.url)
    _go_to(page, "Lineage")
    run_id = _launch(page, "Materialize all…", project.corpus)
    wait_until(
        lambda: [name for name in processes_of(project.workspace) if "keeper" in name] or None,
        SENSOR_S,
        lambda: f"no embedded server is started; {ui.run(run_id)}\n{ui.output[-2000:]}",
    )

    assert ui.stop() == 0
    wait_until(
        lambda: None if processes_of(project.workspace) else True,
        STOP_S,
        lambda: "\n".join(["still there:", *processes_of(project.workspace)]),
    )
    assert CANARY_KEY not in ui.output


def _go_to(page: "sync_api.Page", place: str) -> None:
    """A place of the navigation on the left."""
    page.get_by_role("navigation").get_by_role("link", name=place).click()


def _launch(page: "sync_api.Page", button: str, corpus: str) -> str:
    """Clicks from the button that materialises to the launched run; returns the beginning of its id."""
    page.get_by_role("button", name=button).click()
    page.get_by_text("Select a partition or create one").click()
    page.get_by_role("menuitem", name=corpus).click()
    page.get_by_role("button", name="Launch 1 run").click()
    toast = page.get_by_text(re.compile("Launched run [0-9a-f]{8}")).first
    return toast.inner_text().split()[2]


def _fact(page: "sync_api.Page", name: str) -> "sync_api.Locator":
    """The value of an entry of the latest materialisation's metadata."""
    return page.get_by_role("row").filter(has=page.get_by_text(name, exact=True)).first.locator("> td").last


def _wait_for_a_success(ui: ServedUi) -> None:
    """Waits until a run of all assets has succeeded and nothing is under way."""
    wait_until(
        lambda: next((run for run in ui.runs() if run.status == "SUCCESS"), None),
        SENSOR_S * 2,
        lambda: f"no run has succeeded: {[(run, ui.failures(run)) for run in ui.runs()]}",
    )
    ui.wait_until_idle()
