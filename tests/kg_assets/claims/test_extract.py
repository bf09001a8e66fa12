"""From a chunk to its claims: what is asked, which answers are accepted, what becomes a claim."""

from dataclasses import replace
from typing import Any

import pytest

from kg_assets.claims.coreference import ResolvedText
from kg_assets.claims.extract import (
    UNKNOWN_TYPE,
    claims_of,
    extract_claims,
    extraction_request,
    extraction_schema,
    validate_extraction,
)
from kg_assets.domain import entity_id, relation_id
from resources.configuration.settings import ExtractionSettings
from resources.errors import CallFailed
from resources.models.types import ChatResponse
from tests.kg_assets.stage_samples import Scripted, awaited, chunk, extraction

TEXT = "The Kestrel-2 pump was built by Harrow Works in Leeds. It moves 40 litres of brine a minute."
PUMP = {
    "name": "Kestrel-2 pump",
    "type": "technology",
    "description": "The Kestrel-2 pump moves brine.",
    "quote": "moves 40 litres of brine",
}
BUILT = {
    "source": "Harrow Works",
    "target": "Kestrel-2 pump",
    "description": "Harrow Works built the Kestrel-2 pump.",
    "quote": "built by Harrow Works",
}
SETTINGS = ExtractionSettings()
UNUSABLE = [
    "no JSON here",
    [],
    {},
    {"nodes": []},
    {"entities": "none", "relations": []},
    {"entities": {"name": "x"}, "relations": []},
    {"entities": [{"name": "x"}], "relations": []},
    {"entities": ["Harrow Works"], "relations": [3]},
    {"entities": [{"name": "  ", "description": "d"}], "relations": []},
    {"entities": [{"name": "「」", "description": "d"}], "relations": []},
    {"entities": [], "relations": [{"source": "Leeds", "target": "LEEDS", "description": "d"}]},
]


def test_an_entity_and_a_relation_become_claims_with_their_evidence() -> None:
    ask = Scripted(extraction([PUMP], [BUILT]))
    entity, relation = awaited(extract_claims(chunk(TEXT), SETTINGS, ask))
    assert (entity.kind, entity.name, entity.type, entity.unit_id) == (
        "entity",
        "Kestrel-2 pump",
        "technology",
        entity_id("Kestrel-2 pump"),
    )
    assert TEXT[entity.quote_start : entity.quote_end] == "moves 40 litres of brine"
    assert (relation.kind, relation.source, relation.target) == ("relation", "Harrow Works", "Kestrel-2 pump")
    assert relation.unit_id == relation_id("Kestrel-2 pump", "Harrow Works")
    assert TEXT[relation.quote_start : relation.quote_end] == "built by Harrow Works"
    assert entity.quoted
    assert relation.quoted
    assert len(ask.requests) == 1


def test_chinese_claims_have_chinese_evidence() -> None:
    text = "红隼二号泵由哈罗机械厂于1987年在利兹制造，\n每分钟输送40升盐水。"
    row = {
        "name": "红隼二号泵",
        "type": "技术",
        "description": "红隼二号泵每分钟输送40升盐水。",
        "quote": "制造,每分钟输送",
    }
    (claim,) = awaited(extract_claims(chunk(text, language="zh"), SETTINGS, Scripted(extraction([row]))))
    assert text[claim.quote_start : claim.quote_end] == "制造，\n每分钟输送"
    assert text[claim.evidence_start : claim.evidence_end] == text
    assert claim.quoted
    assert claim.description == "红隼二号泵每分钟输送40升盐水。"


@pytest.mark.parametrize("quote", ["moves 50 litres of brine", "", None, 7, "...", "“”"])
def test_a_quote_that_is_not_in_the_chunk_is_dropped_and_the_chunk_is_the_evidence(quote: Any) -> None:
    (claim,) = awaited(extract_claims(chunk(TEXT), SETTINGS, Scripted(extraction([PUMP | {"quote": quote}]))))
    assert (claim.evidence_start, claim.evidence_end, claim.quoted) == (0, len(TEXT), False)


def test_a_row_without_a_quote_or_a_type_is_still_a_claim() -> None:
    row = {"name": "Leeds", "description": "Leeds is a city."}
    (claim,) = awaited(extract_claims(chunk(TEXT), SETTINGS, Scripted(extraction([row]))))
    assert (claim.type, claim.quoted) == (UNKNOWN_TYPE, False)


