"""Reads of current rows: in order, joined without losing or doubling any, and never of what is gone."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kg_assets.comprehension.reads import current_losses, judged_pairs
from kg_assets.domain import (
    Chunk,
    Comprehension,
    Document,
    Evidence,
    Judgement,
    Statement,
    entity_id,
    relation_id,
)
from kg_assets.graph.reads import current_claims, current_evidence, current_units
from resources.warehouse.warehouse import Warehouse
from tests.kg_assets.stage_samples import entity, entity_claim, relation, relation_claim, store

TEXT = "Harrow Works built the pump. 泵在利兹。"


def make_chunk(chunk_id: str, start: int, end: int, document: str = "a.md", language: str = "en") -> Chunk:
    return Chunk(chunk_id, document, "v1", 0, start, end, TEXT[start:end], 3, ("Pumps", "茶"), language)


@pytest.fixture(scope="module")
def filled_once(
    make_warehouse: Callable[[Path], Warehouse], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    warehouse = make_warehouse(tmp_path_factory.mktemp("filled"))
    store(warehouse, "documents", {"a.md": [Document("a.md", "v1", TEXT, {"k": None}, "en", ((0, 5),))]})
    store(
        warehouse,
        "chunks",
        {"a.md": [make_chunk("c1", 0, 28), make_chunk("c2", 29, len(TEXT), language="zh")]},
    )
    works = replace(entity_claim("Harrow Works").claim, evidence_start=0, evidence_end=12)
    built = replace(relation_claim("Harrow Works", "pump").claim, evidence_start=7, evidence_end=27)
    place = replace(entity_claim("利兹", "泵在利兹。", "location").claim, evidence_start=2, evidence_end=4)
    store(warehouse, "claims", {"c2": [place], "c1": [works, built]})
    return warehouse.path


@pytest.fixture
def filled(filled_once: Path, tmp_path: Path) -> Iterator[Warehouse]:
    copied = Warehouse(Path(shutil.copy(filled_once, tmp_path / "corpus.duckdb")))
    with copied.connect():
        yield copied


def test_documents_and_chunks_come_back_as_they_went_in(filled: Warehouse) -> None:
    (document,) = filled.rows(Document, "FROM current_documents")
    assert document == Document("a.md", "v1", TEXT, {"k": None}, "en", ((0, 5),))
    assert filled.rows(Chunk, "FROM current_chunks")[0] == make_chunk("c1", 0, 28)


def test_claims_come_with_their_chunk_in_the_order_of_the_items(filled: Warehouse) -> None:
    found = [(made.chunk_id, made.language, made.claim.kind) for made in current_claims(filled)]
    assert found == [("c2", "zh", "entity"), ("c1", "en", "entity"), ("c1", "en", "relation")]


def test_claims_of_a_chunk_that_is_gone_are_left_out_until_they_are_made_anew(filled: Warehouse) -> None:
    """A run of the chunks alone (--select chunks) once made every later read of claims fail."""
    store(filled, "chunks", {"a.md": [make_chunk("c1", 0, 28)]})
    assert {made.chunk_id for made in current_claims(filled)} == {"c1"}
    assert entity_id("利兹") not in current_evidence(filled)


def test_evidence_is_the_documents_own_text_at_its_own_place(filled: Warehouse) -> None:
    evidence = current_evidence(filled)
    assert evidence[entity_id("Harrow Works")] == (Evidence("a.md", "v1", "c1", 0, 12, "Harrow Works"),)
    assert evidence[entity_id("利兹")] == (Evidence("a.md", "v1", "c2", 31, 33, "利兹"),)
    assert all(TEXT[e.start : e.end] == e.text for spans in evidence.values() for e in spans)
    assert relation_id("pump", "Harrow Works") in evidence
    assert entity_id("pump") not in evidence


def test_evidence_in_the_overlap_of_two_chunks_counts_once(warehouse: Warehouse) -> None:
    store(warehouse, "chunks", {"a.md": [make_chunk("c1", 0, 28), make_chunk("c2", 7, len(TEXT))]})
    built = entity_claim("Harrow Works").claim
    claims = {
        "c1": [replace(built, evidence_start=7, evidence_end=12)],
        "c2": [replace(built, description="other", evidence_start=0, evidence_end=5)],
    }
    store(warehouse, "claims", claims)
    assert len(current_evidence(warehouse)[built.unit_id]) == 1


def test_two_chunks_with_the_same_claims_both_speak(warehouse: Warehouse) -> None:
    """Equal chunks of two documents have one key, so the claims are stored once and belong to both."""
    store(
        warehouse,
        "chunks",
        {"a.md": [make_chunk("c1", 0, 28)], "b.md": [make_chunk("c2", 0, 28, document="b.md")]},
    )
    claim = entity_claim("Harrow Works").claim
    store(warehouse, "claims", {"c1": [claim], "c2": [claim]})
    assert [made.chunk_id for made in current_claims(warehouse)] == ["c1", "c2"]
    assert [e.document for e in current_evidence(warehouse)[claim.unit_id]] == ["a.md", "b.md"]


def test_a_relation_without_one_of_its_ends_is_no_unit(warehouse: Warehouse) -> None:
    a, b, ab, bc = entity("A"), entity("B"), relation("A", "B"), relation("B", "C")
    store(warehouse, "knowledge_graph", {unit.unit_id: [unit] for unit in (a, b, ab, bc)})
    assert list(current_units(warehouse)) == [a.unit_id, b.unit_id, ab.unit_id]


def test_what_was_not_measured_has_no_loss(warehouse: Warehouse) -> None:
    store(
        warehouse, "comprehension", {"e1": [Comprehension("e1", "t", 0.5, 0.25, 4)]}, {"e2": "no_judgement"}
    )
    assert current_losses(warehouse) == {"e1": 0.25}


def test_judgements_come_in_the_order_of_the_statements_however_many_there_are(warehouse: Warehouse) -> None:
    """The order is part of the comprehension stage's row keys; a join of more than 122,880 rows loses it."""
    n = 130_000
    with warehouse.transaction() as connection:
        connection.execute("INSERT INTO current_items SELECT 'statements', 0, 'u', 'k', NULL, NULL")
        connection.execute(
            "INSERT INTO statements SELECT 'k', i, 't' || i, 'u', 'x', i % 3 = 0, 'en' FROM range(?) r(i)",
            [n],
        )
        connection.execute(
            "INSERT INTO current_items SELECT 'judgements', i, 't' || i, 'j' || i, NULL, NULL "
            "FROM range(?) r(i)",
            [n],
        )
        connection.execute(
            "INSERT INTO judgements SELECT 'j' || i, 0, 'x', 't', i / ?, 1, 'logprobs' FROM range(?) r(i) "
            "ORDER BY hash(i)",
            [n, n],
        )
    assert judged_pairs(warehouse) == [(i / n, i % 3 == 0) for i in range(n)]


def test_equal_statements_of_two_units_share_a_judgement_and_both_count(warehouse: Warehouse) -> None:
    store(
        warehouse,
        "statements",
        {
            "e1": [Statement("t1", "e1", "same", True, "en")],
            "e2": [Statement("t2", "e2", "same", False, "en")],
        },
    )
    judgement = Judgement("same", "t", 0.9, 1.0, "logprobs")
    store(warehouse, "judgements", {"t1": [judgement], "t2": [judgement]})
    assert judged_pairs(warehouse) == [(0.9, True), (0.9, False)]
