"""What only Neo4j would refuse is refused before anything is written."""

from dataclasses import replace
from typing import Any

import pytest

from resources.graph.rows import build_rows
from resources.graph.types import GraphState
from tests.resources.graph.states import chunk, document, entity, relation, two_documents


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"title": None}, r"DocumentNode\.title of 'a' must be a text, a number"),
        ({"title": {"a": 1}}, r"DocumentNode\.title of 'a' must be a text, a number"),
        ({"title": ["a", 1]}, r"DocumentNode\.title of 'a' must be a list of texts only"),
        ({"title": ("a", None)}, r"DocumentNode\.title of 'a' must be a list of texts only"),
        ({"title": [["a"]]}, r"DocumentNode\.title of 'a' must be a list of texts only"),
        ({"title": float("nan")}, r"DocumentNode\.title of 'a' must be a finite number"),
        ({"title": 2**63}, r"DocumentNode\.title of 'a' must fit into 64 bits"),
        ({"title": b"bytes"}, r"DocumentNode\.title of 'a' must be a text, a number"),
        ({"title": "half \ud83d"}, r"DocumentNode\.title of 'a' holds half a character"),
        ({"title": ["half \ud83d"]}, r"DocumentNode\.title of 'a' holds half a character"),
        ({"title": "x" * (9 << 20)}, r"DocumentNode 'a' is larger than"),
        ({"id": None}, "id of a document must be a text that is not empty"),
        ({"id": ""}, "id of a document must be a text that is not empty"),
    ],
)
def test_what_cannot_be_stored_is_refused_by_name(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build_rows("corpus", GraphState([replace(document("a"), **wrong)]))


@pytest.mark.parametrize("name", ["", None, 1, "half \ud83d"])
def test_a_corpus_needs_a_name(name: Any) -> None:
    with pytest.raises(ValueError, match="corpus"):
        build_rows(name, GraphState())


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (GraphState([document("a"), document("a")]), "document 'a' is there twice"),
        (GraphState(chunks=[chunk("c", "a")]), "document_id of chunk 'c' refers to 'a'"),
        (GraphState(entities=[entity("e", ("c",))]), "chunk_ids of EntityNode 'e' refers to 'c'"),
        (
            GraphState(entities=[entity("e")], relations=[relation("r", "e", "f")]),
            "target_id of relation 'r'",
        ),
        (
            GraphState(entities=[entity("e")], relations=[relation("r", "f", "e")]),
            "source_id of relation 'r'",
        ),
        (
            GraphState([document("a")], [chunk("c", "a")], [entity("e", ("c", "c"))]),
            "chunk_ids of EntityNode 'e' must hold each chunk once",
        ),
    ],
)
def test_a_graph_that_does_not_hang_together_is_refused(state: GraphState, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build_rows("corpus", state)


def test_the_row_hash_covers_every_property_and_not_the_corpus() -> None:
    def hashes(corpus: str, **changes: Any) -> str:
        return (
            build_rows(corpus, GraphState([replace(document("a"), **changes)])).nodes["Document"][0].row_hash
        )

    changed = [hashes("one", **{name: "changed"}) for name in ("version", "path", "title", "language")]
    assert len({hashes("one"), *changed, hashes("one", metadata_json="{}")}) == 6
    assert hashes("one") == hashes("two")


def test_chunks_follow_each_other_within_their_document_only() -> None:
    links = build_rows("corpus", two_documents()).links["NEXT_CHUNK"]
    assert [(link.source, link.target) for link in links] == [("c1", "c2")]


def test_a_relation_has_a_type_only_where_it_is_given_one() -> None:
    plain = two_documents()
    typed = replace(plain, relations=[replace(each, type="made by") for each in plain.relations])
    rows, others = build_rows("c", plain).links["RELATED_TO"], build_rows("c", typed).links["RELATED_TO"]
    assert all("type" not in row.props for row in rows)
    assert {row.props["type"] for row in others} == {"made by"}
    assert {row.row_hash for row in rows}.isdisjoint(row.row_hash for row in others)