def test_types_are_compared_in_lower_case() -> None:
    (claim,) = claims_of(extraction([PUMP | {"type": " Technology "}]), ResolvedText(TEXT))
    assert claim.type == "technology"


def test_equal_wordings_are_one_claim_and_other_wordings_another() -> None:
    twice = extraction([PUMP, PUMP | {"name": "KESTREL-2 PUMP"}, PUMP | {"description": "It is a pump."}])
    assert [claim.description for claim in claims_of(twice, ResolvedText(TEXT))] == [
        PUMP["description"],
        "It is a pump.",
    ]


def test_both_directions_of_a_relation_are_claims_of_one_unit() -> None:
    back = BUILT | {"source": BUILT["target"], "target": BUILT["source"]}
    there, again = claims_of(extraction([], [BUILT, back]), ResolvedText(TEXT))
    assert there.unit_id == again.unit_id
    assert there.claim_id != again.claim_id


def test_white_space_in_texts_becomes_single_spaces() -> None:
    found = validate_extraction(extraction([PUMP | {"name": " Kestrel-2\n pump "}]))
    assert found["entities"][0]["name"] == "Kestrel-2 pump"


@pytest.mark.parametrize("answer", UNUSABLE)
def test_an_unusable_answer_is_repaired_once_and_then_dropped_with_both_raw_answers(answer: object) -> None:
    ask = Scripted(answer, extraction([PUMP]))
    assert len(awaited(extract_claims(chunk(TEXT), SETTINGS, ask))) == 1
    assert len(ask.requests) == 2
    assert "could not be used" in ask.requests[1].messages[-1].content

    hopeless = Scripted(answer, answer)
    with pytest.raises(CallFailed) as failure:
        awaited(extract_claims(chunk(TEXT), SETTINGS, hopeless))
    assert failure.value.reason in ("invalid_json", "invalid_shape")
    assert failure.value.raw.count("second answer") == 1
    assert len(hopeless.requests) == 2


def test_usable_rows_are_kept_beside_unusable_ones() -> None:
    rows = [{"name": "x"}, PUMP, "Leeds", {"description": "d"}]
    found = validate_extraction({"entities": rows, "relations": None})
    assert [row["name"] for row in found["entities"]] == ["Kestrel-2 pump"]
    assert found["relations"] == []


def test_an_answer_that_finds_nothing_is_an_answer() -> None:
    assert awaited(extract_claims(chunk(TEXT), SETTINGS, Scripted(extraction()))) == []


def test_an_answer_that_was_cut_off_is_asked_for_again() -> None:
    ask = Scripted(ChatResponse('{"entities": [{"name": "Kes', "length"), extraction([PUMP]))
    assert len(awaited(extract_claims(chunk(TEXT), SETTINGS, ask))) == 1


def test_without_gleaning_one_request_is_made() -> None:
    ask = Scripted(extraction([PUMP]))
    awaited(extract_claims(chunk(TEXT), ExtractionSettings(max_gleanings=0), ask))
    assert len(ask.requests) == 1


def test_gleaning_asks_only_for_what_is_missing_and_continues_the_conversation() -> None:
    ask = Scripted(extraction([PUMP]), extraction([], [BUILT]))
    claims = awaited(extract_claims(chunk(TEXT), ExtractionSettings(max_gleanings=1), ask))
    assert [claim.kind for claim in claims] == ["entity", "relation"]
    first, second = (request.messages for request in ask.requests)
    assert second[: len(first)] == first
    assert [message.role for message in second[len(first) :]] == ["assistant", "user"]
    assert "still missing" in second[-1].content


def test_gleaning_stops_when_a_round_brings_nothing_new() -> None:
    ask = Scripted(extraction([PUMP]), extraction([PUMP]), extraction([], [BUILT]))
    claims = awaited(extract_claims(chunk(TEXT), ExtractionSettings(max_gleanings=5), ask))
    assert len(claims) == 1
    assert len(ask.requests) == 2


