"""Which rows of the comprehension group are to be made: work items, keyed by all that can change them."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from kg_assets.comprehension.judge import JUDGEMENTS_VERSION, judgement_request
from kg_assets.comprehension.measure import COMPREHENSION_VERSION, UnitJudgements
from kg_assets.comprehension.state import STATEMENTS_VERSION, statements_request
from kg_assets.domain import GraphUnit, Statement, fingerprint
from kg_assets.keys import request_key
from kg_assets.ledger import WorkItem
from kg_assets.warehouse_reads import JudgedStatement, current_units
from resources.settings import ComprehensionSettings
from resources.warehouse.warehouse import Warehouse

Identity = Mapping[str, Any]


def statement_items(warehouse: Warehouse, statements: int, identity: Identity) -> list[WorkItem[GraphUnit]]:
    """Each unit that has a description."""
    return [
        WorkItem(
            unit.unit_id,
            request_key(STATEMENTS_VERSION, statements_request(unit, statements), identity, unit.unit_id),
            unit,
        )
        for unit in current_units(warehouse).values()
        if unit.description
    ]


def judgement_items(
    warehouse: Warehouse, settings: ComprehensionSettings, trainee: Identity
) -> list[WorkItem[Statement]]:
    """Each current statement."""
    limits = (settings.min_mass, settings.samples)
    return [
        WorkItem(s.statement_id, request_key(JUDGEMENTS_VERSION, judgement_request(s), trainee, limits), s)
        for s in warehouse.rows(Statement, "FROM current_statements")
    ]


def comprehension_items(
    warehouse: Warehouse, judged: list[JudgedStatement], trainee: str
) -> list[WorkItem[UnitJudgements]]:
    """Each unit that has statements."""
    by_unit = defaultdict(list)
    for judgement in judged:
        by_unit[judgement.unit_id].append(judgement)
    stated = sorted(warehouse.frame("SELECT DISTINCT unit_id FROM current_statements")["unit_id"])
    return [
        WorkItem(
            unit_id,
            fingerprint(
                COMPREHENSION_VERSION, unit_id, trainee, [(j.key, j.label) for j in by_unit[unit_id]]
            ),
            UnitJudgements(unit_id, trainee, tuple((j.p_true, j.label) for j in by_unit[unit_id])),
        )
        for unit_id in stated
    ]


def trainee_name(identity: Identity) -> str:
    """The trainee as it stands in tables: its model name, with the revision where one is configured."""
    return f"{identity['model']}@{identity['revision']}" if identity["revision"] else str(identity["model"])
