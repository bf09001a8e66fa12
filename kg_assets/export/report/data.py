"""What the report is made of: plain values, read from the warehouse elsewhere. How they look is not here.

The report's bytes are a function of these values. None of them is a time, and costs are those of the response
store, which do not depend on how often a run was stopped: equal results give equal reports.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from kg_assets.domain import Comprehension, Evidence, GraphUnit, Subgraph
from kg_assets.export.files import ExportedFile
from kg_assets.export.pair import ExportPair
from kg_assets.stage.charts import Bin
from kg_assets.stage.costs import Cost, FormCost


@dataclass(frozen=True, slots=True)
class ReportDocument:
    """One document that went in: its length in characters, and what came of it. `drops` counts its drops."""

    document_id: str
    version: str
    language: str
    chars: int
    chunks: int
    claims: int
    drops: int


@dataclass(frozen=True, slots=True)
class ReportPage:
    """One page of an encyclopedia: the entity that led to it, and how many claims were found in it."""

    title: str
    url: str
    entity: str
    claims: int


@dataclass(frozen=True, slots=True)
class ReportStage:
    """The rows of one asset as they stand, and what all of its model calls cost."""

    asset: str
    rows_in: int
    kept: int
    dropped: int
    cost: Cost


@dataclass(frozen=True, slots=True)
class DropGroup:
    """Rows that one stage dropped for one reason, and a few of them as text (raw response or detail)."""

    stage: str
    reason: str
    rows: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GateCount:
    """Of how many pairs a gate found nothing, of how many something, and how many it stopped for that."""

    gate: str
    description: str
    passed: int
    flagged: int
    stopped: int


@dataclass(frozen=True, slots=True)
class TraineeResult:
    """How one trainee did on the whole corpus.

    `units` were measured with `judgements` judgements. Confidence, accuracy, ECE and Brier score are
    fractions, loss is in nats; `bins` are as `kg_assets.comprehension.calibration` makes them.
    """

    trainee: str
    units: int
    judgements: int
    mean_confidence: float
    mean_loss: float
    accuracy: float
    ece: float
    brier: float
    bins: tuple[Bin, ...]


@dataclass(frozen=True, slots=True)
class TagCount:
    """How many chunks and exported pairs have a tag (empty: none), and how many pairs balancing left out."""

    tag: str
    chunks: int
    pairs: int
    left_out: int


@dataclass(frozen=True, slots=True)
class ReportData:
    """All that `render_report` shows.

    Args:
        trainee: the trainee whose losses `comprehension` has; None without one.
        parameters: label and value of each setting worth showing, in order.
        model_costs: by role and model.
        document_costs: the costliest documents first; what belongs to none of them under an empty name.
        form_costs: by the form of the exported pairs.
        evidence: by unit id, for the units whose evidence is shown, where they are supported, in document
            order.
        comprehension: by unit id; a unit that was not measured has no entry.
        results: the result of `trainee` first, then other trainees to compare with.
        comprehension_note: a sentence for the reader where losses are absent or doubtful, or an empty string.
        pair_counts: exported pairs by form.
        examples: pairs to show, a few of each form.
        pages: those of an encyclopedia that facts were taken from; empty without enrichment.
        gates: those that have judged a pair, in their order.
        tags: those that something has, in the order of the tree; empty without a taxonomy.
    """

    corpus: str
    synthesizer: str
    trainee: str | None
    parameters: tuple[tuple[str, str], ...]
    documents: tuple[ReportDocument, ...]
    stages: tuple[ReportStage, ...]
    model_costs: tuple[tuple[str, Cost], ...]
    document_costs: tuple[tuple[str, Cost], ...]
    form_costs: tuple[FormCost, ...]
    drops: tuple[DropGroup, ...]
    units: tuple[GraphUnit, ...]
    evidence: Mapping[str, tuple[Evidence, ...]]
    comprehension: Mapping[str, Comprehension]
    results: tuple[TraineeResult, ...]
    comprehension_note: str
    subgraphs: tuple[Subgraph, ...]
    pair_counts: Mapping[str, int]
    examples: tuple[ExportPair, ...]
    exports: tuple[ExportedFile, ...]
    pages: tuple[ReportPage, ...] = ()
    tags: tuple[TagCount, ...] = ()
    gates: tuple[GateCount, ...] = ()
