"""Where settings come from: `graphtutor.yaml`, environment variables and `.env`, in rising order of precedence
for what they share. Secrets come from variables only and are kept out of every `repr`.
"""

import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from dotenv import dotenv_values
from pydantic import BaseModel, ValidationError

from resources.embedded.model_files import LOCAL_MODELS, LocalModel
from resources.errors import SettingsError
from resources.models.settings import ModelSettings
from resources.models.types import Role
from resources.settings import Settings

DEFAULT_CONFIG_FILE = "graphtutor.yaml"
OPENAI_BASE_URL = "https://api.openai.com/v1"
DEFAULT_LOCAL: dict[Role, str] = {
    "synthesizer": "qwen2.5-coder-1.5b-instruct",
    "trainee": "qwen2.5-coder-0.5b-instruct",
}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a model is served. `local` is set for a model that graphtutor serves itself; then there is no URL yet."""

    role: Role
    model: str
    base_url: str
    api_key: str = field(repr=False)
    settings: ModelSettings
    local: LocalModel | None = None

    def identity(self) -> dict[str, Any]:
        """All of the endpoint that can change an answer: model, revision and sampling parameters."""
        s = self.settings
        return {
            "model": self.model,
            "revision": s.revision,
            "temperature": s.temperature,
            "top_p": s.top_p,
            "seed": s.seed,
        }


@dataclass(frozen=True, slots=True)
class GraphAddress:
    """The user's own Neo4j."""

    uri: str
    username: str
    password: str = field(repr=False)
    database: str


@dataclass(frozen=True, slots=True)
class Configuration:
    """Settings and addresses of one run. `documents` is the documents root, `trainee` None where there is none to
    examine, `graph` None for the embedded one."""

    settings: Settings
    documents: Path
    synthesizer: Endpoint
    trainee: Endpoint | None
    graph: GraphAddress | None


def load_configuration(
    config_file: Path | None, environment: Mapping[str, str] | None = None
) -> Configuration:
    """Read everything and check it.

    Args:
        config_file: the YAML file; None takes `graphtutor.yaml` of the current folder if there is one.
        environment: variables; None takes the process' own, with `.env` of the current folder below them.

    Raises:
        SettingsError: a file is missing or malformed, a key is unknown, a value is wrong.
    """
    variables = dict(environment) if environment is not None else _variables()
    settings = read_settings(config_file)
    synthesizer = _endpoint("synthesizer", settings.models.synthesizer, variables)
    own = synthesizer.local is None
    named = any(variables.get(f"TRAINEE_{name}") for name in ("MODEL", "BASE_URL"))
    named = named or bool(settings.models.trainee.model or settings.models.trainee.base_url)
    examined = settings.comprehension.enabled and (named or not own)
    trainee = _endpoint("trainee", settings.models.trainee, variables) if examined else None
    folder = Path(settings.documents.folder)
    documents = folder if config_file is None else config_file.parent / folder
    return Configuration(settings, documents, synthesizer, trainee, _graph(variables))


def read_settings(config_file: Path | None) -> Settings:
    """The settings of a YAML file, or the defaults where none is named and none is in the current folder.

    Raises:
        SettingsError: missing, not YAML, an unknown key (with a suggestion), a wrong value.
    """
    path = config_file or Path(DEFAULT_CONFIG_FILE)
    if not path.exists():
        if config_file is not None:
            raise SettingsError(f"The configuration file {path} does not exist: check --config.")
        return Settings()
    try:
        loaded = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise SettingsError(f"{path} cannot be read as YAML ({reason}): mend it and run again.") from error
    if loaded is None:
        return Settings()
    if not isinstance(loaded, dict):
        raise SettingsError(
            f"{path} must hold keys and values such as 'chunking: {{max_tokens: 512}}' at its top."
        )
    _refuse_secrets(loaded, path)
    try:
        return Settings.model_validate(loaded)
    except ValidationError as error:
        raise SettingsError(f"{path}: {_explained(error)}") from error


def _variables() -> dict[str, str]:
    from_file = {k: v for k, v in dotenv_values(".env").items() if v is not None}
    return from_file | dict(os.environ)


def _endpoint(role: Role, settings: ModelSettings, variables: Mapping[str, str]) -> Endpoint:
    prefix = role.upper()
    model = variables.get(f"{prefix}_MODEL") or settings.model
    base_url = variables.get(f"{prefix}_BASE_URL") or settings.base_url
    api_key = variables.get(f"{prefix}_API_KEY", "")
    local = LOCAL_MODELS
    if base_url is None and (model is None or model in local):
        chosen = local[model or DEFAULT_LOCAL[role]]
        return Endpoint(role, chosen.name, "", "", settings, chosen)
    if model is None:
        raise SettingsError(
            f"{prefix}_BASE_URL is set, but no model: set {prefix}_MODEL to the name the endpoint serves."
        )
    base_url = (base_url or OPENAI_BASE_URL).rstrip("/")
    if urlsplit(base_url).scheme not in ("http", "https"):
        raise SettingsError(
            f"{prefix}_BASE_URL must begin with http:// or https://, as in http://localhost:8000/v1."
        )
    return Endpoint(role, model, base_url, api_key, settings)


def _graph(variables: Mapping[str, str]) -> GraphAddress | None:
    uri = variables.get("NEO4J_URI")
    if not uri:
        return None
    return GraphAddress(
        uri,
        variables.get("NEO4J_USERNAME") or variables.get("NEO4J_USER") or "neo4j",
        variables.get("NEO4J_PASSWORD", ""),
        variables.get("NEO4J_DATABASE") or "neo4j",
    )


def _refuse_secrets(loaded: Mapping[str, Any], path: Path) -> None:
    models = loaded.get("models")
    for role, section in models.items() if isinstance(models, dict) else ():
        if isinstance(section, dict) and {"api_key", "key", "token"} & set(section):
            raise SettingsError(
                f"{path}: keys do not belong in a configuration file: put {str(role).upper()}_API_KEY into the "
                "environment or into .env and remove it here."
            )


def _explained(error: ValidationError) -> str:
    """The first thing that is wrong, in one sentence, without the offending value (it may be a secret)."""
    first = error.errors(include_input=False, include_url=False)[0]
    place = [str(part) for part in first["loc"]]
    dotted = ".".join(place)
    if first["type"] == "extra_forbidden":
        section = _section(place[:-1])
        known = [f.alias or name for name, f in section.model_fields.items()] if section else []
        close = difflib.get_close_matches(place[-1], known, n=1)
        meant = f"did you mean {close[0]!r}?" if close else f"known keys are {', '.join(known)}."
        return f"unknown key {dotted!r}: {meant}"
    message = first["msg"].removeprefix("Value error, ")
    return f"{dotted}: {message}."


def _section(place: list[str]) -> type[BaseModel] | None:
    """The settings class that a dotted place points to."""
    section: type[BaseModel] = Settings
    for part in place:
        chosen = section.model_fields.get(part)
        if chosen is None or not (
            isinstance(chosen.annotation, type) and issubclass(chosen.annotation, BaseModel)
        ):
            return None
        section = chosen.annotation
    return section
