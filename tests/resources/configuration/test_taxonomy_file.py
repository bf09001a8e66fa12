"""The user's tree of tags is read as it stands, what is wrong with it is said, and ours can be given back."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resources.configuration.load import load_configuration
from resources.configuration.taxonomy_file import (
    BETWEEN,
    MOST_NAME_CHARS,
    TagTree,
    read_taxonomy,
    tag_key,
    tree_text,
)
from resources.errors import SettingsError


def test_a_tree_is_read_in_its_order(tmp_path: Path) -> None:
    path = tmp_path / "tags.yaml"
    path.write_text("Heating:\n  - Valves\n  - Heat  exchangers\n茶: [绿茶]\nSafety:\n", "utf-8")
    tree = read_taxonomy(path)
    assert tree == TagTree((("Heating", ("Valves", "Heat exchangers")), ("茶", ("绿茶",)), ("Safety", ())))
    assert tree.leaves() == ("Heating > Valves", "Heating > Heat exchangers", "茶 > 绿茶", "Safety")


def test_json_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "tags.json"
    path.write_text('{"Heating": ["Valves"]}')
    assert read_taxonomy(path).leaves() == ("Heating > Valves",)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Heating: [Valves", "cannot be read as YAML"),
        ("", "must hold first-level tags"),
        ("- Heating", "must hold first-level tags"),
        ("{}", "must hold first-level tags"),
        ("Heating: Valves", "below 'Heating' must stand a list of tags"),
        ("Heating: {Valves: [Ball]}", "below 'Heating' must stand a list of tags"),
        ("Heating: [{Valves: [Ball]}]", "Trees have two levels"),
        ("1984: [Novels]", "1984 is no tag: a tag is a text; put one that looks like a number"),
        ("Heating: [no]", "False is no tag"),
        ("Heating: ['']", "'' is no tag"),
        ("Heating: [Valves, valves]", "'valves' stands twice below 'Heating': leave one"),
        ("Heating: [Valves]\nHeating: [Pumps]", "(line 2, column 1: the key 'Heating' stands twice)"),
        ("Heating: [Valves]\nheating: [Pumps]", "'heating' stands twice at its top"),
        ("Heating: [Valves > Ball]", "'Valves > Ball' holds '>', which separates levels"),
        (f"Heating: [{'v' * (MOST_NAME_CHARS + 1)}]", "is longer than 60 characters: shorten it"),
        ("\n".join(f"Area {n}: [A, B, C, D]" for n in range(90)), "has 360 tags"),
        ("Heating: &a [*a]", "is no tag"),
        ('Heating: ["\\ud800"]', "half of a surrogate pair"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "tags.yaml"
    path.write_text(text)
    with pytest.raises(SettingsError) as raised:
        read_taxonomy(path)
    assert sentence in str(raised.value)
    assert str(path) in str(raised.value)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "tags.yaml"
    path.write_bytes(b"Heating: [\xff\xfe]")
    with pytest.raises(SettingsError, match="it is not UTF-8"):
        read_taxonomy(path)


def test_the_file_stands_beside_the_configuration(tmp_path: Path) -> None:
    config = tmp_path / "graphtutor.yaml"
    config.write_text("taxonomy: {source: tags.yaml}\n")
    with pytest.raises(SettingsError, match=r"does not exist: check taxonomy\.source"):
        load_configuration(config, {})
    (tmp_path / "tags.yaml").write_text("Heating: [Valves]\n")
    assert load_configuration(config, {}).taxonomy == TagTree((("Heating", ("Valves",)),))
    for source in ("off", "model"):
        config.write_text(f"taxonomy: {{source: {source}}}\n")
        assert load_configuration(config, {}).taxonomy is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("taxonomy: {source: ''}", "taxonomy.source: write off, model, or the name of a file"),
        (
            "taxonomy: {first_level: [8, 4]}",
            "first_level is [at least, at most], so 8 must not be more than 4",
        ),
        ("taxonomy: {first_level: [6, 40]}", "first_level and second_level allow 400 tags"),
        ("taxonomy: {rebuild_share: -1}", "taxonomy.rebuild_share"),
        ("export: {balance: tag}", "export.balance is tag, but there are no tags"),
        ("export: {max_share: 0}", "export.max_share"),
        ("taxonomy: {sources: model}", "did you mean 'source' or 'documents.sources'?"),
    ],
)
def test_settings_that_do_not_fit_are_refused(tmp_path: Path, text: str, sentence: str) -> None:
    config = tmp_path / "graphtutor.yaml"
    config.write_text(text)
    with pytest.raises(SettingsError) as raised:
        load_configuration(config, {})
    assert sentence in str(raised.value)


NAME = (
    st.text(min_size=1, max_size=MOST_NAME_CHARS)
    .map(lambda text: " ".join(text.split()))
    .filter(lambda name: name and BETWEEN.strip() not in name and name.isprintable())
)
BELOW = st.lists(NAME, max_size=5, unique_by=tag_key).map(tuple)


@given(st.lists(st.tuples(NAME, BELOW), min_size=1, max_size=6, unique_by=lambda branch: tag_key(branch[0])))
def test_what_is_written_is_read_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, branches: list[tuple[str, tuple[str, ...]]]
) -> None:
    tree = TagTree(tuple(branches))
    path = tmp_path_factory.getbasetemp() / "written.yaml"
    path.write_text(tree_text(tree), "utf-8")
    assert read_taxonomy(path) == tree
