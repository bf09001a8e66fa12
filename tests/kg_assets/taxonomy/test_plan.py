"""What the taxonomy stages have to do is read from a warehouse that the stages before them have filled."""

from collections.abc import Mapping
from typing import Any

import pytest

from kg_assets.domain import Chunk, Comprehension
from kg_assets.quality.tags import keep_or_leave_out, pair_items
from kg_assets.stage.ledger import Ledger
from kg_assets.taxonomy.plan import (
    changed_share,
    chunk_tag_items,
    current_tree,
    store_basis,
    topic_items,
    tree_items,
)
from kg_assets.taxonomy.topics import find_topics
from kg_assets.taxonomy.types import ChunkTag, Tag, Topic
from resources.configuration.settings import Settings
from resources.configuration.taxonomy_file import TagTree
from resources.warehouse.warehouse import Warehouse
from tests.kg_assets.stage_samples import Scripted, entity, entity_claim, pair, store, words

IDENTITY = {"model": "big"}
MODEL = Settings.model_validate({"taxonomy": {"source": "model"}})
TREE = [Tag("Tea", "", "Tea", 1), Tag("Tea > Green", "Tea", "Green", 2), Tag("Law", "", "Law", 1)]


def put_chunks(warehouse: Warehouse, *headings: str, language: str = "en") -> None:
    chunks = [
        Chunk(f"c{n}", f"{name}.md", "v", 0, 0, 9, f"About {name}.", 2, (name,), language)
        for n, name in enumerate(headings)
    ]
    store(warehouse, "chunks", {chunk.document_id: [chunk] for chunk in chunks})


def make_topics(warehouse: Warehouse, settings: Settings = MODEL) -> Ledger:
    """Run the topics stage and note what the tree is made from."""
    items = topic_items(warehouse, settings, IDENTITY, words)
    ledger = Ledger(warehouse, "topics", "run")
    answers = Scripted(*({"topics": ["Tea"]} for _ in items))
    ledger.execute(
        items,
        ledger.pending(items),
        lambda item, _ask: find_topics(item.payload.mentions, item.payload.language, answers),
    )
    store_basis(warehouse, settings, IDENTITY)
    return ledger


def tags_of_pairs(warehouse: Warehouse, settings: Settings) -> tuple[dict[str, str], int]:
    """The tags of the exported pairs by question, and how many are left out."""
    items = pair_items(warehouse, settings)
    ledger = Ledger(warehouse, "tagged_qa", "run")
    counts = ledger.execute(items, ledger.pending(items), keep_or_leave_out)
    asked = {item.payload[0].qa_id: item.payload[0].question for item in items}
    tags = warehouse.frame("SELECT qa_id, tag FROM current_tagged_qa").itertuples(index=False, name=None)
    return {asked[qa_id]: tag for qa_id, tag in tags}, counts.dropped


@pytest.mark.parametrize(
    ("before", "now", "share"),
    [("abcd", "abcd", 0.0), ("abcd", "abcde", 0.25), ("abcd", "abce", 0.5), ("", "a", 1.0), ("a", "", 1.0)],
)
def test_what_has_changed_is_a_share_of_what_there_was(before: str, now: str, share: float) -> None:
    assert changed_share(before, now) == share


def test_groups_stay_those_of_the_tree_until_too_much_has_changed(warehouse: Warehouse) -> None:
    put_chunks(warehouse, *"ABCDEFGHIJ")
    first = make_topics(warehouse)
    put_chunks(warehouse, *"ABCDEFGHIJKLM")
    assert make_topics(warehouse).data_version == first.data_version
    put_chunks(warehouse, *"ABCDEFGHIJKLMN")
    assert make_topics(warehouse).data_version != first.data_version


@pytest.mark.parametrize(
    "other", [{"extraction": {"language": "de"}}, {"taxonomy": {"source": "model", "rebuild_share": 0}}]
)
def test_another_language_or_share_counts_at_once(warehouse: Warehouse, other: Mapping[str, Any]) -> None:
    put_chunks(warehouse, *"ABCDEFGHIJ")
    first = make_topics(warehouse)
    put_chunks(warehouse, *"ABCDEFGHIJK")
    settings = Settings.model_validate({"taxonomy": {"source": "model"}, **other})
    assert make_topics(warehouse, settings).data_version != first.data_version


def test_groups_that_are_to_be_tried_again_are_made_of_the_corpus_as_it_is(warehouse: Warehouse) -> None:
    put_chunks(warehouse, *"ABCDEFGHIJ")
    (item,) = topic_items(warehouse, MODEL, IDENTITY, words)
    make_topics(warehouse)
    with warehouse.transaction() as connection:
        connection.execute("DELETE FROM done WHERE stage = 'topics'")
    (again,) = topic_items(warehouse, MODEL, IDENTITY, words)
    assert again == item


def test_the_tree_is_in_the_language_of_most_chunks_or_in_the_one_that_is_set(warehouse: Warehouse) -> None:
    put_chunks(warehouse, "茶", "水", language="zh")
    (item,) = topic_items(warehouse, MODEL, IDENTITY, words)
    assert item.payload is not None
    assert item.payload.language == "zh"
    english = Settings.model_validate({"taxonomy": {"source": "model"}, "extraction": {"language": "en"}})
    (item,) = topic_items(warehouse, english, IDENTITY, words)
    assert item.payload is not None
    assert item.payload.language == "en"


