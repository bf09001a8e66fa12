"""The desired graph: documents, chunks, entities and relations with their support."""

import json
from dataclasses import replace

from kg_assets.claims.merge import merge_claims
from kg_assets.domain import Document, entity_id
from kg_assets.graph.graph_state import degrees, graph_state
from kg_assets.graph.merge import describe
from tests.kg_assets.stage_samples import Scripted, awaited, chunk, entity_claim, relation_claim, words

DOCUMENT = Document("a.md", "v1", "text", {"title": "Tea", "年": 1}, "en")
MERGED = merge_claims(
    [
        entity_claim("A", "A is one."),
        entity_claim("A", "A is two.", chunk_id="c2"),
        relation_claim("A", "B", chunk_id="c2"),
        relation_claim("C", "A", chunk_id="c2"),
        entity_claim("D", "D stands alone."),
    ]
)
UNITS = [awaited(describe(found, 100, words, Scripted())) for found in MERGED]


def test_every_unit_stands_in_the_graph_with_its_support() -> None:
    state = graph_state([DOCUMENT], [chunk("text")], UNITS, MERGED, {})
    entities = {entity.name: entity for entity in state.entities}
    assert set(entities) == {"A", "B", "C", "D"}
    assert (entities["A"].chunk_ids, entities["A"].claim_count) == (("c1", "c2"), 2)
    assert entities["A"].description == "A is one. A is two."
    assert [(r.source_id, r.target_id, r.chunk_ids) for r in state.relations] == [
        (entity_id("A"), entity_id("B"), ("c2",)),
        (entity_id("C"), entity_id("A"), ("c2",)),
    ]


def test_a_relation_without_one_of_its_ends_does_not_stand() -> None:
    without_b = [unit for unit in UNITS if unit.name != "B"]
    state = graph_state([], [], without_b, MERGED, {})
    assert len(state.relations) == 1


def test_a_document_has_its_title_or_its_path_and_its_metadata_as_json() -> None:
    state = graph_state([DOCUMENT, replace(DOCUMENT, document_id="b.md", metadata={})], [], [], [], {})
    assert [document.title for document in state.documents] == ["Tea", "b.md"]
    assert json.loads(state.documents[0].metadata_json) == {"title": "Tea", "年": 1}


def test_degrees_count_the_relations_of_each_entity_and_isolated_ones_have_none() -> None:
    assert degrees(UNITS) == {entity_id("A"): 2, entity_id("B"): 1, entity_id("C"): 1, entity_id("D"): 0}
