"""What makes exported files stale."""

from dataclasses import replace

from kg_assets.export.formats.table import FORMATS
from kg_assets.export.plan import EXPORT_VERSION, SFT_DATASETS, training_version


def test_a_new_version_of_any_format_is_a_new_version_of_the_training_files() -> None:
    assert SFT_DATASETS.version == training_version(FORMATS)
    first = [replace(format, version="1") for format in FORMATS]
    assert training_version(first) == EXPORT_VERSION
    versions = {
        training_version([*first[:i], replace(first[i], version="2"), *first[i + 1 :]])
        for i in range(len(first))
    }
    assert len(versions | {EXPORT_VERSION}) == len(FORMATS) + 1
