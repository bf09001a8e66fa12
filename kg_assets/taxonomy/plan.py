"""Which rows of the taxonomy stages are to be made: work items, keyed by all that can change them."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kg_assets.domain import GraphUnit, fingerprint
from kg_assets.graph.plan import KNOWLEDGE_GRAPH
from kg_assets.stage.bench import StageBench
from kg_assets.stage.ledger import Counts, WorkItem
from kg_assets.stage.prompts import prompt_files
from kg_assets.stage.request_keys import request_key
from kg_assets.stage.stage import Plan, Stage, Usual
from kg_assets.taxonomy.label import EXCERPT_CHARS, LABEL_VERSION, Sight, label, label_groups, label_request
from kg_assets.taxonomy.topics import (
    TOPICS_VERSION,
    Mention,
    find_topics,
    mentions,
    topic_groups,
    topics_request,
)
from kg_assets.taxonomy.tree import (
    TREE_VERSION,
    distinct_names,
    grow_tree,
    merge_request,
    tree_of,
    tree_request,
    tree_rows,
)
from kg_assets.taxonomy.types import ChunkTag, Tag, Topic
from resources.configuration.load import Configuration
from resources.configuration.settings import Settings, TaxonomySettings
from resources.configuration.taxonomy_file import TagTree
from resources.models.types import Ask
from resources.warehouse.warehouse import Warehouse, insert_rows

Identity = Mapping[str, Any]
Count = Callable[[str], int]
MIN_TAGGED_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class TopicGroup:
    """What one request of the topics stage shows."""

    mentions: tuple[Mention, ...]
    language: str


@dataclass(frozen=True, slots=True)
class Topics:
    """All topics of the corpus, of which the tree is made."""

    names: tuple[str, ...]
    language: str


@dataclass(frozen=True, slots=True)
class Basis:
    """What the present tree was made from: items and keys of the topics stage, and the chunks of then."""

    recipe: str
    items: tuple[tuple[str, str], ...]
    chunk_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Place:
    chunk_id: str
    language: str
    heading_path: tuple[str, ...]


def topic_items(
    warehouse: Warehouse, settings: Settings, identity: Identity, count: Count
) -> list[WorkItem[TopicGroup | None]]:
    """Groups of headings and entities. As long as the corpus is nearly what it was when the tree was made,
    they are those of then, without what they show: they are done."""
    if settings.taxonomy.source != "model":
        return []
    places = warehouse.rows(_Place, "FROM current_chunks")
    kept = _kept(warehouse, settings, identity, [place.chunk_id for place in places])
    if kept is not None:
        return [WorkItem(item_id, key, None) for item_id, key in kept]
    units = warehouse.rows(GraphUnit, "FROM current_units")
    language = settings.extraction.language or _main_language(places)
    items: list[WorkItem[TopicGroup | None]] = []
    for group in topic_groups(mentions([place.heading_path for place in places], units), count):
        key = request_key(TOPICS_VERSION, topics_request(group, language), identity)
        items.append(WorkItem(f"t{key}", key, TopicGroup(group, language)))
    return items


async def group_topics(item: WorkItem[TopicGroup | None], ask: Ask) -> list[Topic]:
    """What a group is about.

    Raises:
        CallFailed: the model's answer was unusable twice.
    """
    if item.payload is None:
        raise RuntimeError(f"{item.item_id} was taken for done, and is not stored; this is a bug")
    return await find_topics(item.payload.mentions, item.payload.language, ask)


def changed_share(before: Sequence[str], now: Sequence[str]) -> float:
    """How many of the chunks have come or gone, as a share of those before."""
    return len(set(before) ^ set(now)) / len(before) if before else 1.0


def store_basis(warehouse: Warehouse, settings: Settings, identity: Identity) -> None:
    """Note what the tree was made from, where that is not the same as before."""
    current = "SELECT item_id, key FROM current_items WHERE stage = 'topics' ORDER BY position"
    with warehouse.transaction() as connection:
        items = tuple(connection.execute(current).fetchall())
        recipe = _basis_recipe(settings, identity)
        before = warehouse.rows(Basis, "FROM taxonomy_basis")
        if before and (before[0].recipe, before[0].items) == (recipe, items):
            return
        chunks = connection.execute("SELECT chunk_id FROM current_chunks").fetchall()
        connection.execute("DELETE FROM taxonomy_basis")
        insert_rows(connection, "taxonomy_basis", [Basis(recipe, items, tuple(c for (c,) in chunks))])


def tree_items(
    warehouse: Warehouse, settings: TaxonomySettings, own: TagTree | None, identity: Identity
) -> list[WorkItem[TagTree | Topics]]:
    """The tree: one item, the user's own or all topics of the corpus; none without either."""
    if own is not None:
        return [WorkItem("tree", fingerprint(TREE_VERSION, own.branches), own)]
    found = warehouse.rows(Topic, "FROM current_topics") if settings.source == "model" else []
    if not found:
        return []
    topics = Topics(tuple(topic.name for topic in found), found[0].language)
    request = tree_request(distinct_names(topics.names), topics.language, settings)
    merging = merge_request((), topics.language)
    key = request_key(TREE_VERSION, request, identity, merging.messages[0].content)
    return [WorkItem("tree", key, topics)]


