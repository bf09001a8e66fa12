"""How a corpus stands by its records: which documents have changed since they were read, which stages are not
fresh and why. Nothing is run, and no server is started, to know it.

Two ask: `status` shows it, and `nothing_new` decides by it whether a run has anything to do.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter

from kg_assets.export.files import ExportedFile, unchanged
from kg_assets.ingest.documents import Scan, scan_documents
from kg_assets.stage.freshness import REMEMBERED_RUNS, PastRun, stale_because
from kg_assets.stage.recipe import recipe
from kg_assets.stage.stage import Stage
from kg_assets.stages import NAMES, STAGES
from resources.configuration.load import Configuration
from resources.warehouse.warehouse import Warehouse
from resources.workbench import Workbench


def past_runs(warehouse: Warehouse) -> dict[str, list[PastRun]]:
    """The last runs of every stage, in the order of time.

    Raises:
        WarehouseError: the warehouse cannot be read.
    """
    runs: dict[str, list[PastRun]] = {name: [] for name in NAMES}
    latest = (
        "FROM stage_runs SEMI JOIN stages USING (stage) "
        "QUALIFY row_number() OVER (PARTITION BY stage ORDER BY number DESC) <= ? ORDER BY number"
    )
    for run in warehouse.rows(PastRun, latest, [REMEMBERED_RUNS]):
        runs[run.stage].append(run)
    return runs


def documents_now(workbench: Workbench, corpus: str, warehouse: Warehouse) -> Scan | None:
    """What is in the corpus' folder and in the copies of its remote documents; None where there is no folder
    of documents, so that nobody knows.

    Raises:
        SettingsError: the configuration is wrong.
        WarehouseError: the warehouse cannot be read.
    """
    root, configuration = workbench.documents_root(), workbench.configuration()
    if not root.exists() and not configuration.sources:
        return None
    documents, mirror = configuration.settings.documents, workbench.layout.mirror(corpus)
    return scan_documents(warehouse, root, corpus, documents, configuration.sources, mirror)


def documents_changed(scan: Scan, warehouse: Warehouse) -> str:
    """How the files differ from what was read of them, such as `2 new, 1 changed`; empty if they do not.

    Raises:
        WarehouseError: the warehouse cannot be read.
    """
    found = {item.item_id: item.key for item in scan.items}
    read = dict(warehouse.tuples("SELECT item_id, key FROM current_items WHERE stage = 'documents'"))
    counts = {
        "new": len(found.keys() - read.keys()),
        "changed": sum(read.get(item_id, key) != key for item_id, key in found.items()),
        "removed": len(read.keys() - found.keys()),
    }
    said = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    return f"documents: {said}" if said else ""


def files_changed(workbench: Workbench, corpus: str, warehouse: Warehouse) -> dict[str, str]:
    """Of the stages that write files, by name, those whose files are not in the folder of exports as they
    wrote them.

    Raises:
        WarehouseError: the warehouse cannot be read.
    """
    folder = workbench.layout.exports(corpus)
    return {
        stage.name: "its files are gone or changed"
        for stage in STAGES
        if stage.row_type is ExportedFile
        and not all(
            file.path.is_relative_to(folder) and unchanged(file)
            for file in warehouse.rows(ExportedFile, f"FROM current_{stage.name}")
        )
    }


def stale_stages(
    runs: Mapping[str, Sequence[PastRun]],
    configuration: Configuration,
    changed: str,
    upstream: Callable[[Stage], Iterable[Stage]] = attrgetter("upstream"),
) -> dict[str, str]:
    """Why stages would run again, by name; those that are fresh are left out.

    Args:
        runs: the past runs of every stage.
        configuration: the present one.
        changed: how documents differ from what was read of them; empty if they do not.
        upstream: whose runs since then count: those that a stage reads, or all before it.
    """
    stale: dict[str, str] = {}
    for stage in STAGES:
        reason = changed if not stage.upstream and runs[stage.name] else ""
        now = recipe(stage, configuration)
        if reason := reason or stale_because(stage, runs, now, upstream(stage), stale):
            stale[stage.name] = reason
    return stale
