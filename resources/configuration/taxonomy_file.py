"""Tag trees of two levels: what one is, and the YAML file in which a user keeps his own. A generated tree is
written in the same form, so that it can be edited and given back."""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from resources.configuration.yaml_file import read_yaml
from resources.errors import SettingsError

BETWEEN = " > "
"""What stands between the two levels of a tag."""
MOST_TAGS = 300
MOST_NAME_CHARS = 60
_EXAMPLE = "'Heating: [Valves, Pumps]'"


@dataclass(frozen=True, slots=True)
class TagTree:
    """First-level tags, each with its second-level tags, in order."""

    branches: tuple[tuple[str, tuple[str, ...]], ...]

    def leaves(self) -> tuple[str, ...]:
        """The tags that a text can get: `Heating > Valves`, or `Heating` where nothing stands below it."""
        return tuple(tag for first, below in self.branches for tag in _paths(first, below))


def tag_key(name: str) -> str:
    """The same for all spellings of a tag that differ in case and white space only."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def tree_text(tree: TagTree) -> str:
    """The file of a tree, as `read_taxonomy` takes it."""
    mapping = {first: list(below) for first, below in tree.branches}
    return yaml.safe_dump(mapping, allow_unicode=True, sort_keys=False, width=10_000)


def read_taxonomy(path: Path) -> TagTree:
    """The tree of a file, in YAML or JSON: first-level tags, each with the list of those below it.

    Raises:
        SettingsError: missing, not YAML, another shape, a name that is none or stands twice, too many tags.
    """
    if not path.exists():
        raise SettingsError(f"The file {path} does not exist: check taxonomy.source.")
    loaded = read_yaml(path)
    if not isinstance(loaded, Mapping) or not loaded:
        raise SettingsError(
            f"{path} must hold first-level tags, each with a list of those below it: {_EXAMPLE}."
        )
    _refuse_doubled(path, "at its top", [str(first) for first in loaded])
    tree = TagTree(tuple((_name(path, first), _below(path, first, loaded[first])) for first in loaded))
    found = len(tree.leaves())
    if found > MOST_TAGS:
        raise SettingsError(
            f"{path} has {found} tags, and a model is shown all of them: leave at most {MOST_TAGS}."
        )
    return tree


def _below(path: Path, first: str, value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise SettingsError(f"{path}: below {first!r} must stand a list of tags, such as {_EXAMPLE}.")
    names = tuple(_name(path, name) for name in value)
    _refuse_doubled(path, f"below {first!r}", names)
    return names


def _name(path: Path, name: Any) -> str:
    if not isinstance(name, str) or not name.strip():
        raise SettingsError(
            f"{path}: {name!r} is no tag: a tag is a text; put one that looks like a number, a date, yes or "
            "no into quotes. Trees have two levels."
        )
    line = " ".join(name.split())
    if any("\ud800" <= character <= "\udfff" for character in line):
        raise SettingsError(
            f"{path}: a tag holds half of a surrogate pair, which is no character: reword it."
        )
    if len(line) > MOST_NAME_CHARS:
        raise SettingsError(
            f"{path}: {line[:40]!r}… is longer than {MOST_NAME_CHARS} characters: shorten it."
        )
    if BETWEEN.strip() in line:
        raise SettingsError(f"{path}: {line!r} holds {BETWEEN.strip()!r}, which separates levels: reword it.")
    return line


def _refuse_doubled(path: Path, where: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if tag_key(name) in seen:
            raise SettingsError(f"{path}: {name!r} stands twice {where}: leave one.")
        seen.add(tag_key(name))


def _paths(first: str, below: tuple[str, ...]) -> Iterable[str]:
    return (f"{first}{BETWEEN}{second}" for second in below) if below else (first,)
