"""Pronouns are replaced for reading only: evidence is the original's, and what cannot be replaced is said."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg_assets.claims.coreference import Replacement, ResolvedText, coreference_request, resolve
from kg_assets.claims.extract import extract_claims, extraction_request
from kg_assets.claims.plan import claim_items
from kg_assets.domain import Chunk, Claim
from kg_assets.stage.ledger import DroppedPart
from resources.configuration.settings import ExtractionSettings
from resources.errors import CallFailed
from resources.warehouse.warehouse import Warehouse, insert_rows
from tests.kg_assets.stage_samples import Scripted, awaited, chunk, extraction

TEXT = "It was built in Leeds in 1987. The company tested its rotor twice. It rained."
BEFORE = "The Kestrel-2 pump moves brine."
HERE = chunk(TEXT, headings=("Harrow Works",))
SETTINGS = ExtractionSettings()


def answer(*rows: tuple[str, str, str]) -> dict[str, Any]:
    names = ("quote", "pronoun", "name")
    return {"replacements": [dict(zip(names, row, strict=True)) for row in rows]}


GOOD = answer(
    ("It was built", "It", "The Kestrel-2 pump"),
    ("The company tested", "The company", "Harrow Works"),
    ("tested its rotor", "its", "the Kestrel-2 pump"),
)
READ = (
    "The Kestrel-2 pump was built in Leeds in 1987. "
    "Harrow Works tested the Kestrel-2 pump's rotor twice. It rained."
)


def resolved(given: object, here: Chunk = HERE, before: str = BEFORE) -> tuple[str, list[DroppedPart]]:
    read, left_out = awaited(resolve(here, before, "en", Scripted(given)))
    return read.text, left_out


def test_the_chunk_its_headings_and_the_text_before_are_shown_and_pronouns_replaced() -> None:
    ask = Scripted(GOOD)
    read, left_out = awaited(resolve(HERE, BEFORE, "en", ask))
    asked = ask.requests[0].messages[-1].content
    assert all(part in asked for part in (TEXT, BEFORE, "Harrow Works"))
    assert (read.text, left_out) == (READ, [])
    assert read.original == TEXT


def test_chinese_pronouns_need_no_spaces_around_them() -> None:
    here = chunk("它在利兹制造。该厂检查了它两次。", language="zh", headings=("哈罗机械厂",))
    rows = answer(
        ("它在利兹制造", "它", "红隼二号泵"),
        ("该厂检查", "该厂", "哈罗机械厂"),
        ("检查了它", "它", "红隼二号泵"),
    )
    text, left_out = resolved(rows, here, "红隼二号泵输送盐水。")
    assert (text, left_out) == ("红隼二号泵在利兹制造。哈罗机械厂检查了红隼二号泵两次。", [])
    assert "你阅读文档的一部分" in coreference_request(here, "", "zh").messages[0].content


def test_claims_are_read_from_the_replaced_text_and_quoted_from_the_original() -> None:
    row = {
        "source": "The Kestrel-2 pump",
        "target": "Leeds",
        "quote": "The Kestrel-2 pump was built in Leeds",
        "description": "The Kestrel-2 pump was built in Leeds.",
    }
    ask = Scripted(GOOD, extraction([], [row]))
    (claim,) = awaited(extract_claims(HERE, SETTINGS, ask, BEFORE))
    assert isinstance(claim, Claim)
    assert READ in ask.requests[1].messages[-1].content
    assert TEXT[claim.quote_start : claim.quote_end] == "It was built in Leeds"
    assert TEXT[claim.evidence_start : claim.evidence_end].startswith("It was built in Leeds")
    assert claim.quoted


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (("It was built", "It", "Apollo 11"), "the name 'Apollo 11' is not in the text"),
        (("It was bought", "It", "Leeds"), "'It' is not in the text as 'It was bought'"),
        (("It was built", "She", "Leeds"), "'She' is not in the text as 'It was built'"),
        (("was built", "uil", "Leeds"), "'uil' is not in the text"),
    ],
)
def test_a_replacement_that_the_text_does_not_bear_is_left_out_with_a_sentence(
    row: tuple[str, str, str], said: str
) -> None:
    text, (part,) = resolved(answer(row))
    assert text == TEXT
    assert part.reason == "pronoun_not_replaced"
    assert said in part.detail
    assert row[2] in part.raw


def test_a_pronoun_is_replaced_once_and_a_second_row_takes_the_next_place() -> None:
    here = chunk("It ran. It ran. It ran.")
    rows = answer(*[("It ran.", "It", "Kestrel")] * 4)
    text, (part,) = resolved(rows, here, "Kestrel stood.")
    assert text == "Kestrel ran. Kestrel ran. Kestrel ran."
    assert part.reason == "pronoun_not_replaced"


def test_where_the_answer_is_unusable_twice_the_chunk_is_read_as_it_stands_and_a_drop_says_so() -> None:
    row = {"name": "Leeds", "type": "location", "quote": "built in Leeds", "description": "Leeds is a city."}
    ask = Scripted("no JSON", "no JSON again", extraction([row]))
    claim, part = awaited(extract_claims(HERE, SETTINGS, ask, BEFORE))
    assert isinstance(claim, Claim)
    assert isinstance(part, DroppedPart)
    assert (part.reason, "left as they are, and it was read so" in part.detail) == (
        "coreference_failed",
        True,
    )
    assert "no JSON again" in part.raw
    assert TEXT in ask.requests[-1].messages[-1].content


def test_an_endpoint_that_is_away_for_now_drops_the_chunk_to_be_tried_again() -> None:
    with pytest.raises(CallFailed):
        awaited(extract_claims(HERE, SETTINGS, Scripted(CallFailed("timeout", "No answer.")), BEFORE))


def test_without_replacements_the_request_is_that_of_a_run_without_coreference() -> None:
    ask = Scripted(answer(), extraction())
    assert awaited(extract_claims(HERE, SETTINGS, ask, BEFORE)) == []
    assert ask.requests[1] == extraction_request(HERE, SETTINGS)


@given(st.data())
def test_every_place_of_the_replaced_text_has_its_place_in_the_original(data: st.DataObject) -> None:
    original = data.draw(st.text("ab \n雨e\u0301", min_size=1, max_size=40))
    borders = sorted(data.draw(st.sets(st.integers(0, len(original)), max_size=8)))
    spans = list(zip(borders[::2], borders[1::2], strict=False))
    names = data.draw(
        st.lists(st.text("XYZ", min_size=1, max_size=6), min_size=len(spans), max_size=len(spans))
    )
    read = ResolvedText(
        original, tuple(Replacement(s, e, name) for (s, e), name in zip(spans, names, strict=True))
    )
    ends = [read._origin(position) for position in range(len(read.text))]
    assert all(before[0] <= after[0] and before[1] <= after[1] for before, after in pairwise(ends))
    for position, (start, end) in enumerate(ends):
        assert read.text[position] == original[start:end] or (start, end) in spans


def in_document(warehouse: Warehouse, *texts: str) -> list[Chunk]:
    document, at, chunks = " ".join(texts), 0, []
    for index, text in enumerate(texts):
        at = document.index(text, at)
        chunks.append(replace(chunk(text, chunk_id=f"c{index}"), chunk_index=index, start_char=at))
    with warehouse.transaction() as connection:
        insert_rows(connection, "chunks", chunks, {"key": ["k"] * len(texts), "row_index": range(len(texts))})
        connection.execute("INSERT INTO current_items VALUES ('chunks', 0, 'a.md', 'k', 'a.md', NULL)")
    return chunks


def test_a_chunk_comes_with_the_one_before_it_and_its_key_covers_that(warehouse: Warehouse) -> None:
    in_document(warehouse, BEFORE, TEXT)
    identity = {"model": "m"}
    off = claim_items(warehouse, SETTINGS, identity, False)
    on = claim_items(warehouse, SETTINGS, identity, True)
    assert [item.payload.before for item in off] == [None, None]
    assert [item.payload.before for item in on] == ["", BEFORE]
    assert {item.key for item in on}.isdisjoint(item.key for item in off)
    with warehouse.transaction() as connection:
        connection.execute("UPDATE chunks SET text = 'Another pump moves brine.' WHERE chunk_index = 0")
    changed = claim_items(warehouse, SETTINGS, identity, True)
    assert [new.key == old.key for new, old in zip(changed, on, strict=True)] == [False, False]
    assert claim_items(warehouse, SETTINGS, identity, False)[1].key == off[1].key
