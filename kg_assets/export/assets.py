"""The export group: files for the trainers, the graph as files, and the report."""

from collections.abc import Sequence
from dataclasses import replace

import dagster as dg

from kg_assets.domain import Comprehension, fingerprint
from kg_assets.entities.reads import current_spellings
from kg_assets.export.files import Content, ExportedFile, unchanged, write_files
from kg_assets.export.graph_files import write_graph
from kg_assets.export.pairs import export_pairs, mismatched_evidence
from kg_assets.export.plan import GRAPH_EXPORT, REPORT, SFT_DATASETS
from kg_assets.export.report.collect import report_data
from kg_assets.export.report.render import render_report
from kg_assets.export.training_files import remove_exports, write_exports
from kg_assets.graph.reads import current_evidence, current_units
from kg_assets.stage.asset import stage_asset
from kg_assets.stage.checks import blocking
from kg_assets.stage.costs import copy_calls
from kg_assets.stage.ledger import WorkItem, as_it_is
from kg_assets.stage.lost import what_was_lost
from kg_assets.stage.run import StageRun
from kg_assets.stage.shown import Materialization, StageRow
from kg_assets.stage.stage import Plan, Stage, line_to
from kg_assets.taxonomy.plan import current_tree
from resources.errors import EmptyResultError


def _are_written(run: StageRun, _last: Materialization) -> bool:
    """Whether the stage's files are as it wrote them."""
    files = run.warehouse.rows(ExportedFile, f"FROM current_{run.name}")
    return all(unchanged(file) and file.path.is_relative_to(run.bench.exports) for file in files)


@stage_asset(SFT_DATASETS, holds=_are_written)
def sft_datasets(run: StageRun) -> dg.MaterializeResult:
    """Training files in the configured formats, dataset_info.json for LLaMA-Factory, each pair's lineage."""
    pairs, folder = export_pairs(run.warehouse), run.bench.exports
    earlier = [name for (name,) in run.warehouse.tuples("SELECT item_id FROM current_sft_datasets")]
    if pairs:
        tree = current_tree(run.warehouse)
        files = write_exports(
            folder, run.bench.corpus, pairs, run.settings.export, tree if tree.branches else None, earlier
        )
    elif run.warehouse.scalar("SELECT count(*) FROM current_items WHERE stage = 'documents'"):
        raise EmptyResultError(
            f"Corpus {run.bench.corpus!r} has nothing to export: "
            f"{what_was_lost(run.warehouse, line_to(SFT_DATASETS))}. `graphtutor status` shows every stage."
        )
    else:  # its documents are all gone, so nothing was lost: what was made of them goes too
        remove_exports(folder, earlier)
        files = []
    row = _record(run, SFT_DATASETS, files)
    wrong = mismatched_evidence(run.warehouse, pairs)
    traced = blocking(
        "evidence_is_the_source", not wrong, f"{len(wrong)} of {len(pairs)} pairs differ {wrong[:5]}"
    )
    return run.result(
        row,
        preview=run.warehouse.frame("SELECT form, question, answer FROM exported_qa LIMIT 5"),
        facts={"pairs": len(pairs), "folder": dg.MetadataValue.path(str(folder))},
        checks=[traced],
    )


@stage_asset(GRAPH_EXPORT, holds=_are_written)
def graph_export(run: StageRun) -> dg.MaterializeResult:
    """The graph with its losses as GraphML and JSON."""
    measured = {c.unit_id: c for c in run.warehouse.rows(Comprehension, "FROM current_comprehension")}
    support = {
        unit_id: list(dict.fromkeys(span.chunk_id for span in spans))
        for unit_id, spans in current_evidence(run.warehouse).items()
    }
    units = list(current_units(run.warehouse).values())
    spelt = current_spellings(run.warehouse)
    files = write_graph(run.bench.exports, units, measured, support, spelt)
    row = _record(run, GRAPH_EXPORT, files)
    return run.result(row, preview=run.preview("format, rows, left(sha256, 12) AS sha256"))


@stage_asset(REPORT, holds=_are_written)
def report(run: StageRun) -> dg.MaterializeResult:
    """One self-contained page: what went in, the graph, the blind spots, cost, examples, what was dropped."""
    copy_calls(run.warehouse, run.bench.responses(), run.bench.corpus)
    written = run.warehouse.rows(
        ExportedFile, "FROM current_sft_datasets UNION ALL FROM current_graph_export"
    )
    files = [replace(file, path=file.path.relative_to(run.bench.exports)) for file in written]
    data = report_data(run.bench, line_to(REPORT), files)
    page = Content("html", 1, [render_report(data).encode("utf-8")])
    row = _record(run, REPORT, write_files(run.bench.exports, {"report.html": page}))
    path = dg.MetadataValue.path(str(run.bench.exports / "report.html"))
    return run.result(row, facts={"page": path})


def _record(run: StageRun, stage: Stage, files: Sequence[ExportedFile]) -> StageRow:
    """Written files as the stage's rows; a stage that runs writes them all, whatever is there."""
    names = [file.path.relative_to(run.bench.exports).as_posix() for file in files]
    items = [
        WorkItem(name, fingerprint(stage.version, name, file.format, file.sha256), file)
        for name, file in zip(names, files, strict=True)
    ]
    return run.execute(Plan(items, as_it_is))