async def plant(
    item: WorkItem[TagTree | Topics], settings: TaxonomySettings, count: Count, ask: Ask
) -> list[Tag]:
    """The nodes of the tree.

    Raises:
        CallFailed: the model's answer was unusable twice.
    """
    tree = item.payload
    if isinstance(tree, Topics):
        tree = await grow_tree(tree.names, tree.language, settings, count, ask)
    return tree_rows(tree)


def current_tree(warehouse: Warehouse) -> TagTree:
    """The tree as it is now; without branches where there is none."""
    return tree_of(warehouse.rows(Tag, "FROM current_taxonomy"))


def chunk_tag_items(
    warehouse: Warehouse, tags: Sequence[str], identity: Identity, count: Count
) -> list[WorkItem[tuple[Sight, ...]]]:
    """Groups of chunks to be tagged; none without tags."""
    if not tags:
        return []
    items = []
    for group in label_groups(warehouse.rows(Sight, _SIGHTS), count):
        chunk_ids = [sight.chunk_id for sight in group]
        key = request_key(LABEL_VERSION, label_request(group, tags), identity, chunk_ids)
        items.append(WorkItem(f"g{fingerprint(chunk_ids)}", key, group))
    return items


def _kept(
    warehouse: Warehouse, settings: Settings, identity: Identity, chunk_ids: Sequence[str]
) -> tuple[tuple[str, str], ...] | None:
    """The items of the present tree, where it is to be kept and nothing of them is to be tried again."""
    for basis in warehouse.rows(Basis, "FROM taxonomy_basis"):
        finished = warehouse.scalar(
            "SELECT count(*) FROM (SELECT key FROM done WHERE stage = 'topics' UNION "
            "SELECT key FROM drops WHERE stage = 'topics' AND NOT retry) WHERE key IN (SELECT unnest(?))",
            [[key for _, key in basis.items]],
        )
        if (
            basis.recipe == _basis_recipe(settings, identity)
            and changed_share(basis.chunk_ids, chunk_ids) <= settings.taxonomy.rebuild_share
            and finished == len({key for _, key in basis.items})
        ):
            return basis.items
    return None


def _basis_recipe(settings: Settings, identity: Identity) -> str:
    prompts = prompt_files("taxonomy", "topics")
    return fingerprint(TOPICS_VERSION, prompts, identity, settings.extraction.language)


def _main_language(places: Sequence[_Place]) -> str:
    times = Counter(place.language for place in places)
    return min(times, key=lambda language: (-times[language], language), default="en")


_SIGHTS = f"""
    WITH named AS (
        SELECT chunk_id, list(name ORDER BY first) AS names FROM (
            SELECT i.item_id AS chunk_id, t.name, min(t.row_index) AS first
            FROM current_items i JOIN claims t ON t.key = i.key
            WHERE i.stage = 'claims' AND t.kind = 'entity' GROUP BY i.item_id, t.name
        ) GROUP BY chunk_id
    )
    SELECT c.chunk_id, c.document_id, c.language, c.heading_path, left(c.text, {EXCERPT_CHARS}) AS excerpt,
        to_json(coalesce(n.names, []))::VARCHAR AS names
    FROM current_chunks c LEFT JOIN named n USING (chunk_id)
    ORDER BY c.document_id, c.chunk_index
"""


