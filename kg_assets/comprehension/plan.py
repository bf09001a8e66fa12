"""Which rows of the comprehension group are to be made: work items, keyed by all that can change them.

There are several for each unit, so DuckDB finds and keys them; only the pending ones become objects.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from kg_assets.comprehension.judge import JUDGEMENTS_VERSION, judgement_request
from kg_assets.comprehension.measure import COMPREHENSION_VERSION, UnitJudgements
from kg_assets.comprehension.state import STATEMENTS_VERSION, statements_request
from kg_assets.domain import GraphUnit, Statement
from kg_assets.stage.ledger import Query
from kg_assets.stage.request_keys import recipe_by_language, request_key
from resources.configuration.settings import ComprehensionSettings
from resources.warehouse.warehouse import Warehouse

T = TypeVar("T")
Identity = Mapping[str, Any]


def statement_items(warehouse: Warehouse, statements: int, identity: Identity) -> Query[GraphUnit]:
    """Each unit that has a description."""
    recipe = recipe_by_language(
        STATEMENTS_VERSION, lambda unit: statements_request(unit, statements), identity
    )
    return Query(
        f"SELECT position, unit_id AS item_id, row_key([recipe, content_hash, unit_id]) AS key "
        f"FROM current_units JOIN ({_RECIPES}) USING (language) WHERE description <> ''",
        _by_language(warehouse, "current_units", recipe),
        _loaded(warehouse, GraphUnit, "current_units", "unit_id"),
    )


def judgement_items(
    warehouse: Warehouse, settings: ComprehensionSettings, trainee: Identity
) -> Query[Statement]:
    """Each current statement; two of the same words are judged once."""
    limits = (settings.min_mass, settings.samples)
    recipes = _by_language(
        warehouse,
        "current_statements",
        lambda language: request_key(
            JUDGEMENTS_VERSION, judgement_request(Statement("", "", "", True, language)), trainee, limits
        ),
    )
    return Query(
        f"SELECT row_number() OVER (ORDER BY i.position, s.row_index) AS position, "
        f"s.statement_id AS item_id, row_key([recipe, s.text]) AS key "
        f"FROM current_items i JOIN statements s ON s.key = i.key JOIN ({_RECIPES}) USING (language) "
        f"WHERE i.stage = 'statements'",
        recipes,
        _loaded(warehouse, Statement, "current_statements", "statement_id"),
    )


def comprehension_items(warehouse: Warehouse, trainee: str) -> Query[UnitJudgements]:
    """Each unit that has statements."""

    def load(unit_ids: Sequence[str]) -> dict[str, UnitJudgements]:
        judged: dict[str, list[tuple[float, bool]]] = defaultdict(list)
        with warehouse.connect() as connection:
            rows = connection.execute(
                "SELECT unit_id, p_true, label FROM current_judged WHERE unit_id IN (SELECT unnest(?)) "
                "ORDER BY position",
                [list(unit_ids)],
            ).fetchall()
        for unit_id, p_true, label in rows:
            judged[unit_id].append((p_true, label))
        return {unit_id: UnitJudgements(unit_id, trainee, tuple(judged[unit_id])) for unit_id in unit_ids}

    return Query(
        "WITH stated AS (SELECT DISTINCT unit_id FROM current_statements), judged AS ("
        "SELECT unit_id, string_agg(key || label, ' ' ORDER BY position) AS keys FROM current_judged "
        "GROUP BY unit_id) "
        "SELECT row_number() OVER (ORDER BY unit_id) AS position, unit_id AS item_id, "
        "row_key([$version, $trainee, unit_id, coalesce(keys, '')]) AS key "
        "FROM stated LEFT JOIN judged USING (unit_id)",
        {"version": COMPREHENSION_VERSION, "trainee": trainee},
        load,
    )


def trainee_name(identity: Identity) -> str:
    """The trainee as it stands in tables: its model name, with the revision where one is configured."""
    return f"{identity['model']}@{identity['revision']}" if identity["revision"] else str(identity["model"])


_RECIPES = "SELECT unnest($languages::VARCHAR[]) AS language, unnest($recipes::VARCHAR[]) AS recipe"


def _by_language(warehouse: Warehouse, view: str, recipe: Callable[[str], str]) -> dict[str, list[str]]:
    """For each language of a view the key of a request about nothing: all but the row that makes a key."""
    with warehouse.connect() as connection:
        found = connection.execute(f"SELECT DISTINCT language FROM {view} ORDER BY 1").fetchall()
    languages = [language for (language,) in found]
    return {"languages": languages, "recipes": [recipe(language) for language in languages]}


def _loaded(
    warehouse: Warehouse, row_type: type[T], view: str, id_column: str
) -> Callable[[Sequence[str]], dict[str, T]]:
    def load(ids: Sequence[str]) -> dict[str, T]:
        wanted = f"FROM {view} WHERE {id_column} IN (SELECT unnest(?))"
        return {getattr(row, id_column): row for row in warehouse.rows(row_type, wanted, [list(ids)])}

    return load
