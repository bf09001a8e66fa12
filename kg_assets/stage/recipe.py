"""What the rows of a stage depend on besides what goes in: its recipe. It is kept with each run of a stage,
so that `status` can say what has changed since, and why the stage would run again."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from kg_assets.claims.extract import CLAIMS_VERSION
from kg_assets.comprehension.judge import JUDGEMENTS_VERSION
from kg_assets.comprehension.measure import COMPREHENSION_VERSION
from kg_assets.comprehension.state import STATEMENTS_VERSION
from kg_assets.domain import fingerprint
from kg_assets.enrichment.choose import ENRICHMENT_VERSION
from kg_assets.enrichment.plan import PAGE_CLAIMS_VERSION
from kg_assets.entities.embed import EMBEDDINGS_VERSION
from kg_assets.entities.plan import ALIASES_VERSION, PAIRS_VERSION
from kg_assets.export.report.collect import EXPORT_VERSION
from kg_assets.graph.merge import MERGE_VERSION
from kg_assets.ingest.chunk import CHUNKER_VERSION
from kg_assets.ingest.documents import DOCUMENTS_VERSION
from kg_assets.quality.gates.table import GATES_VERSION
from kg_assets.quality.tags import PAIRS_VERSION as PAIR_TAGS_VERSION
from kg_assets.stage.prompts import prompt_files
from kg_assets.synthesis.forms.aggregated import AGGREGATED_VERSION
from kg_assets.synthesis.forms.atomic import ATOMIC_VERSION
from kg_assets.synthesis.forms.multi_hop import MULTI_HOP_VERSION
from kg_assets.synthesis.traverse import TRAVERSE_VERSION
from kg_assets.taxonomy.label import LABEL_VERSION
from kg_assets.taxonomy.topics import TOPICS_VERSION
from kg_assets.taxonomy.tree import TREE_VERSION
from resources.configuration.load import Configuration
from resources.models.types import Role

SHOWN_CHARS = 40
CODE = "graphtutor's code"
HASHED = (CODE, "prompt ", "names in the file", "tags in the file")
"""Beginnings of ingredients whose values are hashes, which tell a reader nothing."""


@dataclass(frozen=True, slots=True)
class Ingredients:
    """`prompts` are (group, task); `settings` are paths into the configuration file, a section or one key."""

    version: str
    role: Role | None = None
    prompts: tuple[tuple[str, str], ...] = ()
    settings: tuple[str, ...] = ()


READING = tuple(
    f"extraction.{key}"
    for key in ("entity_types", "schema", "max_gleanings", "max_entities", "max_relations", "language")
)
"""Settings that say what is read out of a text."""
INGREDIENTS: Mapping[str, Ingredients] = {
    "documents": Ingredients(
        DOCUMENTS_VERSION,
        settings=tuple(
            f"documents.{key}" for key in ("encodings", "max_megabytes", "parser_seconds", "parser_megabytes")
        ),
    ),
    "chunks": Ingredients(
        CHUNKER_VERSION,
        settings=tuple(
            f"chunking.{key}"
            for key in ("strategy", "separator", "max_tokens", "overlap_tokens", "tokenizer")
        ),
    ),
    "claims": Ingredients(
        CLAIMS_VERSION,
        "synthesizer",
        tuple(("claims", task) for task in ("extraction", "extraction_of_schema", "gleaning", "coreference")),
        ("chunking.resolve_coreference", *READING),
    ),
    "enrichment": Ingredients(
        ENRICHMENT_VERSION,
        None,
        (("enrichment", "page_choice"),),
        ("extraction.enrich", "extraction.wikipedia", "extraction.language"),
    ),
    "enrichment_claims": Ingredients(
        PAGE_CLAIMS_VERSION,
        None,
        tuple(("claims", task) for task in ("extraction", "extraction_of_schema", "gleaning")),
        ("extraction.enrich", *READING),
    ),
    "entity_embeddings": Ingredients(EMBEDDINGS_VERSION),
    "entity_pairs": Ingredients(
        PAIRS_VERSION, None, (("entities", "entity_pairs"),), ("entities.resolve", "entities.similarity")
    ),
    "entity_aliases": Ingredients(ALIASES_VERSION, settings=("entities.aliases",)),
    "knowledge_graph": Ingredients(
        MERGE_VERSION, None, (("graph", "summary"),), ("extraction.description_tokens",)
    ),
    "topics": Ingredients(
        TOPICS_VERSION,
        None,
        (("taxonomy", "topics"),),
        ("taxonomy.source", "taxonomy.rebuild_share", "extraction.language"),
    ),
    "taxonomy": Ingredients(
        TREE_VERSION,
        None,
        (("taxonomy", "merge"), ("taxonomy", "tree")),
        ("taxonomy.source", "taxonomy.first_level", "taxonomy.second_level"),
    ),
    "chunk_tags": Ingredients(
        LABEL_VERSION, None, (("taxonomy", "chunk_tags"),), ("taxonomy.source", "chunking.tokenizer")
    ),
    "tagged_qa": Ingredients(
        PAIR_TAGS_VERSION, settings=("taxonomy.source", "export.balance", "export.max_share")
    ),
    "statements": Ingredients(
        STATEMENTS_VERSION,
        "synthesizer",
        (("comprehension", "statements"),),
        ("comprehension.enabled", "comprehension.statements"),
    ),
    "judgements": Ingredients(
        JUDGEMENTS_VERSION,
        "trainee",
        (("comprehension", "judgement"),),
        ("comprehension.min_mass", "comprehension.samples"),
    ),
    "comprehension": Ingredients(COMPREHENSION_VERSION),
    "subgraphs": Ingredients(TRAVERSE_VERSION, settings=("traverse_strategy",)),
    "qa_atomic": Ingredients(ATOMIC_VERSION, "synthesizer", (("synthesis", "atomic"),), ("qa.forms",)),
    "qa_aggregated": Ingredients(
        AGGREGATED_VERSION,
        "synthesizer",
        (("synthesis", "aggregated_answer"), ("synthesis", "aggregated_question")),
        ("qa.forms",),
    ),
    "qa_multi_hop": Ingredients(
        MULTI_HOP_VERSION, "synthesizer", (("synthesis", "multi_hop"),), ("qa.forms",)
    ),
    "curated_qa": Ingredients(GATES_VERSION, settings=("export.include_enrichment",)),
    "sft_datasets": Ingredients(EXPORT_VERSION, settings=("export",)),
    "graph_export": Ingredients(EXPORT_VERSION),
    "report": Ingredients(EXPORT_VERSION),
}


def recipe(stage: str, configuration: Configuration) -> dict[str, Any]:
    """The recipe of `stage` under this configuration: a flat mapping of all that can change its rows."""
    of = INGREDIENTS[stage]
    found: dict[str, Any] = {"stage version": of.version, CODE: _code()}
    role = _role_by_setting(stage, configuration) or of.role
    if role is not None:
        endpoint = configuration.endpoint(role)
        identity = endpoint.identity() if endpoint else {"model": None}
        found |= {f"{role} {name}": value for name, value in identity.items()}
    if stage == "entity_aliases":
        found["names in the file of aliases"] = fingerprint(asdict(configuration.aliases))
    if stage == "taxonomy" and configuration.taxonomy is not None:
        found["tags in the file"] = fingerprint(asdict(configuration.taxonomy))
    if stage in ("statements", "comprehension"):
        found["a trainee"] = configuration.trainee is not None
    for group, task in of.prompts:
        for language, text in prompt_files(group, task).items():
            found[f"prompt {task}.{language}"] = fingerprint(text)
    settings = configuration.settings.model_dump(mode="json", by_alias=True)
    for path in of.settings:
        if path == "entities.similarity" and configuration.name_embedder is None:
            continue  # without vectors it changes nothing, and nothing is stale because of it
        found |= _flat(path, _at(settings, path))
    return found


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


def _role_by_setting(stage: str, configuration: Configuration) -> Role | None:
    """Whom a stage that has no role of its own asks, if anybody."""
    settings = configuration.settings
    if stage == "entity_embeddings":
        return None if configuration.name_embedder is None else "embedder"
    asks = {
        "enrichment": settings.extraction.enrich != "off",
        "enrichment_claims": settings.extraction.enrich != "off",
        "topics": settings.taxonomy.source == "model",
        "taxonomy": settings.taxonomy.source == "model",
        "chunk_tags": settings.taxonomy.source != "off",
        "entity_pairs": settings.entities.resolve == "model",
    }
    return "synthesizer" if asks.get(stage) else None


def differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What changed between two recipes, each in a few words: `chunking.max_tokens 1024 → 512`."""
    changed = [name for name in {**then, **now} if then.get(name) != now.get(name)]
    return [
        f"{name} changed" if name.startswith(HASHED) else f"{name} {_short(then, name)} → {_short(now, name)}"
        for name in changed
    ]


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
