"""Curated pairs with all that they rest on, read from the warehouse: its views `exported_pairs` and
`pair_spans` join what the stages say of them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kg_assets.domain import Difficulty, Evidence
from kg_assets.export.pair import ExportPair
from kg_assets.graph.reads import current_evidence, current_texts
from resources.warehouse.warehouse import Warehouse, read_rows

EXAMPLES_PER_FORM = 5
ROWS_AT_ONCE = 50_000


def export_pairs(warehouse: Warehouse) -> list[ExportPair]:
    """Every curated pair that balancing leaves in, with evidence, difficulty and mean loss, in stable order.

    Pairs whose subgraph is gone are left out: they wait for the question stages to run again.
    """
    return _pairs(warehouse)


def pairs_that_begin_with(warehouse: Warehouse, qa_id: str) -> list[ExportPair]:
    """The exported pairs whose ids begin like this."""
    return _pairs(warehouse, "WHERE starts_with(qa_id, ?)", [qa_id])


def example_pairs(warehouse: Warehouse) -> list[ExportPair]:
    """A curated pair of each form, always the same."""
    return _pairs(
        warehouse,
        "QUALIFY row_number() OVER (PARTITION BY form ORDER BY qa_id) = 1 ORDER BY form_place",
    )


def worst_known_pairs(warehouse: Warehouse) -> list[ExportPair]:
    """The first few pairs of each form whose facts are known worst."""
    return _pairs(warehouse, f"WHERE worst_known <= {EXAMPLES_PER_FORM} ORDER BY form_place, worst_known")


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


def _pairs(warehouse: Warehouse, which: str = "", parameters: Sequence[object] = ()) -> list[ExportPair]:
    """The exported pairs, or a few of them; `which` is SQL of ours that follows their view."""
    with warehouse.connect() as connection:
        pairs = read_rows(connection, _Pair, f"FROM exported_pairs {which}", parameters)
        # A list is looked up before the views are worked out, a query only after.
        few = [pair.qa_id for pair in pairs] if which else None
        evidence = current_evidence(
            warehouse, None if few is None else list({unit_id for pair in pairs for unit_id in pair.unit_ids})
        )
        chosen = connection.execute(
            "SELECT qa_id, unit_id, nth FROM pair_spans WHERE $few IS NULL OR list_contains($few, qa_id)",
            {"few": few},
        )
        spans: dict[str, list[Evidence]] = defaultdict(list)
        while rows := chosen.fetchmany(ROWS_AT_ONCE):
            for qa_id, unit_id, nth in rows:
                spans[qa_id].append(evidence[unit_id][nth - 1])
    return [
        ExportPair(
            qa_id=pair.qa_id,
            form=pair.form,
            question=pair.question,
            answer=pair.answer,
            difficulty=pair.difficulty,
            loss=pair.loss,
            unit_ids=pair.unit_ids,
            evidence=tuple(spans[pair.qa_id]),
            details=pair.details,
            tag=pair.tag,
        )
        for pair in pairs
    ]
