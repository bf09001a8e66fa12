"""What the model calls of a corpus cost: copied from the response store into DuckDB, where the views
`cost_by_stage`, `cost_by_model`, `cost_by_document` and `cost_by_pair` divide it up.

The store is the one truth: a response that was paid for is in it once, however often runs were stopped.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from resources.models.response_store import ResponseStore
from resources.warehouse.warehouse import Warehouse, insert_rows


@dataclass(frozen=True, slots=True)
class Cost:
    """Calls and tokens of a part of a corpus; `usd` is None as soon as one call had no price."""

    calls: float
    prompt_tokens: float
    completion_tokens: float
    usd: float | None


NO_COST = Cost(0, 0, 0, 0.0)


@dataclass(frozen=True, slots=True)
class FormCost:
    """Exported pairs of one form: the mean cost of the calls that wrote one, and with a part of all else."""

    form: str
    pairs: int
    own_tokens: float
    own_usd: float | None
    tokens: float
    usd: float | None


def copy_calls(warehouse: Warehouse, store: ResponseStore, corpus: str) -> None:
    """Copy what the store has got since the last time. A store that was made anew begins anew here too."""
    with warehouse.transaction() as connection:
        found = dict(
            connection.execute("SELECT answered, max(number) FROM model_calls GROUP BY answered").fetchall()
        )
        answered, failed = found.get(True, 0), found.get(False, 0)
        if store.is_older_than(answered, failed):
            connection.execute("DELETE FROM model_calls")
            answered = failed = 0
        insert_rows(connection, "model_calls", store.paid_calls(corpus, answered, failed))


def cost_by_stage(warehouse: Warehouse) -> dict[str, Cost]:
    """By the stage that asked, both models together."""
    return _by(
        warehouse,
        "SELECT stage, sum(calls), sum(prompt_tokens), sum(completion_tokens), total_usd(cost_usd) "
        "FROM cost_by_stage GROUP BY stage",
    )


def cost_by_model(warehouse: Warehouse) -> dict[str, Cost]:
    """By role and model, as `synthesizer gpt-4o-mini`."""
    return _by(
        warehouse,
        "SELECT role || ' ' || model, calls, prompt_tokens, completion_tokens, cost_usd FROM cost_by_model",
    )


def cost_by_document(warehouse: Warehouse) -> dict[str, Cost]:
    """By document; what belongs to none that is there now under an empty name."""
    return _by(
        warehouse,
        "SELECT coalesce(document_id, ''), calls, prompt_tokens, completion_tokens, cost_usd "
        "FROM cost_by_document",
    )


def cost_by_form(warehouse: Warehouse, order: Sequence[str]) -> list[FormCost]:
    """By the form of the exported pairs, in the given order of forms."""
    with warehouse.connect() as connection:
        rows = connection.execute(
            "SELECT form, count(*), avg(own_tokens), total_usd(own_usd) / count(*), avg(tokens), "
            "total_usd(cost_usd) / count(*) FROM cost_by_pair GROUP BY form "
            "ORDER BY list_position(?, form)",
            [list(order)],
        ).fetchall()
    return [FormCost(*row) for row in rows]


def _by(warehouse: Warehouse, sql: str) -> dict[str, Cost]:
    with warehouse.connect() as connection:
        rows = connection.execute(sql).fetchall()
    return {
        name: Cost(calls or 0, prompt_tokens, completion_tokens, usd)
        for name, calls, prompt_tokens, completion_tokens, usd in rows
    }
