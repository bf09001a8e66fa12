"""All Cypher of the project, as constants; every value is a parameter. No logic, no connection.

It runs unchanged on Neo4j 5 and on ArcadeDB, which sets the style:

- Relationships are found from their source node, many at a time: `row.doomed[key]` is a look-up in a map, so
  one pass over the relationships of a node serves a whole batch. One MATCH or MERGE per relationship walks
  them all each time on ArcadeDB (3,000 relationships of one node: 7 s instead of 0.1 s).
- What is deleted is collected first: deleting while the same relationships are still being walked fails on
  ArcadeDB with a record that is not found.
- Relationships are written by CREATE after a delete of the same ones in the same transaction, which may be
  repeated. MERGE would walk again, and makes duplicates on ArcadeDB when it runs twice at once.
- Labels and relationship types are literals of this file. Each write returns `n`, the rows it reached.

Parameters: `corpus`, and in writes `rows`, whose shape stands at each statement.
"""

from dataclasses import dataclass
from typing import Final, LiteralString


@dataclass(frozen=True, slots=True)
class NodeCypher:
    """Statements for the nodes of one label.

    `read` returns `id`, `row_hash`; `upsert` takes rows of `id`, `props`; `delete` takes rows of `id`;
    `dump` returns `props`.
    """

    label: str
    read: LiteralString
    upsert: LiteralString
    delete: LiteralString
    dump: LiteralString
    count: LiteralString


@dataclass(frozen=True, slots=True)
class LinkCypher:
    """Statements for the relationships of one type.

    `read` returns `id`, `source`, `target`, `row_hash` (`id` is the target's, `row_hash` null where the type
    has no properties); `delete` takes rows of `source`, `doomed` (a map with the ids to delete as keys);
    `create` takes rows of `source`, `target`, `props`; `dump` returns `source`, `target`, `props`.
    """

    type: str
    read: LiteralString
    delete: LiteralString
    create: LiteralString
    dump: LiteralString
    count: LiteralString


def _node(label: LiteralString) -> NodeCypher:
    # What others put into the same database without an id is not ours to count or delete.
    ours: LiteralString = f"MATCH (n:{label} {{corpus: $corpus}}) WHERE n.id IS NOT NULL"
    return NodeCypher(
        label=label,
        read=f"{ours} RETURN n.id AS id, n.row_hash AS row_hash",
        upsert=(
            f"UNWIND $rows AS row MERGE (n:{label} {{corpus: $corpus, id: row.id}}) "
            "SET n = row.props RETURN count(n) AS n"
        ),
        delete=(
            f"UNWIND $rows AS row MATCH (n:{label} {{corpus: $corpus, id: row.id}}) "
            "WITH collect(n) AS doomed UNWIND doomed AS n DETACH DELETE n RETURN count(*) AS n"
        ),
        dump=f"{ours} RETURN properties(n) AS props",
        count=f"{ours} RETURN count(n) AS n",
    )


def _link(
    type_: LiteralString, source: LiteralString, target: LiteralString, key: LiteralString
) -> LinkCypher:
    """`key` is the expression that identifies a relationship among those of its source node."""
    pattern: LiteralString = f"(a:{source} {{corpus: $corpus}})-[r:{type_}]->(b:{target} {{corpus: $corpus}})"
    ours: LiteralString = f"MATCH {pattern} WHERE {key} IS NOT NULL"
    return LinkCypher(
        type=type_,
        read=f"{ours} RETURN {key} AS id, a.id AS source, b.id AS target, r.row_hash AS row_hash",
        delete=(
            f"UNWIND $rows AS row "
            f"MATCH (a:{source} {{corpus: $corpus, id: row.source}})-[r:{type_}]->(b:{target}) "
            f"WHERE row.doomed[{key}] IS NOT NULL "
            "WITH collect(r) AS doomed UNWIND doomed AS r DELETE r RETURN count(*) AS n"
        ),
        create=(
            f"UNWIND $rows AS row MATCH (a:{source} {{corpus: $corpus, id: row.source}}) "
            f"MATCH (b:{target} {{corpus: $corpus, id: row.target}}) "
            f"CREATE (a)-[r:{type_}]->(b) SET r = row.props RETURN count(r) AS n"
        ),
        dump=f"{ours} RETURN a.id AS source, b.id AS target, properties(r) AS props",
        count=f"{ours} RETURN count(r) AS n",
    )


