"""From one QA pair back to the sentences that support it, shown in their context."""

from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from dagster_project.plain import plain
from kg_assets.domain import Evidence
from kg_assets.export.pair import ExportPair
from kg_assets.export.pairs import pairs_that_begin_with
from kg_assets.graph.reads import current_evidence, current_texts, current_units
from resources.errors import SettingsError
from resources.warehouse.warehouse import Warehouse
from resources.workbench import Workbench

CONTEXT_CHARS = 120


@dataclass(frozen=True, slots=True)
class TracedSpan:
    """A span of source text with what stands before and after it."""

    evidence: Evidence
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class TracedUnit:
    """A fact that the pair is about, and where it stands."""

    unit_id: str
    kind: str
    name: str
    description: str
    spans: tuple[TracedSpan, ...]


@dataclass(frozen=True, slots=True)
class Trace:
    """A pair with its facts and their sources."""

    corpus: str
    pair: ExportPair
    units: tuple[TracedUnit, ...]


def trace_pair(workbench: Workbench, corpora: list[str], qa_id: str) -> Trace:
    """Find a pair in any corpus; the beginning of its id is enough where it is unique.

    Raises:
        SettingsError: no pair, or several, have an id that begins like this, or its facts are gone.
    """
    found: list[tuple[str, ExportPair]] = []
    for corpus in corpora:
        pairs = pairs_that_begin_with(Warehouse(workbench.layout.warehouse(corpus)), qa_id)
        found += [(corpus, pair) for pair in pairs]
    if not found:
        raise SettingsError(
            f"No exported pair has the id {qa_id!r}: lineage.jsonl in the exports folder lists all ids."
        )
    if len(found) > 1:
        raise SettingsError(f"{len(found)} pairs have an id that begins with {qa_id!r}: give more of it.")
    corpus, pair = found[0]
    return _traced(Warehouse(workbench.layout.warehouse(corpus)), corpus, pair)


def print_trace(trace: Trace) -> None:
    """The pair, its facts, and the source text with the evidence marked."""
    console = Console(highlight=False, soft_wrap=True)
    console.print(
        Text.assemble((trace.pair.form, "bold"), f"  {trace.pair.qa_id}  ({trace.pair.difficulty})")
    )
    console.print(Text(f"Q  {plain(trace.pair.question)}"))
    console.print(Text(f"A  {plain(trace.pair.answer)}"))
    for step in trace.pair.reasoning:
        console.print(Text(f"   → {plain(step)}"))
    for unit in trace.units:
        console.print(
            Text.assemble(
                "\n", (unit.kind, "dim"), " ", (plain(unit.name), "bold"), "\n  ", plain(unit.description)
            )
        )
        for span in unit.spans:
            e = span.evidence
            where = plain(e.document) + ("" if e.page is None else f" page {e.page}")
            where += " (looked up)" if e.origin else ""
            console.print(
                Text(
                    f"  {where} [{e.start}:{e.end}] version {e.document_version[:8]}, {e.chunk_id}",
                    "dim",
                )
            )
            marked = (plain(e.text), "reverse") if console.is_terminal else f"【{plain(e.text)}】"
            console.print(
                Text.assemble("  ", (plain(span.before), "dim"), marked, (plain(span.after), "dim"))
            )


def _traced(warehouse: Warehouse, corpus: str, pair: ExportPair) -> Trace:
    texts = current_texts(warehouse)
    units, evidence = current_units(warehouse), current_evidence(warehouse, pair.unit_ids)
    if not set(pair.unit_ids) <= set(units):
        raise SettingsError(
            f"The graph of corpus {corpus} has changed since {pair.qa_id} was written, and some of its facts "
            "are gone: call graphtutor run to bring the pairs in line."
        )
    traced = []
    for unit_id in pair.unit_ids:
        unit = units[unit_id]
        spans = tuple(_span(texts[e.document], e) for e in evidence.get(unit_id, ()))
        name = unit.name or f"{unit.source} → {unit.target}"
        traced.append(TracedUnit(unit_id, unit.kind, name, unit.description, spans))
    return Trace(corpus, pair, tuple(traced))


def _span(text: str, evidence: Evidence) -> TracedSpan:
    before = text[max(0, evidence.start - CONTEXT_CHARS) : evidence.start]
    after = text[evidence.end : evidence.end + CONTEXT_CHARS]
    return TracedSpan(
        evidence,
        ("…" if evidence.start > CONTEXT_CHARS else "") + before,
        after + ("…" if evidence.end + CONTEXT_CHARS < len(text) else ""),
    )
