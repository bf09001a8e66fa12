"""Curated pairs with all that they rest on, read from the warehouse."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kg_assets.comprehension.reads import current_losses
from kg_assets.domain import Difficulty, Evidence, QaPair
from kg_assets.export.pair import ExportPair
from kg_assets.graph.reads import current_evidence, current_texts
from kg_assets.quality.tags import pair_tags
from kg_assets.synthesis.forms.table import FORMS
from kg_assets.synthesis.plan import subgraph_id_of
from resources.warehouse.warehouse import Warehouse, read_rows

SPANS_PER_UNIT = 20
EXAMPLES_PER_FORM = 5
FORM_ORDER = str([form.name for form in FORMS])
"""The order of the forms, as a list in SQL."""


@dataclass(frozen=True, slots=True)
class _CuratedPair(QaPair):
    """A curated pair with the item that it was written for."""

    item_id: str


def export_pairs(warehouse: Warehouse) -> list[ExportPair]:
    """Every curated pair that balancing leaves in, with evidence, difficulty and mean loss, in stable order.

    Pairs whose subgraph is gone are left out: they wait for the question stages to run again.
    """
    return _pairs(warehouse)


def example_pairs(warehouse: Warehouse) -> list[ExportPair]:
    """A curated pair of each form, always the same."""
    return _pairs(
        warehouse,
        "QUALIFY row_number() OVER (PARTITION BY form ORDER BY qa_id) = 1 "
        f"ORDER BY list_position({FORM_ORDER}, form)",
    )


def worst_known_pairs(warehouse: Warehouse) -> list[ExportPair]:
    """The first few pairs of each form whose facts are known worst."""
    # Rounded: the last digits of a mean depend on the order in which threads add.
    return _pairs(
        warehouse,
        f"""
        LEFT JOIN (
            SELECT qa_id AS of, round(avg(loss), 9) AS mean_loss
            FROM (SELECT qa_id, unnest(from_json(unit_ids, '["VARCHAR"]')) AS unit_id FROM exported_qa)
            JOIN current_comprehension USING (unit_id) GROUP BY qa_id
        ) ON of = qa_id
        SEMI JOIN current_subgraphs s ON s.subgraph_id = split_part(item_id, '/', 1)
        QUALIFY row_number() OVER (PARTITION BY form ORDER BY coalesce(mean_loss, 0) DESC, qa_id)
            <= {EXAMPLES_PER_FORM}
        ORDER BY list_position({FORM_ORDER}, form), coalesce(mean_loss, 0) DESC,
            qa_id
        """,
    )


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


def _pairs(warehouse: Warehouse, which: str = "") -> list[ExportPair]:
    """The curated pairs, or a few of them; `which` is SQL of ours that follows their view."""
    with warehouse.connect() as connection:
        pairs = read_rows(connection, _CuratedPair, f"FROM exported_qa {which}")
        found = connection.execute("SELECT subgraph_id, difficulty FROM current_subgraphs").fetchall()
        units = sorted({unit_id for pair in pairs for unit_id in pair.unit_ids}) if which else None
        losses, evidence = current_losses(warehouse, units), current_evidence(warehouse, units)
        tags = pair_tags(warehouse)
    difficulty: dict[str, Difficulty] = dict(found)
    chosen = EvidenceChoice(evidence)
    return [
        _export_pair(pair, difficulty[subgraph_id], chosen.of(pair.unit_ids), losses, tags.get(pair.qa_id))
        for pair in pairs
        if (subgraph_id := subgraph_id_of(pair.item_id)) in difficulty
    ]


def _export_pair(
    pair: QaPair,
    difficulty: Difficulty,
    evidence: tuple[Evidence, ...],
    losses: Mapping[str, float],
    tag: str | None,
) -> ExportPair:
    known = [losses[unit_id] for unit_id in pair.unit_ids if unit_id in losses]
    return ExportPair(
        qa_id=pair.qa_id,
        form=pair.form,
        question=pair.question,
        answer=pair.answer,
        difficulty=difficulty,
        loss=sum(known) / len(known) if known else None,
        unit_ids=pair.unit_ids,
        evidence=evidence,
        reasoning=pair.reasoning,
        tag=tag,
    )