OFF = "taxonomy.source is off"


def _tags(configuration: Configuration) -> bool:
    return configuration.settings.taxonomy.source != "off"


def _made_by_model(configuration: Configuration) -> bool:
    return configuration.settings.taxonomy.source == "model"


def _note(bench: StageBench, otherwise: str) -> str:
    source = bench.settings.taxonomy.source
    return OFF if source == "off" else "" if source == "model" else otherwise


def _plan_topics(bench: StageBench) -> Plan[TopicGroup | None]:
    items = topic_items(bench.warehouse, bench.settings, bench.identity("synthesizer"), bench.count)
    return Plan(
        items, group_topics, "synthesizer" if items else None, _note(bench, "made from the user's file")
    )


def _plan_taxonomy(bench: StageBench) -> Plan[TagTree | Topics]:
    settings, own, identity = bench.settings.taxonomy, bench.own_tree, bench.identity("synthesizer")

    def keep_basis(counts: Counts) -> None:
        if settings.source == "model" and counts.rows_out:
            store_basis(bench.warehouse, bench.settings, identity)

    return Plan(
        tree_items(bench.warehouse, settings, own, identity),
        lambda item, ask: plant(item, settings, bench.count, ask),
        "synthesizer" if settings.source == "model" else None,
        _note(bench, ""),
        keep_basis,
    )


def _plan_chunk_tags(bench: StageBench) -> Plan[tuple[Sight, ...]]:
    tags = current_tree(bench.warehouse).leaves()
    items = chunk_tag_items(bench.warehouse, tags, bench.identity("synthesizer"), bench.count)
    return Plan(
        items,
        lambda item, ask: label(item.payload, tags, ask),
        "synthesizer" if items else None,
        _note(bench, "" if tags else "there is no tree of tags"),
    )


def _to_all_topics(share: float, bench: StageBench) -> float:
    """One group of topics that is new makes another tree, unless the present one is kept."""
    if bench.settings.taxonomy.source != "model":
        return 0.0
    kept = share <= bench.settings.taxonomy.rebuild_share and current_tree(bench.warehouse).branches
    return 0.0 if kept else 1.0


TOPICS = Stage(
    name="topics",
    group="taxonomy",
    row_type=Topic,
    upstream=(KNOWLEDGE_GRAPH,),
    version=TOPICS_VERSION,
    plan=_plan_topics,
    role="synthesizer",
    asks=_made_by_model,
    prompts=(("taxonomy", "topics"),),
    settings=("taxonomy.source", "taxonomy.rebuild_share", "extraction.language"),
    usual=lambda _settings: Usual(0.02, "units", 1900.0, 120.0, most_rows=80.0),
    spreads=_to_all_topics,
    kinds=frozenset({"openai", "duckdb"}),
    needs_rows=False,
)
TAXONOMY = Stage(
    name="taxonomy",
    group="taxonomy",
    row_type=Tag,
    upstream=(TOPICS,),
    version=TREE_VERSION,
    plan=_plan_taxonomy,
    role="synthesizer",
    asks=_made_by_model,
    prompts=(("taxonomy", "merge"), ("taxonomy", "tree")),
    settings=("taxonomy.source", "taxonomy.first_level", "taxonomy.second_level"),
    touches=("extraction.language",),
    further=("taxonomy",),
    usual=lambda _settings: Usual(1.0, "corpus", 900.0, 500.0),
    spreads=lambda share, _bench: 1.0 if share else 0.0,
    kinds=frozenset({"openai", "duckdb"}),
    needs_rows=False,
)
CHUNK_TAGS = Stage(
    name="chunk_tags",
    group="taxonomy",
    row_type=ChunkTag,
    upstream=(TAXONOMY, KNOWLEDGE_GRAPH),
    version=LABEL_VERSION,
    plan=_plan_chunk_tags,
    role="synthesizer",
    asks=_tags,
    prompts=(("taxonomy", "chunk_tags"),),
    settings=("taxonomy.source", "chunking.tokenizer"),
    usual=lambda _settings: Usual(0.15, "chunks", 3000.0, 90.0),
    kinds=frozenset({"openai", "duckdb"}),
    checks=(("chunks_have_tags", f"At least {MIN_TAGGED_SHARE:.0%} of the chunks have a tag."),),
    needs_rows=False,
)
