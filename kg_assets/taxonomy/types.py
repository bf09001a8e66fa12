"""Rows of the taxonomy stages as frozen dataclasses. No logic."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Topic:
    """Something that a group of headings and entities is about. `language` is that of the whole tree."""

    name: str
    language: str


@dataclass(frozen=True, slots=True)
class Tag:
    """A node of the tree. `tag` is how it is written where its parent is not seen: `Heating > Valves`;
    `level` is 1 or 2, and `parent` is empty for the first."""

    tag: str
    parent: str
    name: str
    level: int


@dataclass(frozen=True, slots=True)
class ChunkTag:
    """The tag of a chunk; empty where none fits."""

    chunk_id: str
    tag: str


@dataclass(frozen=True, slots=True)
class PairTag:
    """The tag of a curated pair; empty where the chunks that support it have none."""

    qa_id: str
    tag: str
