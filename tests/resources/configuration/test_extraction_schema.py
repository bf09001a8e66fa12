"""The user's own schema: where it can stand, and what is wrong with a bad one."""

from pathlib import Path

import pytest

from resources.configuration.load import read_settings
from resources.errors import SettingsError

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "heating-schema.yaml"
GOOD = """
entities:
  - {name: pump, description: " A machine\\n that moves a liquid. "}
  - {name: 企业}
relations:
  - {name: built by, pairs: [[pump, 企业], [Pump, pump]]}
  - {name: near}
"""


def indented(schema: str) -> str:
    return "extraction:\n  schema:\n" + "".join(f"    {line}\n" for line in schema.strip().splitlines())


def test_a_schema_stands_in_the_configuration_or_in_a_file_that_it_names(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside.yaml", tmp_path / "outside.yaml"
    inside.write_text(indented(GOOD))
    (tmp_path / "types").mkdir()
    (tmp_path / "types" / "pumps.yaml").write_text(GOOD)
    outside.write_text("extraction: {schema: types/pumps.yaml}")
    settings = read_settings(inside).extraction
    assert settings == read_settings(outside).extraction
    assert settings.type_names == ("pump", "企业")
    assert settings.of_schema is not None
    assert settings.of_schema.entities[0].description == "A machine that moves a liquid."
    assert settings.of_schema.relations[0].pairs == (("pump", "企业"), ("Pump", "pump"))


def test_the_example_is_a_schema(tmp_path: Path) -> None:
    config = tmp_path / "graphtutor.yaml"
    config.write_text(f"extraction: {{schema: {EXAMPLE}}}")
    assert read_settings(config).extraction.of_schema is not None


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ("entities: []\nrelations: [{name: x}]", "entities is empty: name at least one type"),
        ("entities: [{name: x}]\nrelations: []", "relations is empty: name at least one type, or use"),
        ("relations: [{name: x}]", "extraction.schema.entities: Field required"),
        ("entities: [{name: ' '}]\nrelations: [{name: x}]", "extraction.schema.entities.0.name: is empty"),
        ("entities: [{name: a}, {name: A}]\nrelations: [{name: x}]", "entities names 'a' twice"),
        (
            "entities: [{name: a}]\nrelations: [{name: made by}, {name: Made_By}]",
            "relations names 'made by' twice",
        ),
        (
            "entities: [{name: pump}]\nrelations: [{name: x, pairs: [[pump, pumps]]}]",
            "relation 'x' is between a type 'pumps' that entities does not name: did you mean 'pump'?",
        ),
        (
            "entities: [{name: pump}]\nrelations: [{name: x, pairs: [[城市, pump]]}]",
            "known types are pump",
        ),
        ("entities: [{name: a}]\nrelations: [{name: x, pairs: [a, a]}]", "a pair is [type of the source"),
        ("entities: [{name: a}]\nrelations: [{name: x, pairs: [[a]]}]", "a pair is [type of the source"),
        ("entities: [{nam: a}]\nrelations: [{name: x}]", "did you mean 'name'?"),
        ("entitys: [{name: a}]\nrelations: [{name: x}]", "did you mean 'entities'?"),
        ("entities: {a: b}\nrelations: [{name: x}]", "extraction.schema.entities"),
    ],
)
def test_a_bad_schema_is_refused_in_one_sentence(tmp_path: Path, schema: str, said: str) -> None:
    config = tmp_path / "graphtutor.yaml"
    config.write_text(indented(schema))
    with pytest.raises(SettingsError) as error:
        read_settings(config)
    assert said in str(error.value)
    assert str(error.value).count("\n") == 0


def test_a_file_that_is_missing_or_no_schema_is_named(tmp_path: Path) -> None:
    config = tmp_path / "graphtutor.yaml"
    config.write_text("extraction: {schema: types.yaml}")
    with pytest.raises(SettingsError, match=r"types\.yaml, which does not exist"):
        read_settings(config)
    (tmp_path / "types.yaml").write_text("")
    with pytest.raises(SettingsError, match=r"types\.yaml must hold the lists"):
        read_settings(config)
    (tmp_path / "types.yaml").write_text("a: [")
    with pytest.raises(SettingsError, match=r"types\.yaml cannot be read as YAML"):
        read_settings(config)


def test_types_are_named_in_one_place_only(tmp_path: Path) -> None:
    config = tmp_path / "graphtutor.yaml"
    config.write_text(indented(GOOD) + "  entity_types: [pump]\n")
    with pytest.raises(SettingsError, match="entity_types and schema are both set"):
        read_settings(config)
