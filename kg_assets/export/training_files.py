"""Training files: those of the configured formats, and what goes with them: `dataset_info.json`,
`lineage.jsonl` and `taxonomy.yaml`.

Pure writers: which pairs are exported and in which order is decided before; the same pairs give the same
bytes. What a format writes is in its module in `formats`.
"""

import json
import re
from collections.abc import Container, Iterable, Sequence
from pathlib import Path

from kg_assets.export.files import Content, ExportedFile, write_files
from kg_assets.export.formats.format import Export, Format
from kg_assets.export.formats.json_rows import Row, lines
from kg_assets.export.formats.table import FORMATS
from kg_assets.export.lineage import lineage_row
from kg_assets.export.pair import ExportPair
from resources.configuration.settings import ExportSettings
from resources.configuration.taxonomy_file import TagTree, tree_text
from resources.errors import EmptyResultError

DATASET_INFO_FILE = "dataset_info.json"
LINEAGE_FILE = "lineage.jsonl"
TAXONOMY_FILE = "taxonomy.yaml"


def write_exports(
    directory: Path,
    corpus: str,
    pairs: Sequence[ExportPair],
    settings: ExportSettings,
    tree: TagTree | None = None,
    earlier: Sequence[str] = (),
    table: Sequence[Format] = FORMATS,
) -> list[ExportedFile]:
    """Write the training files of the configured formats, `dataset_info.json` and `lineage.jsonl`, and the
    tree of tags if there is one.

    Files of formats that are no longer configured are removed, and those of `earlier` exports that are not
    written again; other files in the folder are left alone. All files are replaced together, after all were
    written (`files.write_files`).

    Raises:
        EmptyResultError: there is no pair; what was exported before is left as it was.
        ExportError: the folder cannot be written or the disk is full.
        ValueError: a loss is not a finite number.
    """
    if not pairs:
        raise EmptyResultError(
            f"There is no QA pair to export for corpus {corpus}: "
            "`graphtutor status` shows which stage lost what."
        )
    by_name = {format.name: format for format in table}
    formats = [by_name[name] for name in dict.fromkeys(settings.formats)]
    files: dict[str, Content] = {}
    for format in formats:
        files |= format.files(Export(corpus, pairs, settings))
    info = dataset_info(corpus, formats, files)
    # LLaMA-Factory opens this one in the locale's encoding, so a corpus name in Chinese must be escaped.
    text = json.dumps(info, ensure_ascii=True, indent=2) + "\n"
    files[DATASET_INFO_FILE] = Content("dataset_info", len(info), [text.encode("ascii")])
    lineage = lines(map(lineage_row, pairs), half_characters=True)
    files[LINEAGE_FILE] = Content("lineage", len(pairs), lineage)
    if tree is not None:
        content = tree_text(tree).encode("utf-8")
        files[TAXONOMY_FILE] = Content("taxonomy", len(tree.leaves()), [content])
    return write_files(
        directory, files, remove=[name for name in (*_own_files(table), *earlier) if name not in files]
    )


def remove_exports(directory: Path, earlier: Sequence[str] = ()) -> None:
    """Remove what `write_exports` wrote, now and `earlier`, of a corpus that has no documents any more.

    Raises:
        ExportError: as in `write_exports`.
    """
    write_files(directory, {}, remove=[*_own_files(FORMATS), *earlier])


def dataset_info(corpus: str, formats: Iterable[Format], written: Container[str]) -> dict[str, Row]:
    """LLaMA-Factory's descriptions of those files of the formats that are written, as `<corpus>_<name>`.

    Its `--dataset` option is a list separated by commas, so characters other than letters, digits, `_`, `-`
    and `.` become `_` in the name.
    """
    prefix = re.sub(r"[^\w.-]+", "_", corpus)
    return {
        f"{prefix}_{name}": dict(entry)
        for format in formats
        for name, entry in format.dataset_info.items()
        if entry["file_name"] in written
    }


def _own_files(table: Sequence[Format]) -> list[str]:
    owned = [name for format in table for name in format.owned]
    return [*owned, TAXONOMY_FILE, DATASET_INFO_FILE, LINEAGE_FILE]
