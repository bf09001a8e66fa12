"""What is wrong in a configuration file or in the environment, in a sentence that says how to mend it.

No message repeats a value: it may be a secret.
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from resources.configuration.settings import Settings
from resources.errors import SettingsError
from resources.models.types import VARIABLES

VARIABLE_NAMES = ("MODEL", "BASE_URL", "API_KEY")
_SECRETS = frozenset({"apikey", "key", "token", "apitoken", "accesstoken", "secret", "password", "passwort"})
_OURS = re.compile(rf"({'|'.join(VARIABLES.values())})_(.*)")


def refuse_misspelt(variables: Iterable[str]) -> None:
    """A variable that is nearly one of ours would be passed over, and another model used than was meant.

    Raises:
        SettingsError: there is one.
    """
    for variable in variables:
        found = _OURS.fullmatch(variable)
        if found is None or found[2] in VARIABLE_NAMES:
            continue
        for meant in difflib.get_close_matches(found[2], VARIABLE_NAMES, n=1, cutoff=0.75):
            raise SettingsError(f"There is no variable {variable}: did you mean {found[1]}_{meant}?")


def refuse_secrets(loaded: Mapping[Any, Any], path: Path, place: tuple[str, ...] = ()) -> None:
    """Keys and passwords, by the names people give them, anywhere in the file."""
    for name, value in loaded.items():
        here = (*place, str(name))
        of_model = here[0] == "models" and len(here) == 3
        prefix = next((VARIABLES[role] for role in VARIABLES if of_model and role == here[1]), "SYNTHESIZER")
        if re.sub(r"[^a-z]", "", str(name).lower()) in _SECRETS:
            raise SettingsError(
                f"{path}: secrets do not belong in a configuration file: put {prefix}_API_KEY "
                f"(NEO4J_PASSWORD) into the environment or into .env and remove {'.'.join(here)!r} here."
            )
        if name == "base_url" and isinstance(value, str) and "@" in value:
            raise SettingsError(
                f"{path}: an address with a password does not belong in a configuration file: put it into "
                f"the environment as {prefix}_BASE_URL and remove {'.'.join(here)!r} here."
            )
        if isinstance(value, Mapping) and len(here) < 5:  # a YAML alias can contain itself
            refuse_secrets(value, path, here)


def explained(error: ValidationError) -> str:
    """The first thing that is wrong, in one sentence, without the offending value (it may be a secret). A key
    that is not known comes before one that is missing: it is that one, misspelt."""
    wrong = error.errors(include_input=False, include_url=False)
    first = next((one for one in wrong if one["type"] == "extra_forbidden"), wrong[0])
    place = [str(part) for part in first["loc"]]
    dotted = ".".join(place)
    if first["type"] == "extra_forbidden":
        return f"unknown key {dotted!r}: {_meant(place)}"
    if first["type"] == "model_type":
        return f"{dotted} must hold keys and values, not a single value."
    if first["type"] in ("tuple_type", "list_type"):
        return f"{dotted} must be a list, such as [one, two]."
    if first["type"] == "too_short":
        return f"{dotted} needs at least {first['ctx']['min_length']} in its list."
    message = first["msg"].removeprefix("Value error, ")
    return f"{dotted}: {message}." if dotted else f"{message}."


def _meant(place: list[str]) -> str:
    """What an unknown key was probably meant to be: one of this section, or the same key of another."""
    if place[-1] in _all_keys(Settings):
        above, _, key = place[-1].rpartition(".")
        return f"a dot is a level in the file, so write {above}: {{{key}: …}}."
    section: type[BaseModel] | None = Settings
    for part in place[:-1]:
        if not part.isdecimal():  # which entry of a list
            section = section_of(section, part) if section else None
    known = [f.alias or name for name, f in section.model_fields.items()] if section else []
    elsewhere = [dotted for dotted in _all_keys(Settings) if dotted.rpartition(".")[2] == place[-1]]
    likeness = 0.8 if elsewhere else 0.6
    close = difflib.get_close_matches(place[-1].lower(), known, n=1, cutoff=likeness) + elsewhere
    if close:
        return f"did you mean {' or '.join(map(repr, close))}?"
    return f"known keys are {', '.join(known)}."


def _all_keys(section: type[BaseModel], above: str = "") -> list[str]:
    """Dotted places of all keys."""
    keys: list[str] = []
    for name, chosen in section.model_fields.items():
        dotted = f"{above}{chosen.alias or name}"
        below = section_of(section, chosen.alias or name)
        keys.append(dotted)
        keys += _all_keys(below, f"{dotted}.") if below else []
    return keys


def section_of(section: type[BaseModel], name: object) -> type[BaseModel] | None:
    """The settings class of a key, or of the entries of its list; None for a key that holds a value or is
    unknown."""
    kinds = [f.annotation for key, f in section.model_fields.items() if (f.alias or key) == name]
    while kinds:
        kind = kinds.pop()
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind
        kinds += get_args(kind)
    return None