def test_off_nothing_is_to_be_done(warehouse: Warehouse) -> None:
    put_chunks(warehouse, "A")
    store(warehouse, "topics", {"t": [Topic("Tea", "en")]})
    store(warehouse, "curated_qa", {"s1": [pair("Which tea?")]})
    off = Settings()
    assert topic_items(warehouse, off, IDENTITY, words) == []
    assert tree_items(warehouse, off.taxonomy, None, IDENTITY) == []
    assert pair_items(warehouse, off) == []
    assert chunk_tag_items(warehouse, (), IDENTITY, words) == []


def test_the_users_tree_needs_no_topics(warehouse: Warehouse) -> None:
    settings = Settings.model_validate({"taxonomy": {"source": "tags.yaml"}})
    own = TagTree((("Tea", ("Green",)),))
    assert topic_items(warehouse, settings, IDENTITY, words) == []
    (item,) = tree_items(warehouse, settings.taxonomy, own, IDENTITY)
    assert item.payload == own
    store(warehouse, "taxonomy", {"tree": TREE})
    assert current_tree(warehouse).leaves() == ("Tea > Green", "Law")


@pytest.fixture
def tagged(warehouse: Warehouse) -> Warehouse:
    """Three chunks about tea and one about law; "Leeds" stands in all of them, "Assam" in one about tea."""
    put_chunks(warehouse, "A", "B", "C", "D")
    everywhere = {f"c{n}": [entity_claim("Leeds").claim] for n in range(4)}
    store(warehouse, "claims", everywhere | {"c0": [entity_claim("Leeds").claim, entity_claim("Assam").claim],
          "c3": [entity_claim("Leeds").claim, entity_claim("Oath").claim]})  # fmt: skip
    store(warehouse, "taxonomy", {"tree": TREE})
    chosen = ["Tea > Green", "Tea > Green", "Tea > Green", "Law"]
    store(warehouse, "chunk_tags", {"g": [ChunkTag(f"c{n}", tag) for n, tag in enumerate(chosen)]})
    return warehouse


def _about(*names: str) -> tuple[str, ...]:
    return tuple(entity(name).unit_id for name in names)


def test_a_pair_has_the_tag_of_most_text_that_supports_it_each_fact_with_one_vote(tagged: Warehouse) -> None:
    pairs = {
        "town": pair("town", unit_ids=_about("Leeds")),
        "oath": pair("oath", unit_ids=_about("Oath")),
        "both": pair("both", unit_ids=_about("Leeds", "Oath")),
        "gone": pair("gone", unit_ids=_about("Nobody")),
    }
    store(tagged, "curated_qa", {name: [made] for name, made in pairs.items()})
    found, dropped = tags_of_pairs(tagged, MODEL)
    assert found == {"town": "Tea > Green", "oath": "Law", "both": "Law", "gone": ""}
    assert dropped == 0


def test_a_chunk_without_a_tag_counts_for_none(tagged: Warehouse) -> None:
    store(tagged, "curated_qa", {"town": [pair("town", unit_ids=_about("Leeds"))]})
    store(tagged, "chunk_tags", {"g": [ChunkTag("c0", ""), ChunkTag("c1", ""), ChunkTag("c2", "Law")]})
    assert tags_of_pairs(tagged, MODEL)[0] == {"town": ""}


def test_balancing_keeps_the_worst_known_and_drops_the_others_with_their_text(tagged: Warehouse) -> None:
    pairs = {f"q{n}": pair(f"q{n}", unit_ids=_about("Leeds")) for n in range(3)}
    pairs["worst"] = pair("worst", unit_ids=_about("Assam"))
    store(tagged, "curated_qa", {name: [made] for name, made in pairs.items()})
    losses = {"Leeds": 0.2, "Assam": 1.5}
    store(
        tagged,
        "comprehension",
        {name: [Comprehension(entity(name).unit_id, "t", 0.5, loss, 2)] for name, loss in losses.items()},
    )
    settings = MODEL.model_copy(
        update={"export": MODEL.export.model_copy(update={"balance": "tag", "max_share": 0.5})}
    )
    found, dropped = tags_of_pairs(tagged, settings)
    assert "worst" in found
    assert (len(found), dropped) == (2, 2)
    exported = tagged.frame("SELECT question FROM exported_qa")
    assert set(exported["question"]) == set(found)
    (reason,) = set(tagged.frame("SELECT reason FROM current_drops WHERE stage = 'tagged_qa'")["reason"])
    assert reason == "over_max_share"
    assert len(tags_of_pairs(tagged, MODEL)[0]) == 4


def test_the_request_for_a_chunk_shows_what_its_claims_name(tagged: Warehouse) -> None:
    items = chunk_tag_items(tagged, ("Tea > Green", "Law"), IDENTITY, words)
    seen = {sight.chunk_id: sight for item in items for sight in item.payload}
    assert seen["c0"].names == ("Leeds", "Assam")
    assert (seen["c0"].heading_path, seen["c0"].excerpt) == (("A",), "About A.")
    assert {item.key for item in items}.isdisjoint(
        item.key for item in chunk_tag_items(tagged, ("Law",), IDENTITY, words)
    )