def test_gleaning_goes_on_while_rounds_bring_something_new_up_to_the_limit() -> None:
    leeds = {"name": "Leeds", "type": "location", "description": "Leeds is a city.", "quote": "in Leeds"}
    ask = Scripted(extraction([PUMP]), extraction([leeds]), extraction([], [BUILT]), extraction())
    assert len(awaited(extract_claims(chunk(TEXT), ExtractionSettings(max_gleanings=2), ask))) == 3
    assert len(ask.requests) == 3


def test_headings_above_the_chunk_are_shown_and_those_in_it_are_not_repeated() -> None:
    request = extraction_request(chunk(TEXT, headings=("Pumps", "Leeds")), SETTINGS)
    assert request.messages[1].content == f"<input>\nPumps\n\n{TEXT}\n</input>"


def test_the_fixed_part_of_the_prompt_comes_first_and_is_the_same_for_all_chunks() -> None:
    one, other = (
        extraction_request(chunk("a"), SETTINGS),
        extraction_request(chunk("b", chunk_id="c2"), SETTINGS),
    )
    assert one.messages[0] == other.messages[0]
    assert one.messages[0].role == "system"


def test_the_language_of_the_settings_overrules_that_of_the_chunk() -> None:
    german = extraction_request(chunk("x", language="zh"), ExtractionSettings(language="de"))
    assert "Write in German" in german.messages[0].content
    assert "用中文书写" in extraction_request(chunk("x", language="zh"), SETTINGS).messages[0].content


def test_every_text_and_list_of_the_schema_is_bounded() -> None:
    def check(node: Any) -> None:
        if isinstance(node, dict):
            if node.get("type") == "string":
                assert "maxLength" in node or "enum" in node
            if node.get("type") == "array":
                assert node["maxItems"] > 0
            if node.get("type") == "object":
                assert node["additionalProperties"] is False
                assert set(node["required"]) == set(node["properties"])
            for child in node.values():
                check(child)

    check(extraction_schema(SETTINGS))


def test_the_schema_offers_the_configured_types_only() -> None:
    settings = ExtractionSettings(entity_types=("gene", "基因"))
    entity = extraction_schema(settings)["properties"]["entities"]["items"]
    assert entity["properties"]["type"]["enum"] == ["gene", "基因"]
    assert "gene, 基因" in extraction_request(chunk(TEXT), settings).messages[0].content


def test_the_request_says_for_whom_it_is() -> None:
    request = extraction_request(replace(chunk(TEXT), document_id="b.md"), SETTINGS)
    assert (request.item_id, request.document_id) == ("c1", "b.md")


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("The **Kestrel-2** moves *brine*.", "The Kestrel-2 moves brine."),
        ("红隼**二号**泵", "红隼二号泵"),
        ("***both***", "both"),
        ("F = m*a*b", "F = m*a*b"),
        ("5 * 3 * 2 = 30", "5 * 3 * 2 = 30"),
        ("A* and B* searches", "A* and B* searches"),
        ("footnote**", "footnote**"),
    ],
)
def test_markdown_emphasis_is_taken_out_of_descriptions_and_formulas_stay(written: str, kept: str) -> None:
    found = validate_extraction(extraction([PUMP | {"description": written}]))
    assert found["entities"][0]["description"] == kept


def test_a_quote_is_looked_up_as_it_stands_emphasis_and_all() -> None:
    text = "The **Kestrel-2** moves brine."
    (claim,) = claims_of(
        validate_extraction(extraction([PUMP | {"quote": "**Kestrel-2** moves"}])), ResolvedText(text)
    )
    assert text[claim.quote_start : claim.quote_end] == "**Kestrel-2** moves"
    assert text[claim.evidence_start : claim.evidence_end] == text


@pytest.mark.parametrize(
    ("text", "name", "kept"),
    [
        ("*Kestrel-2* moves brine.", "*Kestrel-2", "Kestrel-2"),
        ("A **Kestrel-2** moves brine.", "Kestrel-2**", "Kestrel-2"),
        ("A* is a search.", "A*", "A*"),
    ],
)
def test_half_an_emphasis_around_a_name_goes_too(text: str, name: str, kept: str) -> None:
    (claim,) = claims_of(validate_extraction(extraction([PUMP | {"name": name}])), ResolvedText(text))
    assert claim.name == kept
    assert claim.unit_id == entity_id(kept)
