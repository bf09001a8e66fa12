"""What a format of training files is: one record, of which its files, its entries in `dataset_info.json` and
its part in the stage's version are made. The table of all is `table`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kg_assets.export.files import Content
from kg_assets.export.pair import ExportPair
from resources.configuration.settings import ExportSettings


@dataclass(frozen=True, slots=True)
class Export:
    """What files are made of: the curated pairs of one corpus in stable order, and the settings. In a run
    only those settings can be read that the record of the stage names."""

    corpus: str
    pairs: Sequence[ExportPair]
    settings: ExportSettings


@dataclass(frozen=True, slots=True)
class Format:
    """One format of training files.

    Attributes:
        name: in the setting `export.formats`.
        description: one sentence: what it holds and who reads it.
        version: of its files; a new one makes them anew.
        owned: names of all files that it may write or ever wrote, as in `files`: what stands there is
            removed once the format is not configured any more.
        files: name to content, for pairs of which there is at least one. A name may lie in a folder
            (`card/README.md`). Pairs may be left out or make several rows, and a file may be missing where
            no pair fits. A content's parts are made while it is written, so that no file stands in memory
            whole; the same export gives the same bytes.
        dataset_info: LLaMA-Factory's descriptions of files, by what follows the corpus in the name of the
            dataset; none where it cannot read them. One whose `file_name` was not written is left out.
        by_default: whether it is written where the settings name no formats.
    """

    name: str
    description: str
    version: str
    owned: tuple[str, ...]
    files: Callable[[Export], Mapping[str, Content]]
    dataset_info: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    by_default: bool = True
