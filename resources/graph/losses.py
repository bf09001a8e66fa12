"""What comprehension measured, on the units of the graph: what is stored, what differs, how it is written.

Not the measuring, and nothing else of a unit: those properties are `GraphStore.sync`'s.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from resources.errors import GraphError
from resources.graph import cypher
from resources.graph.batches import batched
from resources.graph.connection import Connection, Statement
from resources.graph.types import Tally


@dataclass(frozen=True, slots=True)
class Measured:
    """The properties that a judged unit has: loss in nats, confidence in [0, 1], name of the trainee."""

    loss: float
    confidence: float
    trainee: str

    def as_row(self) -> dict[str, float | str]:
        """The properties as a parameter."""
        return {"loss": self.loss, "confidence": self.confidence, "trainee": self.trainee}


@dataclass(frozen=True, slots=True)
class StoredUnit:
    """A unit in the graph. `source` is the id of a relation's source entity, None for an entity. `measured`
    holds loss, confidence and trainee as they are stored, None each where absent."""

    id: str
    source: str | None
    measured: tuple[float | None, float | None, str | None]


def combine(
    losses: Mapping[str, float], confidence: Mapping[str, float], trainee: str
) -> dict[str, Measured]:
    """Check and join the numbers by unit id.

    Raises:
        ValueError: not the same units in both, or a number that was not measured (None, NaN, infinite).
    """
    if losses.keys() != confidence.keys():
        odd = sorted(losses.keys() ^ confidence.keys())
        raise ValueError(f"loss and confidence must be of the same units; only one of them has {odd[:3]}")
    for name, numbers in (("loss", losses), ("confidence", confidence)):
        for unit_id, number in numbers.items():
            if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
                raise ValueError(f"{name} of unit {unit_id!r} must be a finite number, got {number!r}")
    if not isinstance(trainee, str):
        raise ValueError(f"trainee must be a text, got {trainee!r}")
    return {
        unit_id: Measured(float(loss), float(confidence[unit_id]), trainee)
        for unit_id, loss in losses.items()
    }


def write_losses(connection: Connection, corpus: str, wanted: Mapping[str, Measured]) -> Tally:
    """Give the units in `wanted` their numbers and all other units of the corpus none, differences only.

    Raises:
        GraphError: a unit is not in the graph, or a write failed.
    """
    stored = _read(connection, corpus)
    unknown = sorted(wanted.keys() - {unit.id for unit in stored})
    if unknown:
        raise GraphError(
            f"The graph of corpus {corpus!r} does not hold {len(unknown)} of the judged units (such as "
            f"{unknown[0]!r}): build knowledge_graph again, then comprehension."
        )
    removed, changed, created, unchanged = [], [], 0, 0
    for unit in stored:
        want = wanted.get(unit.id)
        present = any(value is not None for value in unit.measured)
        if want is None:
            if present:
                removed.append(unit)
        elif unit.measured == (want.loss, want.confidence, want.trainee):
            unchanged += 1
        else:
            changed.append(unit)
            created += not present
    _write(connection, corpus, removed, None)
    _write(connection, corpus, changed, wanted)
    return Tally(created, len(changed) - created, len(removed), unchanged)


def _read(connection: Connection, corpus: str) -> list[StoredUnit]:
    return [
        StoredUnit(row["id"], row["source"], (row["loss"], row["confidence"], row["trainee"]))
        for query in (cypher.READ_ENTITY_LOSSES, cypher.READ_RELATION_LOSSES)
        for row in connection.read(query, corpus=corpus)
    ]


def _write(
    connection: Connection, corpus: str, units: Iterable[StoredUnit], wanted: Mapping[str, Measured] | None
) -> None:
    """Set the numbers of `units` from `wanted`, or remove them where it is None."""
    for batch in batched(units):
        entities = [unit for unit in batch if unit.source is None]
        relations = [unit for unit in batch if unit.source is not None]
        if wanted is None:
            set_entities, set_relations = cypher.REMOVE_ENTITY_LOSSES, cypher.REMOVE_RELATION_LOSSES
        else:
            set_entities, set_relations = cypher.SET_ENTITY_LOSSES, cypher.SET_RELATION_LOSSES

        by_source: dict[str | None, dict[str, Any]] = {}
        for unit in relations:
            numbers = wanted[unit.id].as_row() if wanted is not None else True
            by_source.setdefault(unit.source, {})[unit.id] = numbers
        connection.write(
            Statement(
                set_entities,
                [{"id": u.id, **(wanted[u.id].as_row() if wanted is not None else {})} for u in entities],
                expected=len(entities),
            ),
            Statement(
                set_relations,
                [{"source": source, "units": numbers} for source, numbers in by_source.items()],
                expected=len(relations),
            ),
            corpus=corpus,
        )
