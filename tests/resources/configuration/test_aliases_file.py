"""The user's file of names is read as it stands, and what is wrong with it is said in one sentence."""

from pathlib import Path

import pytest

from resources.configuration.aliases_file import NO_ALIASES, read_aliases
from resources.configuration.load import load_configuration
from resources.errors import SettingsError


def test_both_lists_are_read(tmp_path: Path) -> None:
    path = tmp_path / "aliases.yaml"
    path.write_text(
        "same:\n  - [世界卫生组织, WHO]\n  - [A, B, C]\ndifferent:\n  - [Georgia, Republic of Georgia]\n"
    )
    found = read_aliases(path, required=True)
    assert found.same == (("世界卫生组织", "WHO"), ("A", "B", "C"))
    assert found.different == (("Georgia", "Republic of Georgia"),)


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "same:\ndifferent:\n"])
def test_a_file_may_be_empty_and_the_usual_one_missing(tmp_path: Path, text: str) -> None:
    path = tmp_path / "aliases.yaml"
    assert read_aliases(path, required=False) == NO_ALIASES
    path.write_text(text)
    assert read_aliases(path, required=False) == NO_ALIASES


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("same: [[A, B", "cannot be read as YAML"),
        ("- [A, B]", 'must hold the lists "same" and "different"'),
        ("some: [[A, B]]", "unknown key 'some': did you mean 'same'?"),
        ("aliases: [[A, B]]", "unknown key 'aliases': known keys are"),
        ("same: [[A, B]]\nsame: [[C, D]]", "line 2, column 1: the key 'same' stands twice"),
        ("same: {A: B}", "same must be a list of rows of names"),
        ("same: [A, B]", "row 1 of same must be a list of two names or more"),
        ("same: [[A, B], [C]]", "row 2 of same must be a list of two names or more"),
        ("different: [[1984, Nineteen Eighty-Four]]", "1984, which is no name: put a name that looks"),
        ("same: [[A, no]]", "False, which is no name"),
        ("same: [[A, B], [b, C]]", "'b' stands in rows 1 and 2 of same: make one row of them"),
        ("different: [[A, ａ]]", "are one name and cannot be different"),
        ("same: [[A, B, C]]\ndifferent: [[C, A]]", "are both the same and different"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "aliases.yaml"
    path.write_text(text)
    with pytest.raises(SettingsError) as raised:
        read_aliases(path, required=False)
    assert sentence in str(raised.value)
    assert str(path) in str(raised.value)


def test_the_file_stands_beside_the_configuration_and_may_have_another_name(tmp_path: Path) -> None:
    config = tmp_path / "graphtutor.yaml"
    config.write_text("entities: {aliases: names.yaml}")
    with pytest.raises(SettingsError, match=r"names\.yaml does not exist: check entities\.aliases"):
        load_configuration(config, {})
    (tmp_path / "names.yaml").write_text("same: [[A, B]]")
    assert load_configuration(config, {}).aliases.same == (("A", "B"),)


def test_off_need_not_be_quoted(tmp_path: Path) -> None:
    config = tmp_path / "graphtutor.yaml"
    config.write_text("entities: {resolve: off}")
    assert load_configuration(config, {}).settings.entities.resolve == "off"
    config.write_text("entities: {resolve: on}")
    with pytest.raises(SettingsError, match=r"entities\.resolve"):
        load_configuration(config, {})
