"""Curated pairs with all that they rest on, read from the warehouse: its views `exported_pairs` and
`unit_evidence` join what the stages say of them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kg_assets.domain import Difficulty, Evidence
from kg_assets.export.pair import ExportPair
from kg_assets.graph.reads import UnitEvidence, current_texts, evidence_by_unit
from resources.warehouse.warehouse import Warehouse, read_rows

SPANS_PER_UNIT = 20
EXAMPLES_PER_FORM = 5


def export_pairs(warehouse: Warehouse) -> list[ExportPair]:
    """Every curated pair that balancing leaves in, with evidence, difficulty and mean loss, in stable order.

    Pairs whose subgraph is gone are left out: they wait for the question stages to run again.
    """
    return _pairs(warehouse)


def example_pairs(warehouse: Warehouse) -> list[ExportPair]:
    """A curated pair of each form, always the same."""
    return _pairs(
        warehouse,
        "QUALIFY row_number() OVER (PARTITION BY form ORDER BY qa_id) = 1 ORDER BY form_place",
    )


def worst_known_pairs(warehouse: Warehouse) -> list[ExportPair]:
    """The first few pairs of each form whose facts are known worst."""
    return _pairs(warehouse, f"WHERE worst_known <= {EXAMPLES_PER_FORM} ORDER BY form_place, worst_known")


class EvidenceChoice:
    """Which spans a pair shows: all of them, but of a unit that more than SPANS_PER_UNIT spans support only
    so many, those first whose chunk also supports another unit of the pair. A thing that every document
    mentions would otherwise stand under every pair about it with every document.
    """

    def __init__(self, evidence: Mapping[str, tuple[Evidence, ...]]) -> None:
        self._evidence = evidence
        self._by_chunk: dict[str, dict[str, list[Evidence]]] = {}
        for unit_id, spans in evidence.items():
            if len(spans) > SPANS_PER_UNIT:
                by_chunk = self._by_chunk[unit_id] = defaultdict(list)
                for span in spans:
                    by_chunk[span.chunk_id].append(span)

    def of(self, unit_ids: Sequence[str]) -> tuple[Evidence, ...]:
        """The spans of a pair about these units, unit by unit."""
        few = [unit_id for unit_id in unit_ids if unit_id not in self._by_chunk]
        chunks = dict.fromkeys(span.chunk_id for unit_id in few for span in self._evidence.get(unit_id, ()))
        found: dict[Evidence, None] = {}
        for unit_id in unit_ids:
            spans = self._evidence.get(unit_id, ())
            if unit_id in self._by_chunk:
                near = [span for chunk in chunks for span in self._by_chunk[unit_id].get(chunk, ())]
                spans = tuple(dict.fromkeys([*near, *spans[:SPANS_PER_UNIT]]))[:SPANS_PER_UNIT]
            found |= dict.fromkeys(spans)
        return tuple(found)


def mismatched_evidence(warehouse: Warehouse, pairs: Sequence[ExportPair]) -> list[str]:
    """Ids of pairs with evidence whose text is not the document's own at that place."""
    texts = current_texts(warehouse)
    return [
        pair.qa_id
        for pair in pairs
        if any(texts.get(e.document, "")[e.start : e.end] != e.text for e in pair.evidence)
    ]


@dataclass(frozen=True, slots=True)
class _Pair:
    """A row of `exported_pairs`."""

    qa_id: str
    form: str
    question: str
    answer: str
    details: Mapping[str, Any]
    unit_ids: tuple[str, ...]
    difficulty: Difficulty
    loss: float | None
    tag: str | None


def _pairs(warehouse: Warehouse, which: str = "") -> list[ExportPair]:
    """The exported pairs, or a few of them; `which` is SQL of ours that follows their view."""
    chosen = f"SELECT qa_id FROM exported_pairs {which}"
    with warehouse.connect() as connection:
        pairs = read_rows(connection, _Pair, f"FROM exported_pairs {which}")
        spans = read_rows(
            connection,
            UnitEvidence,
            "FROM unit_evidence WHERE unit_id IN "
            f"(SELECT unit_id FROM exported_units WHERE qa_id IN ({chosen}))",
        )
    evidence = EvidenceChoice(evidence_by_unit(spans))
    return [
        ExportPair(
            qa_id=pair.qa_id,
            form=pair.form,
            question=pair.question,
            answer=pair.answer,
            difficulty=pair.difficulty,
            loss=pair.loss,
            unit_ids=pair.unit_ids,
            evidence=evidence.of(pair.unit_ids),
            details=pair.details,
            tag=pair.tag,
        )
        for pair in pairs
    ]
