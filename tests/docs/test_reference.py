"""What the documentation takes from the code: nothing is without a sentence, in either language, and what is
drawn and listed is what there is."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from docs.generate.commands import commands, commands_as_markdown
from docs.generate.drawing import draw
from docs.generate.languages import chinese
from docs.generate.records import (
    formats_as_markdown,
    forms_as_markdown,
    gates_as_markdown,
    prompts_as_markdown,
    readers_as_markdown,
)
from docs.generate.settings import allowed, blocks, default, kind, settings_as_markdown
from docs.generate.stages import stage_table, stages_as_markdown, stale_stages
from kg_assets.export.formats.table import FORMATS
from kg_assets.ingest.formats.table import READERS
from kg_assets.quality.gates.table import GATES
from kg_assets.stages import STAGES
from kg_assets.synthesis.forms.table import FORMS
from resources.configuration.settings import Settings

SETTINGS = {setting.path: setting for block in blocks() for setting in block.settings}
COMMANDS = {command.path: command for command in commands()}


def _is_sentence(text: str) -> bool:
    return text[:1] == text[:1].upper() and text.endswith(".") and len(text.split()) >= 2


@pytest.mark.parametrize("path", SETTINGS)
def test_each_setting_has_a_sentence(path: str) -> None:
    assert _is_sentence(SETTINGS[path].description), (
        f"{path}: write what it does, as a sentence in quotation marks below the field"
    )


def test_no_setting_is_left_out() -> None:
    def written(value: object, path: str = "") -> Iterable[str]:
        if not isinstance(value, dict):
            return [path]
        return [each for key, inner in value.items() for each in written(inner, f"{path}.{key}")]

    file = Settings().model_dump(by_alias=True)
    file["models"] = {"ROLE": file["models"]["trainee"]}
    in_file = {each.removeprefix(".") for each in written(file)}
    assert in_file == {path for path in SETTINGS if "[]" not in path}


def test_blocks_inside_settings_have_sentences() -> None:
    assert all(_is_sentence(block.description) for block in blocks())
    for name, field in Settings.model_fields.items():
        assert field.description, name


@pytest.mark.parametrize("path", COMMANDS)
def test_each_command_and_option_has_a_help_text(path: str) -> None:
    command = COMMANDS[path]
    assert _is_sentence(command.description), f"{path}: write what it does as the function's docstring"
    for option in command.options:
        assert _is_sentence(option.help or ""), f"{path} {option.opts[0]}: write what it does as help"


def test_each_sentence_has_a_chinese_one_and_there_are_no_others() -> None:
    said = {block.description for block in blocks() if block.path}
    said |= {setting.description for setting in SETTINGS.values()}
    said |= {command.description for command in COMMANDS.values()}
    said |= {option.help or "" for command in COMMANDS.values() for option in command.options}
    missing, unused = said - set(chinese()), set(chinese()) - said
    assert not missing, f"write their Chinese into docs/generate/chinese.yaml: {sorted(missing)}"
    assert not unused, f"remove them from docs/generate/chinese.yaml: {sorted(unused)}"


@pytest.mark.parametrize(
    ("path", "type_", "range_", "value"),
    [
        ("documents.folder", "text", "", "`documents`"),
        ("documents.encodings", "list: text", "not empty", "`[utf-8]`"),
        ("documents.sources", "list: block", "", "none"),
        ("documents.sources[].url", "text", "", "none: it must be given"),
        ("chunking.max_tokens", "whole number", "at least 16", "`1024`"),
        ("extraction.schema", "block, or the name of a file", "", "none"),
        ("taxonomy.first_level", "two of: whole number", "more than 0", "`[6, 12]`"),
        ("export.balance", "one of `none`, `tag`", "", "`none`"),
        ("export.max_share", "number", "more than 0, at most 1", "`0.2`"),
        ("budget_usd", "number", "more than 0", "none"),
        ("models.ROLE.concurrency", "whole number", "at least 1, at most 1024", "none"),
    ],
)
def test_types_ranges_and_defaults_are_said_in_words(path: str, type_: str, range_: str, value: str) -> None:
    setting = SETTINGS[path]
    assert (kind(setting.annotation), allowed(setting), default(setting)) == (type_, range_, value)


@pytest.mark.parametrize(
    ("path", "stages"),
    [
        ("chunking.max_tokens", {"chunks"}),
        ("chunking.resolve_coreference", {"claims"}),
        ("comprehension.min_mass", {"judgements"}),
        ("traverse_strategy.max_depth", {"subgraphs"}),
        ("budget_usd", set()),
    ],
)
def test_a_setting_names_the_stages_that_it_makes_stale(path: str, stages: set[str]) -> None:
    assert set(stale_stages(path)) - {"report"} == stages  # which shows settings


def test_a_setting_of_a_model_makes_stale_what_asks_models() -> None:
    assert {"claims", "judgements", "entity_embeddings"} <= set(stale_stages("models.ROLE.revision"))
    assert stale_stages("models.ROLE.timeout") == ()


def test_every_stage_is_in_the_drawing_and_every_arrow_between_boxes() -> None:
    svg = draw(stage_table())
    assert all(f"#stage-{stage.name}" in svg and stage.what for stage in stage_table())
    boxes = svg.count("<rect")
    assert len({(stage.group, stage.upstream) for stage in stage_table()}) <= boxes <= len(stage_table())
    assert svg.count('class="arrow"') >= boxes - 1


def test_the_table_of_stages_names_the_folder_of_each_with_records_and_assets() -> None:
    _, _, *rows = stages_as_markdown(stage_table()).splitlines()
    root = Path(__file__).parents[2]
    for stage, row in zip(stage_table(), rows, strict=True):
        folder, name = row.split("`")[1:4:2]
        assert name == stage.name
        assert (root / folder / "plan.py").is_file()
        assert (root / folder / "assets.py").is_file()


def test_pages_name_every_setting_and_command_in_both_languages() -> None:
    for language in ("en", "zh"):
        assert all(f"### `{path}`" in settings_as_markdown(language) for path in SETTINGS)
        assert all(f"## {path} " in commands_as_markdown(language) for path in COMMANDS)


def test_the_table_of_kinds_of_documents_names_every_suffix_and_mime_type() -> None:
    table = readers_as_markdown(READERS)
    for reader in READERS:
        assert all(f"`{name}`" in table for name in (*reader.suffixes, *reader.mime_types, reader.function))


def test_tables_of_records_have_a_row_for_each() -> None:
    for table, names in (
        (forms_as_markdown(FORMS), [form.name for form in FORMS]),
        (gates_as_markdown(GATES), [gate.name for gate in GATES]),
        (formats_as_markdown(FORMATS), [format.name for format in FORMATS]),
        (prompts_as_markdown(STAGES), [stage.name for stage in STAGES if stage.prompts]),
    ):
        _, _, *rows = table.splitlines()
        assert [row.split("`")[1] for row in rows] == names
