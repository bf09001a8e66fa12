"""The graph store: makes the graph of one corpus equal to a desired one, and reads it back whole.

The one way to the graph for the stages. What a graph should contain is theirs to decide.
"""

from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Self

from resources.graph import cypher
from resources.graph.batches import batched
from resources.graph.connection import WRITE_LOCK, Connection, Statement
from resources.graph.cypher import LinkCypher, NodeCypher
from resources.graph.losses import combine, write_losses
from resources.graph.rows import (
    LinkChanges,
    LinkRow,
    NodeChanges,
    Rows,
    build_rows,
    check_corpus,
    link_changes,
    node_changes,
)
from resources.graph.types import GraphState, SyncCounts, Tally

_NOT_DUMPED = frozenset({"corpus", "row_hash"})


class GraphStore:
    """Neo4j 5 or the embedded ArcadeDB over Bolt, holding any number of corpora side by side.

    Connects at first use; a context manager that closes the connection. Writing methods take one lock per
    process, and touch nodes of their corpus only. All methods raise GraphError when the database is
    unreachable, refuses the credentials, lacks the database, or fails for good after bounded retries.

    Args:
        uri: `bolt://host:port`, `neo4j://…`, also with `+s` and `+ssc`.
        username: empty where the server asks for none.
        password: appears in no message and no repr.
        database: name of the database, always sent.
    """

    def __init__(self, uri: str, username: str, password: str, database: str) -> None:
        self._connection = Connection(uri, username, password, database)
        self._prepared = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"GraphStore({self._connection!r})"

    def close(self) -> None:
        """Close the connection; a later call opens it again."""
        self._connection.close()

    def ping(self) -> None:
        """Fail at once, without retries, if the database cannot be used."""
        self._connection.ping()

    def server_agent(self) -> str:
        """The server's own name and version: `Neo4j/5.26.0`, or `Neo4j/5.26.0 compatible (ArcadeDB …)`."""
        return self._connection.ping()

    def prepare(self) -> None:
        """Create the unique constraints on (corpus, id) where they do not exist; `sync` does so by itself."""
        with WRITE_LOCK:
            for constraint in cypher.CONSTRAINTS:
                self._connection.write_schema(constraint)
            self._prepared = True

    def sync(self, corpus: str, desired: GraphState) -> SyncCounts:
        """Make the graph of `corpus` equal to `desired`, writing differences only.

        A changed unit ends with exactly the desired properties, so that a loss of its old content goes; an
        unchanged one keeps its loss. It compares with what is stored, relationships included, and every
        transaction leaves properties and `row_hash` in agreement: what an interrupted sync left undone, the
        next one does.

        Raises:
            ValueError: `desired` holds what a graph cannot store, an id twice, or a reference to nothing.
            GraphError: see the class.
        """
        rows = build_rows(corpus, desired)
        with WRITE_LOCK:
            if not self._prepared:
                self.prepare()
            return self._sync(corpus, rows)

    def set_losses(
        self, corpus: str, losses: Mapping[str, float], confidence: Mapping[str, float], trainee: str
    ) -> Tally:
        """Store what was measured on exactly these units (entities, relations); remove it from all others.

        Args:
            corpus: name of the corpus.
            losses: comprehension loss in nats by unit id.
            confidence: mean confidence in [0, 1] by unit id, for the same units.
            trainee: name of the model that was judged.

        Returns:
            Units whose numbers were new, changed, removed, or already there.

        Raises:
            ValueError: the two mappings differ in their units, or hold something that is not a finite number.
            GraphError: a unit is not in the graph; also see the class.
        """
        check_corpus(corpus)
        wanted = combine(losses, confidence, trainee)
        with WRITE_LOCK:
            return write_losses(self._connection, corpus, wanted)

    def remove_corpus(self, corpus: str) -> SyncCounts:
        """Delete every node and relationship of `corpus`."""
        return self.sync(corpus, GraphState())

    def counts(self, corpus: str) -> dict[str, int]:
        """Number of nodes by label and of relationships by type."""
        check_corpus(corpus)
        statements = [(node.label, node.count) for node in cypher.NODES]
        statements += [(link.type, link.count) for link in cypher.LINKS]
        return {name: int(self._connection.read(query, corpus=corpus)[0]["n"]) for name, query in statements}

    def count_losses(self, corpus: str) -> int:
        """Number of entities and relations that hold a comprehension loss."""
        check_corpus(corpus)
        return sum(int(self._connection.read(query, corpus=corpus)[0]["n"]) for query in cypher.COUNT_LOSSES)

    def dump(self, corpus: str) -> dict[str, dict[str, list[dict[str, Any]]]]:
        """The whole graph of `corpus` in canonical order, for comparison and export.

        Returns:
            `{"nodes": {label: [properties]}, "relationships": {type: [{"source", "target", "properties"}]}}`,
            sorted by id; without `corpus` and the internal `row_hash`: equal graphs give equal dumps.
        """
        check_corpus(corpus)
        nodes: dict[str, list[dict[str, Any]]] = {}
        for node in cypher.NODES:
            found = [_public(row["props"]) for row in self._connection.read(node.dump, corpus=corpus)]
            nodes[node.label] = sorted(found, key=lambda props: str(props["id"]))
        relationships: dict[str, list[dict[str, Any]]] = {}
        for link in cypher.LINKS:
            found = [
                {"source": row["source"], "target": row["target"], "properties": _public(row["props"])}
                for row in self._connection.read(link.dump, corpus=corpus)
            ]
            relationships[link.type] = sorted(
                found, key=lambda one: (str(one["properties"].get("id", "")), one["source"], one["target"])
            )
        return {"nodes": nodes, "relationships": relationships}

    def _sync(self, corpus: str, rows: Rows) -> SyncCounts:
        # Relationships go before their nodes, so that a deleted node has none left to take along; nodes come
        # before their relationships, because a relationship needs both.
        nodes = {node.label: self._node_changes(corpus, node, rows) for node in cypher.NODES}
        links = {link.type: self._link_changes(corpus, link, rows) for link in cypher.LINKS}
        for link in cypher.LINKS:
            for batch in batched(links[link.type].delete):
                self._connection.write(_deletion(link, batch), corpus=corpus)
        for node in cypher.NODES:
            for ids in batched(nodes[node.label].delete):
                self._connection.write(Statement(node.delete, [{"id": id_} for id_ in ids]), corpus=corpus)
        for node in cypher.NODES:
            for nodes_batch in batched(nodes[node.label].write, lambda row: row.size_bytes):
                upserts = [{"id": row.id, "props": row.props} for row in nodes_batch]
                self._connection.write(Statement(node.upsert, upserts, expected=len(upserts)), corpus=corpus)
        for link in cypher.LINKS:
            for batch in batched(links[link.type].write, lambda row: row.size_bytes):
                creations = [
                    {"source": row.source, "target": row.target, "props": row.props} for row in batch
                ]
                self._connection.write(
                    _deletion(link, batch),
                    Statement(link.create, creations, expected=len(creations)),
                    corpus=corpus,
                )
        return SyncCounts(
            documents=nodes["Document"].tally,
            chunks=nodes["Chunk"].tally,
            entities=nodes["Entity"].tally,
            relations=links["RELATED_TO"].tally,
            from_document=links["FROM_DOCUMENT"].tally,
            next_chunk=links["NEXT_CHUNK"].tally,
            from_chunk=links["FROM_CHUNK"].tally,
        )

    def _node_changes(self, corpus: str, node: NodeCypher, rows: Rows) -> NodeChanges:
        found = self._connection.read(node.read, corpus=corpus)
        return node_changes({row["id"]: row["row_hash"] for row in found}, rows.nodes[node.label])

    def _link_changes(self, corpus: str, link: LinkCypher, rows: Rows) -> LinkChanges:
        stored = (
            LinkRow(row["id"], row["source"], row["target"], row["row_hash"] or "")
            for row in self._connection.read(link.read, corpus=corpus)
        )
        return link_changes(stored, rows.links[link.type], by_id=link is cypher.RELATED_TO)


def _deletion(link: LinkCypher, links: Iterable[LinkRow]) -> Statement:
    doomed: dict[str, dict[str, bool]] = {}
    for one in links:
        doomed.setdefault(one.source, {})[one.id] = True
    return Statement(link.delete, [{"source": source, "doomed": ids} for source, ids in doomed.items()])


def _public(props: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in sorted(props.items()) if name not in _NOT_DUMPED}
