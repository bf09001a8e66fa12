"""Writing a large graph to the embedded server, writing it again unchanged, and reading it back."""

import random
import tempfile
from pathlib import Path

from benchmarks.table import Measured, spent
from resources.embedded.graph_server import lease_graph
from resources.graph.store import GraphStore
from resources.graph.types import ChunkNode, DocumentNode, EntityNode, GraphState, RelationEdge

DOCUMENTS, ENTITIES, RELATIONS = 1000, 20_000, 50_000


def run() -> list[Measured]:
    """20,000 entities and 50,000 relations, each from one chunk."""
    state = _state()
    with (
        tempfile.TemporaryDirectory() as folder,
        lease_graph(Path(folder)) as lease,
        GraphStore(lease.uri, lease.username, lease.password, lease.database) as store,
    ):
        store.prepare()
        with spent() as first:
            store.sync("bench", state)
        with spent() as again:
            store.sync("bench", state)
        with spent() as read:
            found = store.dump("bench")
    assert len(found["nodes"]["Entity"]) == len(state.entities)
    assert len(found["relationships"]["RELATED_TO"]) == len(state.relations)
    return [
        Measured(f"{ENTITIES:,} entities and {RELATIONS:,} relations written", first.wall_s, "s", 15.0),
        Measured("  CPU of the client", first.cpu_s, "s"),
        Measured("the same again, unchanged", again.wall_s, "s"),
        Measured("read back", read.wall_s, "s", 5.0),
    ]


def _state() -> GraphState:
    chance = random.Random(5)
    documents = [DocumentNode(f"d{n}", "1", f"d{n}.txt", f"d{n}", "en", "{}") for n in range(DOCUMENTS)]
    chunks = [ChunkNode(f"c{n}", f"d{n}", 0, 0, 900, "x" * 900, 200, "") for n in range(DOCUMENTS)]
    entities = [
        EntityNode(f"e{n}", f"thing {n}", "concept", f"thing {n} is known.", "en", f"h{n}", (_chunk(n),), 1)
        for n in range(ENTITIES)
    ]
    ends = {(a, b) for a, b in _pairs(chance) if a != b}
    relations = [
        RelationEdge(f"r{a}-{b}", f"e{a}", f"e{b}", f"{a} knows {b}.", "en", f"h{a}-{b}", (_chunk(a),), 1)
        for a, b in sorted(ends)
    ]
    return GraphState(documents, chunks, entities, relations)


def _pairs(chance: random.Random) -> list[tuple[int, int]]:
    return [(int(ENTITIES * chance.random() ** 2), chance.randrange(ENTITIES)) for _ in range(RELATIONS)]


def _chunk(number: int) -> str:
    return f"c{number % DOCUMENTS}"
