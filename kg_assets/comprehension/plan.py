"""Which rows of the comprehension group are to be made: work items, keyed by all that can change them.

There are several for each unit, so DuckDB finds and keys them; only the pending ones become objects.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from kg_assets.comprehension.judge import (
    JUDGEMENTS_VERSION,
    judge_by_logprobs,
    judge_by_sampling,
    judgement_request,
)
from kg_assets.comprehension.measure import COMPREHENSION_VERSION, UnitJudgements, measure
from kg_assets.comprehension.state import STATEMENTS_VERSION, statements_request, write_statements
from kg_assets.domain import Comprehension, GraphUnit, Judgement, Statement
from kg_assets.graph.plan import KNOWLEDGE_GRAPH
from kg_assets.stage.bench import StageBench
from kg_assets.stage.ledger import Items, Query, WorkItem, as_it_is
from kg_assets.stage.request_keys import base_keys, request_key
from kg_assets.stage.stage import Plan, Stage, Usual
from resources.configuration.load import Configuration
from resources.configuration.settings import ComprehensionSettings
from resources.models.types import Ask
from resources.warehouse.warehouse import Warehouse

T = TypeVar("T")
Identity = Mapping[str, Any]


def statement_items(warehouse: Warehouse, statements: int, identity: Identity) -> Query[GraphUnit]:
    """Each unit that has a description."""
    base = base_keys(STATEMENTS_VERSION, lambda unit: statements_request(unit, statements), identity)
    return Query(
        f"SELECT position, unit_id AS item_id, row_key([base, content_hash, unit_id]) AS key "
        f"FROM current_units JOIN ({_BASES}) USING (language) WHERE description <> ''",
        _by_language(warehouse, "current_units", base),
        _loaded(warehouse, GraphUnit, "current_units", "unit_id"),
    )


def judgement_items(
    warehouse: Warehouse, settings: ComprehensionSettings, trainee: Identity
) -> Query[Statement]:
    """Each current statement; two of the same words are judged once."""
    limits = (settings.min_mass, settings.samples)
    bases = _by_language(
        warehouse,
        "current_statements",
        lambda language: request_key(
            JUDGEMENTS_VERSION, judgement_request(Statement("", "", "", True, language)), trainee, limits
        ),
    )
    return Query(
        f"SELECT row_number() OVER (ORDER BY i.position, s.row_index) AS position, "
        f"s.statement_id AS item_id, row_key([base, s.text]) AS key "
        f"FROM current_items i JOIN statements s ON s.key = i.key JOIN ({_BASES}) USING (language) "
        f"WHERE i.stage = 'statements'",
        bases,
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


_BASES = "SELECT unnest($languages::VARCHAR[]) AS language, unnest($bases::VARCHAR[]) AS base"


def _by_language(warehouse: Warehouse, view: str, base: Callable[[str], str]) -> dict[str, list[str]]:
    """For each language of a view the key of a request about nothing: all but the row that makes a key."""
    with warehouse.connect() as connection:
        found = connection.execute(f"SELECT DISTINCT language FROM {view} ORDER BY 1").fetchall()
    languages = [language for (language,) in found]
    return {"languages": languages, "bases": [base(language) for language in languages]}


def _loaded(
    warehouse: Warehouse, row_type: type[T], view: str, id_column: str
) -> Callable[[Sequence[str]], dict[str, T]]:
    def load(ids: Sequence[str]) -> dict[str, T]:
        wanted = f"FROM {view} WHERE {id_column} IN (SELECT unnest(?))"
        return {getattr(row, id_column): row for row in warehouse.rows(row_type, wanted, [list(ids)])}

    return load


NO_TRAINEE = "no trainee: comprehension is not measured"


def _examines(configuration: Configuration) -> bool:
    return configuration.trainee is not None


def _plan_statements(bench: StageBench) -> Plan[GraphUnit]:
    asked = bench.settings.comprehension.statements
    items: Items[GraphUnit] = []
    if bench.examined:
        items = statement_items(bench.warehouse, asked, bench.identity("synthesizer"))
    return Plan(
        items,
        lambda item, ask: write_statements(item.payload, asked, ask),
        "synthesizer",
        "" if bench.examined else NO_TRAINEE,
    )


def _plan_judgements(bench: StageBench) -> Plan[Statement]:
    settings, trainee = bench.settings.comprehension, bench.trainee
    if trainee is None:
        return Plan([], as_it_is, note=NO_TRAINEE)
    name = trainee_name(trainee.identity())

    async def judge(item: WorkItem[Statement], ask: Ask) -> list[Judgement]:
        if await bench.gateway("trainee").supports_logprobs(ask):
            return [await judge_by_logprobs(item.payload, name, settings.min_mass, ask)]
        return [await judge_by_sampling(item.payload, name, settings.min_mass, settings.samples, ask)]

    return Plan(judgement_items(bench.warehouse, settings, trainee.identity()), judge, "trainee")


def _plan_comprehension(bench: StageBench) -> Plan[UnitJudgements]:
    if bench.trainee is None:
        return Plan([], measure, note=NO_TRAINEE)
    return Plan(comprehension_items(bench.warehouse, trainee_name(bench.trainee.identity())), measure)


STATEMENTS = Stage(
    name="statements",
    group="comprehension",
    row_type=Statement,
    upstream=(KNOWLEDGE_GRAPH,),
    version=STATEMENTS_VERSION,
    plan=_plan_statements,
    role="synthesizer",
    asks=_examines,
    prompts=(("comprehension", "statements"),),
    settings=("comprehension.enabled", "comprehension.statements"),
    further=("a trainee",),
    usual=lambda _settings: Usual(1.0, "units", 450.0, 150.0, effort=50.0),
    rows_in_are="units",
    kinds=frozenset({"openai", "duckdb"}),
)
JUDGEMENTS = Stage(
    name="judgements",
    group="comprehension",
    row_type=Judgement,
    item="statement_id",
    upstream=(STATEMENTS,),
    version=JUDGEMENTS_VERSION,
    plan=_plan_judgements,
    role="trainee",
    asks=_examines,
    prompts=(("comprehension", "judgement"),),
    settings=("comprehension.min_mass", "comprehension.samples"),
    usual=lambda settings: Usual(2.0 * settings.comprehension.statements, "units", 50.0, 1.0, effort=5.0),
    kinds=frozenset({"openai", "duckdb"}),
    checks=(("off_format", "The trainee answers yes or no where it is asked to."),),
)
COMPREHENSION = Stage(
    name="comprehension",
    group="comprehension",
    row_type=Comprehension,
    upstream=(JUDGEMENTS,),
    version=COMPREHENSION_VERSION,
    plan=_plan_comprehension,
    further=("trainee",),
    kinds=frozenset({"duckdb", "neo4j"}),
    checks=(("losses_vary", "Not all losses are equal."),),
)
