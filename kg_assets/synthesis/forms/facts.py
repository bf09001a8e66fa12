"""What the three forms of question share: the facts of a subgraph, its language, and checked text fields."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from kg_assets.comprehension.state import fact_of
from kg_assets.domain import GraphUnit, QaForm, QaPair, Subgraph, fingerprint
from resources.models.schemas import Schema, object_of, text_of


def units_of(subgraph: Subgraph, units: Mapping[str, GraphUnit]) -> list[GraphUnit]:
    """The subgraph's described units, relations before entities, each by name; none if a unit has left the
    graph, since then the subgraph is older than it.

    The order depends on the units alone: the order in which traversal reached them changes with any loss, and
    with it the prompt and the row key would.
    """
    unit_ids = (*subgraph.relation_ids, *subgraph.entity_ids)
    if not all(unit_id in units for unit_id in unit_ids):
        return []
    described = [units[unit_id] for unit_id in unit_ids if units[unit_id].description]
    return sorted(
        described,
        key=lambda unit: (unit.kind != "relation", unit.source, unit.target, unit.name, unit.unit_id),
    )


def facts_of(units: Sequence[GraphUnit]) -> list[str]:
    """One sentence for each unit, equal ones once."""
    return list(dict.fromkeys(fact_of(unit) for unit in units))


def language_of(units: Sequence[GraphUnit]) -> str:
    """The language of most units, ties by order."""
    return Counter(unit.language for unit in units).most_common(1)[0][0]


def qa_pair(form: QaForm, question: str, answer: str, units: Sequence[GraphUnit], **details: Any) -> QaPair:
    """A pair whose id is a hash of what it says and which units it is about; `details` are the form's own."""
    unit_ids = tuple(unit.unit_id for unit in units)
    return QaPair(
        qa_id="q" + fingerprint(form, question, answer, unit_ids),
        form=form,
        question=question,
        answer=answer,
        details=details,
        unit_ids=unit_ids,
        language=language_of(units),
    )


def text_field(answer: Any, field: str) -> str:
    """The non-empty text `field` of a model's answer, on one line.

    Raises:
        ValueError: not an object, or no such text.
    """
    value = answer.get(field) if isinstance(answer, Mapping) else None
    text = " ".join(value.split()) if isinstance(value, str) else ""
    if not text:
        raise ValueError(f'the answer must be an object with the non-empty text "{field}"')
    return text


def text_schema(title: str, **max_chars: int) -> Schema:
    """JSON schema of an object of texts, each with its greatest length in characters."""
    return object_of({field: text_of(most) for field, most in max_chars.items()}, title)


def said_of(units: Sequence[GraphUnit]) -> list[tuple[str, str]]:
    """All of the units that a question about them can depend on."""
    return [(unit.unit_id, unit.content_hash) for unit in units]
