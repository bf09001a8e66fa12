"""Which rows of entity resolution are to be made: work items, keyed by all that can change them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

from kg_assets.claims.merge import merge_claims
from kg_assets.domain import entity_id, fingerprint
from kg_assets.enrichment.plan import ENRICHMENT_CLAIMS
from kg_assets.enrichment.reads import claims_as_said
from kg_assets.entities.apply import moved_units
from kg_assets.entities.clusters import OWN_FILE, aliases
from kg_assets.entities.embed import (
    EMBEDDINGS_VERSION,
    EntityEmbedding,
    as_vectors,
    embed,
    name_groups,
    names_request,
)
from kg_assets.entities.judge import JUDGE_VERSION, OpenPair, batches, judge, pairs_request
from kg_assets.entities.meaning import embedding_decisions
from kg_assets.entities.resolve import rule_decisions
from kg_assets.entities.rules import RULES_VERSION
from kg_assets.entities.types import Alias, Decision, Named, Passage, ordered
from kg_assets.stage.bench import StageBench
from kg_assets.stage.ledger import WorkItem, as_it_is
from kg_assets.stage.request_keys import request_key
from kg_assets.stage.stage import Plan, Stage, Usual
from resources.configuration.aliases_file import OwnAliases
from resources.configuration.settings import EntitiesSettings
from resources.models.types import Ask
from resources.warehouse.warehouse import Warehouse, insert_rows

ENTITY_PAIRS_VERSION = f"{RULES_VERSION}.{JUDGE_VERSION}"
ALIASES_VERSION = "1"
Pairs = tuple[OpenPair, ...]


@dataclass(frozen=True, slots=True)
class MovedUnit:
    """A row of `moved_units`: claims about `unit_id` count for `canonical_id`."""

    unit_id: str
    canonical_id: str


def named_entities(warehouse: Warehouse) -> list[Named]:
    """All that the current claims name, before resolution, in order of first mention."""
    return [
        Named(found.unit.unit_id, found.unit.name, found.unit.type, found.descriptions, found.claims)
        for found in merge_claims(claims_as_said(warehouse))
        if found.unit.kind == "entity"
    ]


def embedding_items(
    warehouse: Warehouse, identity: Mapping[str, Any] | None
) -> list[WorkItem[tuple[Named, ...]]]:
    """Groups of names for the embedder of this identity; none without one."""
    groups = name_groups(named_entities(warehouse)) if identity is not None else []
    return [
        WorkItem(
            group[0].entity_id,
            fingerprint(
                EMBEDDINGS_VERSION, names_request(group).texts, [each.entity_id for each in group], identity
            ),
            group,
        )
        for group in groups
    ]


def pair_items(
    warehouse: Warehouse, settings: EntitiesSettings, identity: Mapping[str, Any]
) -> tuple[list[WorkItem[Decision | Pairs]], bool]:
    """Each pair that a rule looked at; with a model those left open, and those that only vectors bring
    together, come in groups instead. Whether there are such groups."""
    if settings.resolve == "off":
        return [], False
    entities = {entity.entity_id: entity for entity in named_entities(warehouse)}
    passages = warehouse.rows(Passage, "SELECT chunk_id, text FROM current_chunks")
    decisions = rule_decisions(list(entities.values()), passages)
    asked: list[Decision] = []
    if settings.resolve == "model":
        asked = [d for d in decisions if d.verdict == "open"] + _near(
            warehouse, entities, decisions, settings
        )
    groups = batches([OpenPair(d, entities[d.left_id], entities[d.right_id]) for d in asked])
    said: list[WorkItem[Decision | Pairs]] = [
        WorkItem(_pair_id(d), fingerprint(ENTITY_PAIRS_VERSION, asdict(d)), d)
        for d in decisions
        if d.verdict != "open" or not asked
    ]
    for group in groups:
        request, shown = pairs_request(group), [asdict(pair.decision) for pair in group]
        said.append(
            WorkItem(
                _pair_id(group[0].decision),
                request_key(ENTITY_PAIRS_VERSION, request, identity, shown),
                group,
            )
        )
    return said, bool(groups)


async def decide_pairs(item: WorkItem[Decision | Pairs], ask: Ask) -> list[Decision]:
    """The decision of a rule as it is, or those of the model on a group.

    Raises:
        CallFailed: the model's answer was unusable twice.
    """
    return [item.payload] if isinstance(item.payload, Decision) else await judge(item.payload, ask)


def alias_items(warehouse: Warehouse, own: OwnAliases) -> list[WorkItem[Alias]]:
    """Each name that means the same as a canonical one, by the current decisions and the user's own."""
    decisions = [*warehouse.rows(Decision, "FROM current_entity_pairs"), *_kept_apart(own)]
    if not own.same and all(decision.verdict != "same" for decision in decisions):
        return []  # the claims, of which there may be many, need not be read
    entities = named_entities(warehouse)
    return [
        WorkItem(row.alias_id, fingerprint(ALIASES_VERSION, asdict(row)), row)
        for row in aliases(entities, decisions, own.same)
    ]


