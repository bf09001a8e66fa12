"""The export group: files for the trainers, the graph as files, and the report."""

from collections.abc import Sequence
from pathlib import Path

import dagster as dg

from kg_assets.checks import blocking, check_specs, stage_checks
from kg_assets.comprehension.assets import comprehension
from kg_assets.costs import copy_calls
from kg_assets.domain import Comprehension, fingerprint
from kg_assets.export.collect import EXPORT_VERSION, report_data, what_was_lost
from kg_assets.export.files import Content, ExportedFile, unchanged, write_files
from kg_assets.export.graph_files import write_graph
from kg_assets.export.pairs import export_pairs, mismatched_evidence
from kg_assets.export.report import render_report
from kg_assets.export.sft import remove_exports, write_exports
from kg_assets.graph.assets import knowledge_graph
from kg_assets.ledger import WorkItem, as_it_is
from kg_assets.materialize import OWNERS, StageRun, corpora
from kg_assets.shown import StageRow
from kg_assets.taxonomy.assets import tagged_qa
from kg_assets.taxonomy.plan import current_tree
from kg_assets.warehouse_reads import current_evidence, current_spellings, current_units
from resources.errors import EmptyResultError
from resources.workbench import Workbench


@dg.asset(
    group_name="export",
    partitions_def=corpora,
    code_version=EXPORT_VERSION,
    owners=OWNERS,
    kinds={"file", "json"},
    deps=[tagged_qa],
    check_specs=check_specs(
        "sft_datasets", ("evidence_is_the_source", "Evidence text equals the document's own span.")
    ),
)
def sft_datasets(context: dg.AssetExecutionContext, workbench: Workbench) -> dg.MaterializeResult:
    """Alpaca, ShareGPT and ChatML files, dataset_info.json for LLaMA-Factory, the lineage of every pair."""
    with StageRun(context, workbench) as stage:
        if (same := stage.as_it_was(lambda _last: _written(stage))) is not None:
            return same
        pairs = export_pairs(stage.warehouse)
        if pairs:
            tree = current_tree(stage.warehouse)
            files = write_exports(
                _directory(stage),
                stage.bench.corpus,
                pairs,
                stage.settings.export,
                tree if tree.branches else None,
            )
        elif stage.warehouse.scalar("SELECT count(*) FROM current_items WHERE stage = 'documents'"):
            raise EmptyResultError(
                f"Corpus {stage.bench.corpus!r} has nothing to export: {what_was_lost(stage.warehouse)}. "
                "`graphtutor status` shows every stage."
            )
        else:  # its documents are all gone, so nothing was lost: what was made of them goes too
            remove_exports(_directory(stage))
            files = []
        row = _record(stage, files)
        wrong = mismatched_evidence(stage.warehouse, pairs)
        traced = blocking(
            "evidence_is_the_source", not wrong, f"{len(wrong)} of {len(pairs)} pairs differ {wrong[:5]}"
        )
        return stage.result(
            row,
            preview=stage.warehouse.frame("SELECT form, question, answer FROM exported_qa LIMIT 5"),
            facts={"pairs": len(pairs), "folder": dg.MetadataValue.path(str(_directory(stage)))},
            checks=[*stage_checks(row), traced],
        )


@dg.asset(
    group_name="export",
    partitions_def=corpora,
    code_version=EXPORT_VERSION,
    owners=OWNERS,
    kinds={"file"},
    deps=[knowledge_graph, comprehension],
    check_specs=check_specs("graph_export"),
)
def graph_export(context: dg.AssetExecutionContext, workbench: Workbench) -> dg.MaterializeResult:
    """The graph with its losses as GraphML and JSON."""
    with StageRun(context, workbench) as stage:
        if (same := stage.as_it_was(lambda _last: _written(stage))) is not None:
            return same
        measured = {c.unit_id: c for c in stage.warehouse.rows(Comprehension, "FROM current_comprehension")}
        support = {
            unit_id: list(dict.fromkeys(span.chunk_id for span in spans))
            for unit_id, spans in current_evidence(stage.warehouse).items()
        }
        units = list(current_units(stage.warehouse).values())
        row = _record(
            stage,
            write_graph(_directory(stage), units, measured, support, current_spellings(stage.warehouse)),
        )
        return stage.result(
            row, preview=stage.preview("format, rows, left(sha256, 12) AS sha256"), checks=stage_checks(row)
        )


@dg.asset(
    group_name="export",
    partitions_def=corpora,
    code_version=EXPORT_VERSION,
    owners=OWNERS,
    kinds={"html"},
    deps=[sft_datasets, graph_export],
    check_specs=check_specs("report"),
)
def report(context: dg.AssetExecutionContext, workbench: Workbench) -> dg.MaterializeResult:
    """One self-contained page: what went in, the graph, the blind spots, cost, examples, what was dropped."""
    with StageRun(context, workbench) as stage:
        if (same := stage.as_it_was(lambda _last: _written(stage))) is not None:
            return same
        copy_calls(stage.warehouse, stage.bench.responses(), stage.bench.corpus)
        files = stage.warehouse.rows(
            ExportedFile, "FROM current_sft_datasets UNION ALL FROM current_graph_export"
        )
        data = report_data(stage.warehouse, stage.bench.corpus, stage.bench.configuration, files)
        page = Content("html", 1, [render_report(data).encode("utf-8")])
        row = _record(stage, write_files(_directory(stage), {"report.html": page}))
        path = dg.MetadataValue.path(str(_directory(stage) / "report.html"))
        return stage.result(row, facts={"page": path}, checks=stage_checks(row))


def _written(stage: StageRun) -> bool:
    """Whether the stage's files are as it wrote them."""
    files = stage.warehouse.rows(ExportedFile, f"FROM current_{stage.stage}")
    return all(unchanged(file) for file in files) and all(
        file.path.parent == _directory(stage) for file in files
    )


def _directory(stage: StageRun) -> Path:
    return stage.bench.layout.exports(stage.bench.corpus)


def _record(stage: StageRun, files: Sequence[ExportedFile]) -> StageRow:
    """Written files as the stage's rows; a stage that runs writes them all, whatever is there."""
    items = [
        WorkItem(f.path.name, fingerprint(EXPORT_VERSION, f.path.name, f.format, f.sha256), f) for f in files
    ]
    return stage.execute(items, as_it_is)
