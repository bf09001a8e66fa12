"""The table of formats agrees with itself, with the settings and with what users are told."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from kg_assets.export.formats.format import Export, Format
from kg_assets.export.formats.table import FORMATS
from kg_assets.export.pair import ExportPair
from kg_assets.export.training_files import DATASET_INFO_FILE, LINEAGE_FILE, TAXONOMY_FILE
from resources.configuration.settings import ExportSettings

DOCS = Path(__file__).parents[4] / "docs"
OTHER_FILES = [
    DATASET_INFO_FILE,
    LINEAGE_FILE,
    TAXONOMY_FILE,
    "graph.graphml",
    "graph.json",
    "report.html",
]
each = pytest.mark.parametrize("format", FORMATS, ids=lambda format: format.name)


def are_unique(names: Iterable[str]) -> bool:
    found = [name.casefold() for name in names]
    return len(found) == len(set(found))


def test_names_files_and_data_sets_belong_to_one_format() -> None:
    assert are_unique(format.name for format in FORMATS)
    assert are_unique([*OTHER_FILES, *(name for format in FORMATS for name in format.owned)])
    assert are_unique(name for format in FORMATS for name in format.dataset_info)


def test_the_setting_takes_the_formats_of_the_table() -> None:
    names = tuple(format.name for format in FORMATS)
    assert ExportSettings.model_validate({"formats": names}).formats == names
    assert set(ExportSettings().formats) <= set(names)


@each
def test_a_format_writes_files_that_it_owns_and_describes_no_others(
    format: Format, pairs: tuple[ExportPair, ...]
) -> None:
    files = format.files(Export("tea", pairs, ExportSettings()))
    assert set(files) <= set(format.owned)
    assert {content.format for content in files.values()} == {format.name}
    assert {entry["file_name"] for entry in format.dataset_info.values()} <= set(files)


@each
@pytest.mark.parametrize("page", ["use/exports.md", "zh/use/exports.md"])
def test_the_page_on_exports_has_every_format(format: Format, page: str) -> None:
    assert f"`{format.owned[0]}`" in (DOCS / page).read_text(encoding="utf-8")
