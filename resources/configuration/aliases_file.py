"""The user's own word on names: a YAML file that says which mean one thing and which do not."""

import difflib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from resources.configuration.yaml_file import read_yaml
from resources.errors import SettingsError

_KEYS = ("same", "different")
_EXAMPLE = "same: [[World Health Organization, WHO]]"


@dataclass(frozen=True, slots=True)
class OwnAliases:
    """Rows of names. Those of a row of `same` mean one thing, which keeps the first of them as its name; of a
    row of `different` no two do, whatever anything else says."""

    same: tuple[tuple[str, ...], ...] = ()
    different: tuple[tuple[str, ...], ...] = ()


NO_ALIASES = OwnAliases()


def read_aliases(path: Path, required: bool) -> OwnAliases:
    """The rows of a file; none where there is no file and none is required.

    Raises:
        SettingsError: missing, not YAML, another shape, or rows that contradict each other.
    """
    if not path.exists():
        if required:
            raise SettingsError(f"The file {path} does not exist: check entities.aliases.")
        return OwnAliases()
    loaded = read_yaml(path)
    if loaded is None:
        return OwnAliases()
    if not isinstance(loaded, Mapping):
        raise SettingsError(f'{path} must hold the lists "same" and "different", such as {_EXAMPLE}')
    for key in loaded:
        if key not in _KEYS:
            close = difflib.get_close_matches(str(key).lower(), _KEYS, n=1)
            hint = f"did you mean {close[0]!r}?" if close else 'known keys are "same" and "different".'
            raise SettingsError(f"{path}: unknown key {str(key)!r}: {hint}")
    rows = {key: _rows(path, key, loaded.get(key)) for key in _KEYS}
    _check(path, rows["same"], rows["different"])
    return OwnAliases(rows["same"], rows["different"])


def _rows(path: Path, key: str, value: Any) -> tuple[tuple[str, ...], ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise SettingsError(f"{path}: {key} must be a list of rows of names, such as {_EXAMPLE}")
    rows = []
    for number, row in enumerate(value, 1):
        if not isinstance(row, list) or len(row) < 2:
            raise SettingsError(f"{path}: row {number} of {key} must be a list of two names or more.")
        for name in row:
            if not isinstance(name, str) or not name.strip():
                raise SettingsError(
                    f"{path}: row {number} of {key} holds {name!r}, which is no name: put a name that looks "
                    "like a number, a date, yes or no into quotes."
                )
        rows.append(tuple(row))
    return tuple(rows)


def _check(path: Path, same: Sequence[Sequence[str]], different: Sequence[Sequence[str]]) -> None:
    row_of: dict[str, int] = {}
    for number, row in enumerate(same, 1):
        for name in row:
            first = row_of.setdefault(_folded(name), number)
            if first != number:
                raise SettingsError(
                    f"{path}: {name!r} stands in rows {first} and {number} of same: make one row of them."
                )
    for row in different:
        for one, other in combinations(row, 2):
            if _folded(one) == _folded(other):
                raise SettingsError(f"{path}: {one!r} and {other!r} are one name and cannot be different.")
            if _folded(one) in row_of and row_of[_folded(one)] == row_of.get(_folded(other)):
                raise SettingsError(
                    f"{path}: {one!r} and {other!r} are both the same and different: remove one of the two."
                )


def _folded(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
