"""The tag of each curated pair, and which pairs balancing leaves out."""

from kg_assets.domain import fingerprint
from kg_assets.quality.balance import TaggedPair, left_out, most_of_a_tag
from kg_assets.stage.ledger import Dropped, WorkItem
from kg_assets.taxonomy.types import PairTag
from resources.configuration.settings import Settings
from resources.models.types import Ask
from resources.warehouse.warehouse import Warehouse

PAIR_TAGS_VERSION = "1"


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
            fingerprint(PAIR_TAGS_VERSION, pair.qa_id, pair.tag, why if pair.qa_id in beyond else ""),
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


_TAGGED = """
    WITH losses AS (
        SELECT qa_id, round(avg(loss), 9) AS loss
        FROM (SELECT qa_id, unnest(from_json(unit_ids, '["VARCHAR"]')) AS unit_id FROM current_curated_qa)
        JOIN current_comprehension USING (unit_id) GROUP BY qa_id
    )
    SELECT q.qa_id, q.question, q.answer, b.tag, l.loss
    FROM current_curated_qa q JOIN qa_tags b USING (qa_id) LEFT JOIN losses l USING (qa_id)
    ORDER BY q.position
"""
