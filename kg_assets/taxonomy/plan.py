"""Which rows of the taxonomy stages are to be made: work items, keyed by all that can change them."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kg_assets.domain import GraphUnit, fingerprint
from kg_assets.keys import request_key
from kg_assets.ledger import Dropped, WorkItem
from kg_assets.prompts import prompt_files
from kg_assets.taxonomy.balance import TaggedPair, left_out, most_of_a_tag
from kg_assets.taxonomy.label import EXCERPT_CHARS, LABEL_VERSION, Sight, label_groups, label_request
from kg_assets.taxonomy.topics import TOPICS_VERSION, Mention, mentions, topic_groups, topics_request
from kg_assets.taxonomy.tree import (
    TREE_VERSION,
    distinct_names,
    grow_tree,
    merge_request,
    tree_of,
    tree_request,
    tree_rows,
)
from kg_assets.taxonomy.types import PairTag, Tag, Topic
from resources.models.types import Ask
from resources.settings import Settings, TaxonomySettings
from resources.taxonomy_file import TagTree
from resources.warehouse.warehouse import Warehouse, insert_rows

PAIRS_VERSION = "1"
Identity = Mapping[str, Any]
Count = Callable[[str], int]


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


def pair_items(warehouse: Warehouse, settings: Settings) -> list[WorkItem[tuple[TaggedPair, str]]]:
    """Each curated pair with its tag, and why it is left out, if it is; none where there is no taxonomy."""
    if settings.taxonomy.source == "off":
        return []
    pairs = warehouse.rows(TaggedPair, _TAGGED)
    share = settings.export.max_share
    beyond = left_out(pairs, share) if settings.export.balance == "tag" else set()
    why = (
        f"of {len(pairs)} pairs its first-level tag keeps {most_of_a_tag(len(pairs), share)}; raise "
        f"export.max_share ({share:g}) to keep more"
    )
    return [
        WorkItem(
            pair.qa_id,
            fingerprint(PAIRS_VERSION, pair.qa_id, pair.tag, why if pair.qa_id in beyond else ""),
            (pair, why if pair.qa_id in beyond else ""),
        )
        for pair in pairs
    ]


async def keep_or_leave_out(item: WorkItem[tuple[TaggedPair, str]], _ask: Ask) -> list[PairTag]:
    """The pair's tag.

    Raises:
        Dropped: there are too many pairs of its first-level tag.
    """
    pair, why = item.payload
    if why:
        raise Dropped("over_max_share", f"{pair.tag}: {why}.", f"Q: {pair.question}\nA: {pair.answer}")
    return [PairTag(pair.qa_id, pair.tag)]


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


def pair_tags(warehouse: Warehouse) -> dict[str, str]:
    """The tags of the pairs that are exported, by the pair's id; empty where there is no taxonomy."""
    return {row.qa_id: row.tag for row in warehouse.rows(PairTag, "FROM current_tagged_qa")}


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
_TAGGED = """
    WITH losses AS (
        SELECT qa_id, round(avg(loss), 9) AS loss
        FROM (SELECT qa_id, unnest(from_json(unit_ids, '["VARCHAR"]')) AS unit_id FROM current_curated_qa)
        JOIN current_comprehension USING (unit_id) GROUP BY qa_id
    )
    SELECT q.qa_id, q.question, q.answer, b.tag, l.loss
    FROM current_items i JOIN current_curated_qa q
        ON i.stage = 'curated_qa' AND i.key = q.key AND i.item_id = q.item_id
    JOIN qa_tags b USING (qa_id) LEFT JOIN losses l USING (qa_id)
    ORDER BY i.position
"""
