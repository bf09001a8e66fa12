"""What the rows of a stage depend on besides what goes in: its recipe, made from its record. It is kept with
each run of a stage, so that `status` can say what has changed since, and why the stage would run again."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from kg_assets.domain import fingerprint
from kg_assets.stage.prompts import prompt_files
from kg_assets.stage.stage import Further, Stage
from resources.configuration.load import Configuration
from resources.models.types import Role

SHOWN_CHARS = 40
VERSION = "stage version"
CODE = "graphtutor's code"
HASHED = (CODE, "prompt ", "names in the file", "tags in the file")
"""Beginnings of ingredients whose values are hashes, which tell a reader nothing."""
_FURTHER: Mapping[Further, Callable[[Configuration], dict[str, Any]]] = {
    "aliases": lambda given: {"names in the file of aliases": fingerprint(asdict(given.aliases))},
    "taxonomy": lambda given: (
        {} if given.taxonomy is None else {"tags in the file": fingerprint(asdict(given.taxonomy))}
    ),
    "a trainee": lambda given: {"a trainee": given.trainee is not None},
    "trainee": lambda given: _identity("trainee", given),
    "synthesizer": lambda given: _identity("synthesizer", given),
}


def recipe(stage: Stage, configuration: Configuration) -> dict[str, Any]:
    """The recipe of `stage` under this configuration: a flat mapping of all that can change its rows."""
    found: dict[str, Any] = {VERSION: stage.version, CODE: _code()}
    role = stage.role_under(configuration)
    if role is not None:
        found |= _identity(role, configuration)
    for name in stage.further:
        found |= _FURTHER[name](configuration)
    for group, task in stage.prompts:
        for language, text in prompt_files(group, task).items():
            found[f"prompt {task}.{language}"] = fingerprint(text)
    settings = configuration.settings.model_dump(mode="json", by_alias=True)
    for path in stage.settings:
        found |= _flat(path, _at(settings, path))
    return found


def _identity(role: Role, configuration: Configuration) -> dict[str, Any]:
    endpoint = configuration.endpoint(role)
    identity = endpoint.identity() if endpoint else {"model": None}
    return {f"{role} {name}": value for name, value in identity.items()}


@cache
def _code() -> str:
    """Fingerprint of all that makes rows, schemas of answers and views of DuckDB among it. It is in no row
    key: with other code a stage looks at its rows again, and makes those anew whose keys have changed."""
    folders = [files("kg_assets"), files("resources")]
    return fingerprint([(name, text) for folder in folders for name, text in _sources(folder)])


def _sources(folder: Traversable) -> Iterator[tuple[str, str]]:
    """Names and texts of the files in a package, without those that have ingredients of their own."""
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir() and entry.name not in ("prompts", "__pycache__"):
            yield from _sources(entry)
        elif entry.is_file():
            yield entry.name, entry.read_bytes().decode("utf-8", "replace")


def differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What changed between two recipes, each in a few words: `chunking.max_tokens 1024 → 512`."""
    changed = [name for name in {**then, **now} if then.get(name) != now.get(name)]
    if isinstance(then.get(VERSION), str) and isinstance(now.get(VERSION), str):
        then, now = {**then, VERSION: _only(then, now)}, {**now, VERSION: _only(now, then)}
    return [
        f"{name} changed" if name.startswith(HASHED) else f"{name} {_short(then, name)} → {_short(now, name)}"
        for name in changed
    ]


def _only(recipe: Mapping[str, Any], other: Mapping[str, Any]) -> str | None:
    """Of a version of several parts, those that the other has not."""
    parts, others = str(recipe[VERSION]).split("; "), str(other[VERSION]).split("; ")
    return "; ".join(part for part in parts if part not in others) or None


def _at(settings: Mapping[str, Any], path: str) -> Any:
    value: Any = settings
    for part in path.split("."):
        value = value[part]
    return value


def _flat(path: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        return {path: value}
    return {
        name: leaf for key, inner in value.items() for name, leaf in _flat(f"{path}.{key}", inner).items()
    }


def _short(recipe: Mapping[str, Any], name: str) -> str:
    value = recipe.get(name)
    text = "none" if value is None else str(value)
    return text if len(text) <= SHOWN_CHARS else text[: SHOWN_CHARS - 1] + "…"
