"""The stages of the export group. They write files and have no plan: their rows say what was written."""

from collections.abc import Sequence

from kg_assets.comprehension.plan import COMPREHENSION
from kg_assets.export.files import ExportedFile
from kg_assets.export.formats.format import Format
from kg_assets.export.formats.table import FORMATS
from kg_assets.graph.plan import KNOWLEDGE_GRAPH
from kg_assets.quality.plan import TAGGED_QA
from kg_assets.stage.stage import Stage

EXPORT_VERSION = "3"
SHOWN_SETTINGS = (
    "chunking.max_tokens",
    "chunking.overlap_tokens",
    "chunking.strategy",
    "extraction.entity_types",
    "extraction.schema",
    "extraction.max_gleanings",
    "comprehension.statements",
    "traverse_strategy.expand_method",
    "traverse_strategy.edge_sampling",
    "traverse_strategy.max_depth",
    "traverse_strategy.qa_form",
    "qa.forms",
)
"""Settings that the report names."""


def training_version(formats: Sequence[Format]) -> str:
    """The version of all training files: `3`, or `3; chatml 2` once a format is past its first version."""
    changed = [f"{format.name} {format.version}" for format in formats if format.version != "1"]
    return "; ".join([EXPORT_VERSION, *changed])


SFT_DATASETS = Stage(
    name="sft_datasets",
    group="export",
    row_type=ExportedFile,
    upstream=(TAGGED_QA,),
    version=training_version(FORMATS),
    plan=None,
    settings=("export.formats", "export.system_prompt"),
    kinds=frozenset({"file", "json"}),
    checks=(("evidence_is_the_source", "Evidence text equals the document's own span."),),
    may_drop=False,
    needs_rows=False,
)
GRAPH_EXPORT = Stage(
    name="graph_export",
    group="export",
    row_type=ExportedFile,
    upstream=(KNOWLEDGE_GRAPH, COMPREHENSION),
    version=EXPORT_VERSION,
    plan=None,
    kinds=frozenset({"file"}),
    may_drop=False,
    needs_rows=False,
)
REPORT = Stage(
    name="report",
    group="export",
    row_type=ExportedFile,
    upstream=(SFT_DATASETS, GRAPH_EXPORT),
    version=EXPORT_VERSION,
    plan=None,
    settings=SHOWN_SETTINGS,
    further=("synthesizer", "trainee"),
    kinds=frozenset({"html"}),
    may_drop=False,
    needs_rows=False,
)