DOCUMENT: Final = _node("Document")
CHUNK: Final = _node("Chunk")
ENTITY: Final = _node("Entity")
NODES: Final = (DOCUMENT, CHUNK, ENTITY)

FROM_DOCUMENT: Final = _link("FROM_DOCUMENT", "Chunk", "Document", "b.id")
NEXT_CHUNK: Final = _link("NEXT_CHUNK", "Chunk", "Chunk", "b.id")
FROM_CHUNK: Final = _link("FROM_CHUNK", "Entity", "Chunk", "b.id")
RELATED_TO: Final = _link("RELATED_TO", "Entity", "Entity", "r.id")
LINKS: Final = (FROM_DOCUMENT, NEXT_CHUNK, FROM_CHUNK, RELATED_TO)

CONSTRAINTS: Final[tuple[LiteralString, ...]] = (
    "CREATE CONSTRAINT graphtutor_document IF NOT EXISTS FOR (n:Document) REQUIRE (n.corpus, n.id) IS UNIQUE",
    "CREATE CONSTRAINT graphtutor_chunk IF NOT EXISTS FOR (n:Chunk) REQUIRE (n.corpus, n.id) IS UNIQUE",
    "CREATE CONSTRAINT graphtutor_entity IF NOT EXISTS FOR (n:Entity) REQUIRE (n.corpus, n.id) IS UNIQUE",
)

PING: Final[LiteralString] = "RETURN 1 AS ok"

# Each returns `id`, `source` (null for an entity), and `loss`, `confidence`, `trainee`, which may be null.
READ_ENTITY_LOSSES: Final[LiteralString] = (
    "MATCH (n:Entity {corpus: $corpus}) "
    "RETURN n.id AS id, null AS source, n.loss AS loss, n.confidence AS confidence, n.trainee AS trainee"
)
READ_RELATION_LOSSES: Final[LiteralString] = (
    "MATCH (a:Entity {corpus: $corpus})-[r:RELATED_TO]->(:Entity {corpus: $corpus}) WHERE r.id IS NOT NULL "
    "RETURN r.id AS id, a.id AS source, r.loss AS loss, r.confidence AS confidence, r.trainee AS trainee"
)

COUNT_LOSSES: Final[tuple[LiteralString, ...]] = (
    "MATCH (n:Entity {corpus: $corpus}) WHERE n.loss IS NOT NULL RETURN count(n) AS n",
    "MATCH (:Entity {corpus: $corpus})-[r:RELATED_TO]->(:Entity {corpus: $corpus}) WHERE r.loss IS NOT NULL "
    "RETURN count(r) AS n",
)

# Rows of `id`, `loss`, `confidence`, `trainee`.
SET_ENTITY_LOSSES: Final[LiteralString] = (
    "UNWIND $rows AS row MATCH (n:Entity {corpus: $corpus, id: row.id}) "
    "SET n.loss = row.loss, n.confidence = row.confidence, n.trainee = row.trainee RETURN count(n) AS n"
)
# Rows of `id`.
REMOVE_ENTITY_LOSSES: Final[LiteralString] = (
    "UNWIND $rows AS row MATCH (n:Entity {corpus: $corpus, id: row.id}) "
    "REMOVE n.loss, n.confidence, n.trainee RETURN count(n) AS n"
)
# Rows of `source`, `units`: a map from relation id to a map of `loss`, `confidence`, `trainee`.
SET_RELATION_LOSSES: Final[LiteralString] = (
    "UNWIND $rows AS row MATCH (:Entity {corpus: $corpus, id: row.source})-[r:RELATED_TO]->(:Entity) "
    "WITH r, row.units[r.id] AS unit WHERE unit IS NOT NULL "
    "SET r.loss = unit.loss, r.confidence = unit.confidence, r.trainee = unit.trainee RETURN count(r) AS n"
)
# Rows of `source`, `units`: a map with the ids of relations as keys.
REMOVE_RELATION_LOSSES: Final[LiteralString] = (
    "UNWIND $rows AS row MATCH (:Entity {corpus: $corpus, id: row.source})-[r:RELATED_TO]->(:Entity) "
    "WITH r, row.units[r.id] AS unit WHERE unit IS NOT NULL "
    "REMOVE r.loss, r.confidence, r.trainee RETURN count(r) AS n"
)
