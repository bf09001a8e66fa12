"""Small desired graphs for the tests, and a hypothesis strategy for any of them."""

from hypothesis import strategies as st

from resources.graph.types import ChunkNode, DocumentNode, EntityNode, GraphState, RelationEdge


def document(id_: str, version: str = "1") -> DocumentNode:
    return DocumentNode(id_, version, id_, f"Title of {id_}", "en", '{"author": "A"}')


def chunk(id_: str, document_id: str, index: int = 0, text: str = "some text") -> ChunkNode:
    return ChunkNode(id_, document_id, index, 0, len(text), text, 2, ("Part", "Section"))


def entity(id_: str, chunk_ids: tuple[str, ...] = (), description: str = "a thing") -> EntityNode:
    return EntityNode(id_, id_.upper(), "thing", description, "en", f"h{description}", chunk_ids, 1)


def relation(
    id_: str, source: str, target: str, chunk_ids: tuple[str, ...] = (), description: str = "made"
) -> RelationEdge:
    return RelationEdge(id_, source, target, description, "en", f"h{description}", chunk_ids, 1)


def two_documents() -> GraphState:
    """Two documents with three chunks, three entities, two relations."""
    return GraphState(
        documents=[document("a.md"), document("b.md")],
        chunks=[chunk("c1", "a.md", 0), chunk("c2", "a.md", 1), chunk("c3", "b.md", 0)],
        entities=[entity("e1", ("c1", "c2")), entity("e2", ("c2",)), entity("e3", ("c3",))],
        relations=[relation("r1", "e1", "e2", ("c2",)), relation("r2", "e2", "e3", ("c2", "c3"))],
    )


@st.composite
def any_state(draw: st.DrawFn) -> GraphState:
    """A small graph out of few ids, so that successive states overlap, differ, and turn relations round."""
    few_texts = st.sampled_from(["x", "y"])
    documents = [document(f"d{i}", draw(few_texts)) for i in draw(st.sets(st.integers(0, 2)))]
    chunks = [
        chunk(f"c{i}", draw(st.sampled_from(documents)).id, draw(st.integers(0, 3)), draw(few_texts))
        for i in (draw(st.sets(st.integers(0, 4))) if documents else ())
    ]
    support = st.sets(st.sampled_from([c.id for c in chunks])) if chunks else st.just(set[str]())
    entities = [
        entity(f"e{i}", tuple(sorted(draw(support))), draw(few_texts))
        for i in draw(st.sets(st.integers(0, 4)))
    ]
    ends = st.sampled_from([e.id for e in entities]) if entities else st.nothing()
    relations = [
        relation(f"r{i}", draw(ends), draw(ends), tuple(sorted(draw(support))), draw(few_texts))
        for i in (draw(st.sets(st.integers(0, 5))) if entities else ())
    ]
    return GraphState(documents, chunks, entities, relations)
