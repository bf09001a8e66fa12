"""After any sync the graph is what was desired, as if built from nothing; only differences are written."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resources.graph import batches
from resources.graph.connection import Connection
from resources.graph.store import GraphStore
from resources.graph.types import GraphState, Tally
from tests.resources.graph.states import any_state, chunk, document, entity, relation, two_documents

NewCorpus = Callable[[], str]


def rebuilt(store: GraphStore, new_corpus: NewCorpus, state: GraphState) -> dict[str, Any]:
    """The dump of `state` written into an empty corpus."""
    corpus = new_corpus()
    store.sync(corpus, state)
    return store.dump(corpus)


def test_a_sync_from_empty_writes_the_whole_graph(store: GraphStore, corpus: str) -> None:
    counts = store.sync(corpus, two_documents())
    assert counts.documents == Tally(created=2)
    assert counts.chunks == counts.entities == Tally(created=3)
    assert counts.relations == Tally(created=2)
    assert counts.written == 2 + 3 + 3 + 2 + 3 + 1 + 4
    dump = store.dump(corpus)
    assert dump["nodes"]["Chunk"][0] == {
        "document_id": "a.md",
        "end_char": 9,
        "heading_path": ["Part", "Section"],
        "id": "c1",
        "index": 0,
        "start_char": 0,
        "text": "some text",
        "tokens": 2,
    }
    assert [(n["source"], n["target"]) for n in dump["relationships"]["NEXT_CHUNK"]] == [("c1", "c2")]
    assert [(n["source"], n["target"]) for n in dump["relationships"]["FROM_CHUNK"]] == [
        ("e1", "c1"),
        ("e1", "c2"),
        ("e2", "c2"),
        ("e3", "c3"),
    ]
    assert dump["relationships"]["RELATED_TO"][1] == {
        "source": "e2",
        "target": "e3",
        "properties": {
            "chunk_ids": ["c2", "c3"],
            "claim_count": 1,
            "content_hash": "hmade",
            "description": "made",
            "id": "r2",
            "language": "en",
        },
    }


def test_counts_are_by_label_and_type(store: GraphStore, corpus: str) -> None:
    store.sync(corpus, two_documents())
    assert store.counts(corpus) == {
        "Document": 2,
        "Chunk": 3,
        "Entity": 3,
        "FROM_DOCUMENT": 3,
        "NEXT_CHUNK": 1,
        "FROM_CHUNK": 4,
        "RELATED_TO": 2,
    }


def test_a_sync_of_the_same_state_writes_nothing(store: GraphStore, corpus: str, written: list[Any]) -> None:
    state = two_documents()
    store.sync(corpus, state)
    written.clear()
    reordered = GraphState(
        state.documents[::-1], state.chunks[::-1], state.entities[::-1], state.relations[::-1]
    )
    counts = store.sync(corpus, reordered)
    assert counts.written == 0
    assert counts.relations == Tally(unchanged=2)
    assert written == []


def test_an_edit_and_a_removal_equal_a_rebuild(store: GraphStore, corpus: str, new_corpus: NewCorpus) -> None:
    old = two_documents()
    new = GraphState(
        documents=[document("a.md", "2")],
        chunks=[chunk("c1", "a.md", 0), chunk("c4", "a.md", 1), chunk("c2", "a.md", 2, "moved")],
        entities=[entity("e1", ("c1", "c4")), entity("e2", ("c2",), "another thing")],
        relations=[relation("r1", "e1", "e2", ("c4",), "made of")],
    )
    store.sync(corpus, old)
    counts = store.sync(corpus, new)
    assert counts.documents == Tally(updated=1, deleted=1)
    assert counts.chunks == Tally(created=1, updated=1, deleted=1, unchanged=1)
    assert counts.next_chunk == Tally(created=2, deleted=1)
    assert counts.entities == Tally(updated=1, deleted=1, unchanged=1)
    assert counts.relations == Tally(updated=1, deleted=1)
    assert store.dump(corpus) == rebuilt(store, new_corpus, new)


def test_a_relation_that_is_turned_round_keeps_its_id_and_is_there_once(
    store: GraphStore, corpus: str, new_corpus: NewCorpus
) -> None:
    old = two_documents()
    new = replace(old, relations=[relation("r1", "e2", "e1", ("c2",)), old.relations[1]])
    store.sync(corpus, old)
    assert store.sync(corpus, new).relations == Tally(updated=1, unchanged=1)
    assert store.dump(corpus) == rebuilt(store, new_corpus, new)


def test_an_entity_may_be_related_to_itself(store: GraphStore, corpus: str) -> None:
    state = GraphState(entities=[entity("e1")], relations=[relation("r1", "e1", "e1")])
    store.sync(corpus, state)
    assert store.counts(corpus)["RELATED_TO"] == 1
    assert store.sync(corpus, state).written == 0
    assert store.sync(corpus, GraphState(entities=state.entities)).relations == Tally(deleted=1)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(any_state(), min_size=2, max_size=4))
def test_any_sequence_of_syncs_equals_a_rebuild(
    store: GraphStore, new_corpus: NewCorpus, states: list[GraphState]
) -> None:
    corpus = new_corpus()
    for state in states:
        store.sync(corpus, state)
    assert store.dump(corpus) == rebuilt(store, new_corpus, states[-1])
    assert store.sync(corpus, states[-1]).written == 0


@pytest.mark.parametrize("transactions", range(16))
def test_an_interrupted_sync_is_healed_by_the_next(
    store: GraphStore,
    corpus: str,
    new_corpus: NewCorpus,
    monkeypatch: pytest.MonkeyPatch,
    transactions: int,
) -> None:
    old = two_documents()
    new = GraphState(
        documents=[document("a.md", "2"), document("d.md")],
        chunks=[chunk("c1", "a.md", 1), chunk("c2", "a.md", 0), chunk("c5", "d.md")],
        entities=[entity("e1", ("c5",), "changed"), entity("e2", ("c2", "c1")), entity("e5", ("c5",))],
        relations=[relation("r1", "e2", "e1", ("c2",)), relation("r5", "e1", "e5", ("c5",))],
    )
    store.sync(corpus, old)
    write = Connection.write
    left = iter(range(transactions))

    def dies(self: Connection, *statements: Any, corpus: str) -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt
        write(self, *statements, corpus=corpus)

    monkeypatch.setattr(batches, "BATCH_ROWS", 2)
    with monkeypatch.context() as patch:
        patch.setattr(Connection, "write", dies)
        with pytest.raises(KeyboardInterrupt):
            store.sync(corpus, new)
    store.sync(corpus, new)
    assert store.dump(corpus) == rebuilt(store, new_corpus, new)


def test_a_transaction_that_runs_twice_makes_no_duplicates(
    store: GraphStore, corpus: str, new_corpus: NewCorpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What happens when the connection breaks after a commit, before the answer.
    write = Connection.write

    def twice(self: Connection, *statements: Any, corpus: str) -> None:
        write(self, *statements, corpus=corpus)
        write(self, *statements, corpus=corpus)

    with monkeypatch.context() as patch:
        patch.setattr(Connection, "write", twice)
        store.sync(corpus, two_documents())
    assert store.dump(corpus) == rebuilt(store, new_corpus, two_documents())


def test_two_corpora_with_the_same_ids_stay_apart(store: GraphStore, new_corpus: NewCorpus) -> None:
    one, other = new_corpus(), new_corpus()
    store.sync(one, two_documents())
    store.sync(other, two_documents())
    before = store.dump(other)
    store.set_losses(one, {"e1": 0.5, "r1": 0.7}, {"e1": 0.6, "r1": 0.5}, "trainee")
    store.sync(one, GraphState(entities=[entity("e1", (), "changed")]))
    store.remove_corpus(one)
    assert set(store.counts(one).values()) == {0}
    assert store.dump(other) == before


def test_more_rows_than_one_transaction_takes(store: GraphStore, corpus: str, written: list[Any]) -> None:
    entities = [entity(f"e{i}") for i in range(2_000)]
    hub = [relation(f"r{i}", "e0", f"e{i}") for i in range(1, 2_000)]
    store.sync(corpus, GraphState(entities=entities, relations=hub))
    assert [len(statements[-1].rows) for statements in written] == [1_000, 1_000, 1_000, 999]
    assert store.counts(corpus)["RELATED_TO"] == 1_999
    store.sync(corpus, GraphState(entities=entities, relations=hub[1_500:]))
    assert store.counts(corpus)["RELATED_TO"] == 499


def test_long_texts_are_spread_over_transactions(store: GraphStore, corpus: str, written: list[Any]) -> None:
    # ArcadeDB drops the connection when one message is larger than 16 MiB.
    long = "长" * 100_000
    chunks = [chunk(f"c{i}", "a.md", i, long) for i in range(20)]
    store.sync(corpus, GraphState([document("a.md")], chunks))
    sizes = [len(str(statements[-1].rows).encode()) for statements in written]
    assert max(sizes) < 5 << 20 < sum(sizes)
    assert store.dump(corpus)["nodes"]["Chunk"][5]["text"] == long


HOSTILE = [
    "'; MATCH (n) DETACH DELETE n //",
    "`\"}) RETURN {$corpus} $rows \\ \\u0041 \\' {{row.id}}",
    "line\nbreak\r\ttab\x00nul\x7f",
    "Ünïcödé 中文 🦜 e\u0301 \u202e right to left",
    "null",
    " ",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_stored_as_it_is(store: GraphStore, new_corpus: NewCorpus, text: str) -> None:
    corpus = new_corpus() + text
    state = GraphState(
        documents=[replace(document(f"d{text}"), metadata_json=text)],
        chunks=[replace(chunk(f"c{text}", f"d{text}", 0, text), heading_path=(text, ""))],
        entities=[replace(entity(f"e{text}", (f"c{text}",), text), name=text, type=text), entity("e2")],
        relations=[relation(f"r{text}", f"e{text}", "e2", (f"c{text}",), text)],
    )
    try:
        store.sync(corpus, state)
        store.set_losses(corpus, {f"r{text}": 0.1}, {f"r{text}": 0.2}, text)
        assert store.sync(corpus, state).written == 0
        dump = store.dump(corpus)
        assert dump["nodes"]["Document"][0]["metadata_json"] == text
        assert dump["nodes"]["Chunk"][0]["heading_path"] == [text, ""]
        found = next(props for props in dump["nodes"]["Entity"] if props["id"] != "e2")
        assert (found["id"], found["name"], found["type"]) == (f"e{text}", text, text)
        assert dump["relationships"]["RELATED_TO"][0]["properties"]["trainee"] == text
        assert dump["relationships"]["FROM_CHUNK"] == [
            {"source": f"e{text}", "target": f"c{text}", "properties": {}}
        ]
    finally:
        store.remove_corpus(corpus)