def store_moved_units(warehouse: Warehouse, rows: Sequence[Alias]) -> None:
    """Note which units of the claims count for others, for queries that cannot work it out."""
    moved = moved_units([made.claim for made in claims_as_said(warehouse)], rows) if rows else {}
    with warehouse.transaction() as connection:
        connection.execute("DELETE FROM moved_units")
        insert_rows(connection, "moved_units", [MovedUnit(*pair) for pair in moved.items()])


def _near(
    warehouse: Warehouse,
    entities: Mapping[str, Named],
    decisions: Sequence[Decision],
    settings: EntitiesSettings,
) -> list[Decision]:
    """Open decisions on pairs that are only near as vectors, where there are vectors."""
    with warehouse.connect() as connection:
        found = connection.execute(
            "SELECT entity_id, vector FROM current_entity_embeddings ORDER BY entity_id"
        ).fetchall()
    known = [(entity, vector) for entity, vector in found if entity in entities]
    if not known:
        return []
    return embedding_decisions(
        [entities[entity] for entity, _ in known],
        as_vectors([vector for _, vector in known]),
        {(decision.left_id, decision.right_id) for decision in decisions},
        settings.similarity,
    )


def _kept_apart(own: OwnAliases) -> list[Decision]:
    return [
        Decision(*ordered(entity_id(one), entity_id(other)), "different", OWN_FILE, 1.0, OWN_FILE)
        for names in own.different
        for one, other in combinations(names, 2)
    ]


def _pair_id(decision: Decision) -> str:
    return f"{decision.left_id}/{decision.right_id}"


def _plan_embeddings(bench: StageBench) -> Plan[tuple[Named, ...]]:
    embedder = bench.embedder
    items = embedding_items(bench.warehouse, embedder.identity() if embedder else None)
    return Plan(
        items,
        lambda item, ask: embed(item.payload, ask),
        "embedder" if items else None,
        "" if embedder else "no embedder, or entities.resolve is not model",
    )


def _plan_pairs(bench: StageBench) -> Plan[Decision | Pairs]:
    settings = bench.settings.entities
    items, asks = pair_items(bench.warehouse, settings, bench.identity("synthesizer"))
    note = "entities.resolve is off" if settings.resolve == "off" else ""
    return Plan(
        items,
        decide_pairs,
        "synthesizer" if asks else None,
        note,
        asks=lambda item: not isinstance(item.payload, Decision),
    )


def _plan_aliases(bench: StageBench) -> Plan[Alias]:
    items = alias_items(bench.warehouse, bench.aliases)
    return Plan(
        items,
        as_it_is,
        finish=lambda _counts: store_moved_units(bench.warehouse, [item.payload for item in items]),
    )


ENTITY_EMBEDDINGS = Stage(
    name="entity_embeddings",
    group="entities",
    row_type=EntityEmbedding,
    upstream=(ENRICHMENT_CLAIMS,),
    version=EMBEDDINGS_VERSION,
    plan=_plan_embeddings,
    role="embedder",
    asks=lambda configuration: configuration.name_embedder is not None,
    usual=lambda _settings: Usual(0.06, "units", 300.0, 0.0),
    kinds=frozenset({"openai", "duckdb"}),
    needs_rows=False,
)
ENTITY_PAIRS = Stage(
    name="entity_pairs",
    group="entities",
    row_type=Decision,
    upstream=(ENTITY_EMBEDDINGS,),
    version=ENTITY_PAIRS_VERSION,
    plan=_plan_pairs,
    role="synthesizer",
    asks=lambda configuration: configuration.settings.entities.resolve == "model",
    prompts=(("entities", "entity_pairs"),),
    settings=("entities.resolve", "entities.similarity"),
    usual=lambda _settings: Usual(0.01, "units", 900.0, 120.0),
    kinds=frozenset({"openai", "duckdb"}),
    needs_rows=False,
)
ENTITY_ALIASES = Stage(
    name="entity_aliases",
    group="entities",
    row_type=Alias,
    upstream=(ENTITY_PAIRS,),
    version=ALIASES_VERSION,
    plan=_plan_aliases,
    settings=("entities.aliases",),
    further=("aliases",),
    may_drop=False,
    needs_rows=False,
)
