"""Extraction with a schema of the user's: what is asked for, and what becomes of claims outside it."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from kg_assets.claims.extract import extract_claims, extraction_request
from kg_assets.claims.plan import claim_items
from kg_assets.domain import Claim
from kg_assets.stage.ledger import DroppedPart, Ledger
from resources.configuration.settings import ExtractionSettings
from resources.warehouse.warehouse import Warehouse, insert_rows
from tests.kg_assets.stage_samples import Scripted, awaited, chunk, extraction

TEXT = "The Kestrel-2 pump was built by Harrow Works in Leeds. Harrow Works belongs to Marsh Group."
SCHEMA = {
    "entities": [
        {"name": "Pump", "description": "A machine that moves a liquid."},
        {"name": "company"},
        {"name": "place"},
    ],
    "relations": [
        {"name": "built by", "description": "Who made it.", "pairs": [["pump", "Company"]]},
        {"name": "located in", "pairs": [["company", "place"], ["pump", "place"]]},
        {"name": "near"},
    ],
}
SETTINGS = ExtractionSettings.model_validate({"schema": SCHEMA})


def thing(name: str, type_: str) -> dict[str, str]:
    return {"name": name, "type": type_, "quote": name, "description": f"{name} is known."}


def relation(source: str, type_: str, target: str) -> dict[str, str]:
    return {
        "source": source,
        "target": target,
        "type": type_,
        "quote": source,
        "description": f"{source} {target}.",
    }


THINGS = [thing("Kestrel-2 pump", "pump"), thing("Harrow Works", "COMPANY"), thing("Leeds", "place")]


def made(*answers: Mapping[str, Any], settings: ExtractionSettings = SETTINGS) -> list[Claim | DroppedPart]:
    return list(awaited(extract_claims(chunk(TEXT), settings, Scripted(*answers))))


def dropped(outcome: list[Claim | DroppedPart]) -> list[DroppedPart]:
    return [part for part in outcome if isinstance(part, DroppedPart)]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_types_descriptions_and_pairs_are_in_the_prompt_and_in_the_schema_of_the_answer(
    language: str,
) -> None:
    request = extraction_request(chunk(TEXT, language=language), SETTINGS)
    prompt = request.messages[0].content
    for line in (
        "- Pump: A machine that moves a liquid.",
        "- company\n",
        "- built by (pump → Company): Who made it.",
        "- located in (company → place, pump → place)",
        "- near\n",
    ):
        assert line in prompt
    assert request.schema is not None
    rows = request.schema["properties"]
    assert rows["entities"]["items"]["properties"]["type"]["enum"] == ["Pump", "company", "place"]
    relations = rows["relations"]["items"]
    assert relations["properties"]["type"]["enum"] == ["built by", "located in", "near"]
    assert relations["required"] == ["source", "target", "type", "quote", "description"]


def test_claims_have_the_types_as_the_schema_writes_them() -> None:
    outcome = made(extraction(THINGS, [relation("Kestrel-2 pump", "Built_By", "Harrow Works")]))
    assert [claim.type for claim in outcome if isinstance(claim, Claim)] == [
        "Pump",
        "company",
        "place",
        "built by",
    ]
    assert len(outcome) == 4


def test_an_entity_of_another_type_is_left_out_and_the_others_stay() -> None:
    outcome = made(extraction([*THINGS, thing("Ann Marsh", "person")]))
    (part,) = dropped(outcome)
    assert len(outcome) == 4
    assert part.reason == "type_not_in_schema"
    assert part.detail == "The entity Ann Marsh is left out: its type 'person' is not in the schema."
    assert json.loads(part.raw)["name"] == "Ann Marsh"


@pytest.mark.parametrize(
    ("row", "reason", "said"),
    [
        (relation("Kestrel-2 pump", "sold to", "Harrow Works"), "type_not_in_schema", "'sold to'"),
        (relation("Kestrel-2 pump", "", "Harrow Works"), "type_not_in_schema", "'unknown'"),
        (
            relation("Harrow Works", "built by", "Kestrel-2 pump"),
            "pair_not_in_schema",
            "of Harrow Works (company) to Kestrel-2 pump (Pump) is left out: the schema allows it for pump → "
            "Company.",
        ),
        (
            relation("Kestrel-2 pump", "built by", "Leeds"),
            "pair_not_in_schema",
            "to Leeds (place) is left out: the schema allows it",
        ),
        (
            relation("Marsh Group", "near", "Leeds"),
            "end_without_type",
            "the chunk gives Marsh Group no type of the schema",
        ),
    ],
)
def test_a_relation_outside_the_schema_is_left_out(row: dict[str, str], reason: str, said: str) -> None:
    kept = relation("Kestrel-2 pump", "located in", "Leeds")
    outcome = made(extraction(THINGS, [row, kept]))
    (part,) = dropped(outcome)
    assert part.reason == reason
    assert said in part.detail
    assert [claim.type for claim in outcome if isinstance(claim, Claim)][-1] == "located in"


def test_a_relation_type_without_pairs_connects_any_two_types() -> None:
    assert not dropped(made(extraction(THINGS, [relation("Leeds", "near", "Kestrel-2 pump")])))


def test_a_thing_with_two_types_can_be_the_end_that_either_allows() -> None:
    works = thing("Harrow Works", "place") | {"description": "Harrow Works is a place."}
    rows = [relation("Kestrel-2 pump", "built by", "Harrow Works")]
    assert not dropped(made(extraction([*THINGS, works], rows)))


def test_later_rounds_know_the_entities_of_earlier_ones() -> None:
    settings = ExtractionSettings.model_validate({"schema": SCHEMA, "max_gleanings": 1})
    further = extraction([], [relation("Kestrel-2 pump", "built by", "Harrow Works")])
    outcome = made(extraction(THINGS), further, settings=settings)
    assert len(outcome) == 4
    assert not dropped(outcome)


def test_a_chunk_of_which_nothing_fits_is_done_and_says_why() -> None:
    outcome = made(extraction([thing("Ann Marsh", "person")]))
    assert [type(part) for part in outcome] == [DroppedPart]


def test_without_a_schema_a_relation_has_no_type_whatever_the_model_says() -> None:
    outcome = made(
        extraction(THINGS, [relation("Kestrel-2 pump", "built by", "Leeds")]), settings=ExtractionSettings()
    )
    assert [claim.type for claim in outcome if isinstance(claim, Claim)][-1] == ""


def test_another_schema_is_another_key_and_the_same_is_the_same(warehouse: Warehouse) -> None:
    with warehouse.transaction() as connection:
        insert_rows(connection, "chunks", [chunk(TEXT)], {"key": ["k"], "row_index": [0]})
        connection.execute("INSERT INTO current_items VALUES ('chunks', 0, 'a.md', 'k', 'a.md', NULL)")

    def key(settings: ExtractionSettings) -> str:
        (item,) = claim_items(warehouse, settings, {"model": "m"}, False)
        return item.key

    wider = json.loads(json.dumps(SCHEMA))
    wider["relations"][0]["pairs"].append(["place", "company"])
    assert key(SETTINGS) == key(ExtractionSettings.model_validate({"schema": SCHEMA}))
    keys = {
        key(settings)
        for settings in (
            SETTINGS,
            ExtractionSettings(),
            ExtractionSettings.model_validate({"schema": wider}),
        )
    }
    assert len(keys) == 3


def test_what_is_left_out_is_a_drop_with_its_document_and_is_not_asked_for_again(
    warehouse: Warehouse,
) -> None:
    with warehouse.transaction() as connection:
        insert_rows(connection, "chunks", [chunk(TEXT)], {"key": ["k"], "row_index": [0]})
        connection.execute("INSERT INTO current_items VALUES ('chunks', 0, 'a.md', 'k', 'a.md', NULL)")
    answer = extraction([*THINGS, thing("Ann Marsh", "person"), thing("1987", "time")])
    ask = Scripted(answer)
    ledger = Ledger(warehouse, "claims", "run")
    items = claim_items(warehouse, SETTINGS, {"model": "m"}, False)
    counts = ledger.execute(
        items, ledger.pending(items), lambda item, _ask: extract_claims(item.payload.chunk, SETTINGS, ask)
    )
    assert (counts.rows_in, counts.new, counts.dropped, counts.rows_out) == (1, 1, 0, 3)
    frame = warehouse.frame("SELECT stage, document_id, item_id, reason, retry FROM current_drops")
    assert frame.values.tolist() == [["claims", "a.md", "c1", "type_not_in_schema", False]] * 2
    assert Ledger(warehouse, "claims", "again").pending(items) == []
