"""Where settings come from: `graphtutor.yaml`, above it `.env`, above both environment variables.

Secrets come from variables only and are kept out of every `repr` and every error.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import BaseModel, ValidationError

from resources.configuration.aliases_file import NO_ALIASES, OwnAliases, read_aliases
from resources.configuration.errors import explained, refuse_misspelt, refuse_secrets, section_of
from resources.configuration.settings import DEFAULT_ALIASES_FILE, Settings
from resources.configuration.taxonomy_file import TagTree, read_taxonomy
from resources.configuration.yaml_file import read_yaml, why_unreadable
from resources.embedded.model_files import LOCAL_MODELS, LocalModel
from resources.errors import SettingsError
from resources.models.limits import price_of
from resources.models.settings import ModelSettings
from resources.models.types import VARIABLES, Role
from resources.sources.addresses import Source, resolve_source

DEFAULT_CONFIG_FILE = "graphtutor.yaml"
OPENAI_BASE_URL = "https://api.openai.com/v1"
DEFAULT_LOCAL: dict[Role, str] = {
    "synthesizer": "qwen2.5-coder-1.5b-instruct",
    "trainee": "qwen2.5-coder-0.5b-instruct",
}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a model is served. `local` is set for a model that graphtutor serves itself; then there is no URL
    yet. A URL can carry a password, so it is not shown either."""

    role: Role
    model: str
    base_url: str = field(repr=False)
    api_key: str = field(repr=False)
    settings: ModelSettings
    local: LocalModel | None = None

    def identity(self) -> dict[str, Any]:
        """All of the endpoint that can change an answer: model, revision and sampling parameters."""
        s = self.settings
        if self.role == "embedder":
            return {"model": self.model, "revision": s.revision}
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

    uri: str = field(repr=False)
    username: str
    password: str = field(repr=False)
    database: str


@dataclass(frozen=True, slots=True)
class Configuration:
    """Settings and addresses of one run. `documents` is the documents root, `trainee` None where there is
    none to examine, `embedder` None where none is named, `graph` None for the embedded one, `aliases` what
    the user's own file says of names, `taxonomy` the user's own tags, None without such a file, `sources` the
    remote documents of all corpora.
    """

    settings: Settings
    documents: Path
    synthesizer: Endpoint
    trainee: Endpoint | None
    graph: GraphAddress | None
    aliases: OwnAliases = NO_ALIASES
    taxonomy: TagTree | None = None
    sources: tuple[Source, ...] = ()
    embedder: Endpoint | None = None

    def endpoint(self, role: Role) -> Endpoint | None:
        """The endpoint of a model, None where there is none."""
        return {"synthesizer": self.synthesizer, "trainee": self.trainee, "embedder": self.embedder}[role]

    @property
    def name_embedder(self) -> Endpoint | None:
        """The embedder, where names are to be embedded."""
        return self.embedder if self.settings.entities.resolve == "model" else None

    @property
    def source_corpora(self) -> frozenset[str]:
        """The corpora that remote documents belong to, as the configuration names them."""
        return frozenset(source.corpus for source in self.sources)


def load_configuration(
    config_file: Path | None, environment: Mapping[str, str] | None = None
) -> Configuration:
    """Read everything and check it.

    Args:
        config_file: the YAML file; None takes `graphtutor.yaml` of the current folder if there is one.
        environment: variables; None takes the process' own, with `.env` of the current folder below them.

    Raises:
        SettingsError: a file is missing or malformed, a key is unknown, a value is wrong, or a budget in USD
            is set for a model without a price.
    """
    variables = dict(environment) if environment is not None else _variables()
    refuse_misspelt(variables)
    settings = read_settings(config_file)
    synthesizer = _endpoint("synthesizer", settings.models.synthesizer, variables)
    own = synthesizer.local is None
    examined = settings.comprehension.enabled and (
        _is_named("trainee", settings.models.trainee, variables) or not own
    )
    trainee = _endpoint("trainee", settings.models.trainee, variables) if examined else None
    embeds = _is_named("embedder", settings.models.embedder, variables)
    embedder = _endpoint("embedder", settings.models.embedder, variables) if embeds else None
    for endpoint in (synthesizer, trainee, embedder if settings.entities.resolve == "model" else None):
        # Before anything is spent, and not only when the first call of a model is due.
        if settings.budget_usd is not None and endpoint is not None and endpoint.local is None:
            price_of(endpoint.settings, endpoint.role, needed=True)
    beside = Path() if config_file is None else config_file.parent
    named_file = settings.entities.aliases
    aliases = read_aliases(beside / named_file, required=named_file != DEFAULT_ALIASES_FILE)
    source = settings.taxonomy.source
    taxonomy = None if source in ("off", "model") else read_taxonomy(beside / source)
    documents = beside / settings.documents.folder
    sources = tuple(
        resolve_source(source.url, source.corpus, variables) for source in settings.documents.sources
    )
    return Configuration(
        settings, documents, synthesizer, trainee, _graph(variables), aliases, taxonomy, sources, embedder
    )


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
    loaded = read_yaml(path)
    if loaded is None:
        return Settings()
    if not isinstance(loaded, dict):
        raise SettingsError(
            f"{path} must hold keys and values such as 'chunking: {{max_tokens: 512}}' at its top."
        )
    refuse_secrets(loaded, path)
    loaded = _with_schema_file(loaded, path)
    try:
        return Settings.model_validate(_without_empty_sections(loaded, Settings))
    except ValidationError as error:
        raise SettingsError(f"{path}: {explained(error)}") from None


def _with_schema_file(loaded: Mapping[Any, Any], path: Path) -> Mapping[Any, Any]:
    """`loaded` with the content of the file that `extraction.schema` names, which is relative to `path`."""
    extraction = loaded.get("extraction")
    named = extraction.get("schema") if isinstance(extraction, Mapping) else None
    if not isinstance(named, str) or not isinstance(extraction, Mapping):
        return loaded
    file = path.parent / named
    if not file.is_file():
        raise SettingsError(f"{path}: extraction.schema names the file {file}, which does not exist.")
    schema = read_yaml(file)
    if not isinstance(schema, Mapping):
        raise SettingsError(f"{file} must hold the lists 'entities' and 'relations' at its top.")
    return {**loaded, "extraction": {**extraction, "schema": schema}}


def _without_empty_sections(loaded: Mapping[Any, Any], section: type[BaseModel]) -> dict[Any, Any]:
    """`loaded` without sections that hold nothing, as when all of their keys are commented out."""
    kept = {}
    for key, value in loaded.items():
        below = section_of(section, key)
        if below is not None and isinstance(value, Mapping):
            kept[key] = _without_empty_sections(value, below)
        elif below is None or value is not None:
            kept[key] = value
    return kept


def _variables() -> dict[str, str]:
    try:
        from_file = {k: v for k, v in dotenv_values(".env").items() if v is not None}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"The file .env cannot be read ({why_unreadable(error)}): mend it.") from None
    return from_file | dict(os.environ)


def _is_named(role: Role, settings: ModelSettings, variables: Mapping[str, str]) -> bool:
    """Whether the user names a model or an address for `role`."""
    named = any(variables.get(f"{VARIABLES[role]}_{name}") for name in ("MODEL", "BASE_URL"))
    return named or bool(settings.model or settings.base_url)


def _endpoint(role: Role, settings: ModelSettings, variables: Mapping[str, str]) -> Endpoint:
    prefix = VARIABLES[role]
    model = variables.get(f"{prefix}_MODEL") or settings.model
    base_url = variables.get(f"{prefix}_BASE_URL") or settings.base_url
    api_key = variables.get(f"{prefix}_API_KEY", "")
    local = {} if role == "embedder" else LOCAL_MODELS
    if base_url is None and (model is None or model in local):
        chosen = local[model or DEFAULT_LOCAL[role]]
        return Endpoint(role, chosen.name, "", "", settings, chosen)
    named = f"{prefix}_BASE_URL" if variables.get(f"{prefix}_BASE_URL") else f"models.{role}.base_url"
    if model is None:
        raise SettingsError(
            f"{named} is set, but no model: set {prefix}_MODEL to the name the endpoint serves."
        )
    base_url = (base_url or OPENAI_BASE_URL).strip().rstrip("/")
    if not _is_http(base_url):
        raise SettingsError(f"{named} must look like http://localhost:8000/v1 or https://host/v1.")
    return Endpoint(role, model, base_url, api_key, settings)


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


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
