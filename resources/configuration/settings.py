"""The settings a user can make, their defaults and their checks. Reading files and variables is in
`resources.configuration.load`; secrets never come here."""

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from resources.configuration.extraction_schema import ExtractionSchema
from resources.configuration.taxonomy_file import MOST_TAGS
from resources.models.settings import ModelSettings
from resources.sources.addresses import check_url

Positive = Annotated[int, Field(gt=0)]
OFF_IS_A_WORD = BeforeValidator(lambda value: "off" if value is False else value)
"""YAML reads off as false."""


class Section(BaseModel):
    """A frozen part of the configuration that refuses unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


DEFAULT_ALIASES_FILE = "aliases.yaml"


class DocumentSource(Section):
    """A web page, or a file, folder or pattern in a store that fsspec reads, and the corpus it belongs to.
    `${NAME}` in `url` stands for a variable of the environment."""

    url: str
    corpus: Annotated[str, Field(min_length=1)] = "default"

    @field_validator("url")
    @classmethod
    def _readable(cls, url: str) -> str:
        return check_url(url)


class DocumentsSettings(Section):
    """Where files are and how they become documents. `folder` is relative to the configuration file; each of
    `sources` may take `source_seconds` a file, and the sensor asks for them every `source_minutes`.

    Files that are not plain text are parsed in a child process, which has `parser_seconds` for each file and
    `parser_megabytes` of address space.
    """

    folder: str = "documents"
    sources: tuple[DocumentSource, ...] = ()
    source_seconds: Annotated[float, Field(gt=0)] = 60.0
    source_minutes: Annotated[float, Field(ge=1)] = 60.0
    encodings: Annotated[tuple[str, ...], Field(min_length=1)] = ("utf-8",)
    max_megabytes: Annotated[float, Field(gt=0)] = 50.0
    parser_seconds: Annotated[float, Field(gt=0)] = 300.0
    parser_megabytes: Annotated[int, Field(ge=500)] = 3000

    @field_validator("sources", mode="before")
    @classmethod
    def _by_url_alone(cls, sources: Any) -> Any:
        if isinstance(sources, list | tuple):
            return [{"url": source} if isinstance(source, str) else source for source in sources]
        return sources

    @field_validator("encodings")
    @classmethod
    def _known(cls, encodings: tuple[str, ...]) -> tuple[str, ...]:
        for name in encodings:
            try:
                "".encode(name)
            except LookupError as error:
                raise ValueError(f"{name!r} is no encoding that Python knows") from error
        return encodings


DEFAULT_OVERLAP_TOKENS = 100


class ChunkingSettings(Section):
    """How documents are cut, and token limits of a chunk. `separator` is a text, for the strategy of that
    name only. With `resolve_coreference` a chunk's pronouns are replaced before it is read for claims; chunks
    stay as they are."""

    strategy: Literal["structure", "recursive", "tokens", "separator"] = "structure"
    separator: str = ""
    max_tokens: Annotated[int, Field(ge=16)] = 1024
    overlap_tokens: Annotated[int, Field(ge=0)] = DEFAULT_OVERLAP_TOKENS
    tokenizer: Literal["cl100k_base", "o200k_base"] = "cl100k_base"
    resolve_coreference: bool = False

    @model_validator(mode="before")
    @classmethod
    def _default_overlap_fits(cls, given: Any) -> Any:
        most = given.get("max_tokens") if isinstance(given, dict) else None
        if isinstance(most, int) and "overlap_tokens" not in given:
            return given | {"overlap_tokens": min(DEFAULT_OVERLAP_TOKENS, max(0, most // 2))}
        return given

    @model_validator(mode="after")
    def _overlap_fits(self) -> "ChunkingSettings":
        if self.overlap_tokens * 2 > self.max_tokens:
            raise ValueError(
                f"overlap_tokens ({self.overlap_tokens}) must be at most half of max_tokens "
                f"({self.max_tokens})"
            )
        return self

    @model_validator(mode="after")
    def _separator_with_its_strategy(self) -> "ChunkingSettings":
        if self.strategy == "separator" and not self.separator:
            raise ValueError(
                'strategy separator needs the text to cut at: say it in separator, such as "\\n---\\n"'
            )
        if self.strategy != "separator" and self.separator:
            raise ValueError(
                f"separator is set, but strategy {self.strategy} does not use it: set strategy to separator "
                "or remove it"
            )
        if "\\n" in self.separator:
            raise ValueError('write a line break in separator as "\\n" between double quotation marks')
        return self


DEFAULT_ENTITY_TYPES = (
    "person",
    "organization",
    "location",
    "event",
    "time",
    "organism",
    "substance",
    "disease",
    "technology",
    "work",
    "concept",
)


class ExtractionSettings(Section):
    """What the synthesizer looks for in a chunk. `language` is what it writes in, by default the chunk's.
    With `enrich` entities are looked up in the encyclopedia whose MediaWiki API is at `wikipedia`.
    `of_schema`, in yaml `schema`, takes the place of `entity_types`."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    entity_types: Annotated[tuple[str, ...], Field(min_length=1)] = DEFAULT_ENTITY_TYPES
    max_gleanings: Annotated[int, Field(ge=0, le=10)] = 0
    max_entities: Positive = 30
    max_relations: Positive = 30
    description_tokens: Positive = 512
    language: str | None = None
    enrich: Annotated[Literal["off", "wikipedia"], OFF_IS_A_WORD] = "off"
    wikipedia: str = "https://{language}.wikipedia.org/w/api.php"
    of_schema: ExtractionSchema | None = Field(default=None, alias="schema")

    @model_validator(mode="after")
    def _types_in_one_place(self) -> "ExtractionSettings":
        if self.of_schema is not None and "entity_types" in self.model_fields_set:
            raise ValueError("entity_types and schema are both set: name all types in schema")
        return self

    @field_validator("wikipedia")
    @classmethod
    def _address(cls, wikipedia: str) -> str:
        if not re.fullmatch(r"https?://[^\s@?#]+", wikipedia):
            raise ValueError("write the address of a MediaWiki API, such as https://host/w/api.php")
        return wikipedia

    @property
    def type_names(self) -> tuple[str, ...]:
        """The types that an entity can have."""
        if self.of_schema is None:
            return self.entity_types
        return tuple(entity.name for entity in self.of_schema.entities)

    @field_validator("entity_types")
    @classmethod
    def _distinct(cls, entity_types: tuple[str, ...]) -> tuple[str, ...]:
        named = tuple(dict.fromkeys(name.strip() for name in entity_types))
        if not all(named):
            raise ValueError("an entity type is empty")
        return named

    @field_validator("language")
    @classmethod
    def _code(cls, language: str | None) -> str | None:
        if language is not None and not re.fullmatch(r"[a-z]{2,3}", language):
            raise ValueError("write the language as its ISO 639 code, such as en, zh or de")
        return language


class SimilaritySettings(Section):
    """The least cosine of two names that the embedder's vectors make a candidate, where they are written in
    two scripts and in one; 1 for none. Each model has a scale of its own."""

    across_scripts: Annotated[float, Field(ge=-1, le=1)] = 0.86
    within_script: Annotated[float, Field(ge=-1, le=1)] = 0.92


class EntitiesSettings(Section):
    """Which names mean one thing. By `rules` where that is certain, by the `model` where it is not, or `off`;
    the user's file `aliases`, relative to the configuration file, holds in any case. With `model` and an
    embedder, names as near as `similarity` says are put to the model too."""

    resolve: Annotated[Literal["off", "rules", "model"], OFF_IS_A_WORD] = "rules"
    similarity: SimilaritySettings = SimilaritySettings()
    aliases: str = DEFAULT_ALIASES_FILE


Range = tuple[Positive, Positive]


class TaxonomySettings(Section):
    """Where the tree of tags comes from: made by the synthesizer (`model`), a file of the user's, relative to
    the configuration file, or `off`. A tree is kept until more than `rebuild_share` of the chunks have come
    or gone since it was made; the levels are how many tags there may be, at least and at most: on the first,
    and below each of these."""

    source: Annotated[str, OFF_IS_A_WORD] = "off"
    first_level: Range = (6, 12)
    second_level: Range = (4, 10)
    rebuild_share: Annotated[float, Field(ge=0)] = 0.3

    @field_validator("source")
    @classmethod
    def _named(cls, source: str) -> str:
        if not source.strip():
            raise ValueError("write off, model, or the name of a file")
        return source

    @model_validator(mode="after")
    def _levels_fit(self) -> "TaxonomySettings":
        for name, (least, most) in (("first_level", self.first_level), ("second_level", self.second_level)):
            if least > most:
                raise ValueError(f"{name} is [at least, at most], so {least} must not be more than {most}")
        allowed = self.first_level[1] * self.second_level[1]
        if allowed > MOST_TAGS:
            raise ValueError(
                f"first_level and second_level allow {allowed} tags, and a "
                f"model is shown all of them: allow at most {MOST_TAGS}"
            )
        return self


class ComprehensionSettings(Section):
    """How the trainee is examined.

    `statements` is the number of true and of negated statements for each unit; below `min_mass` of
    P(yes) + P(no) a judgement is off-format; `samples` is k for endpoints without logprobs.
    """

    enabled: bool = True
    statements: Annotated[int, Field(ge=1, le=10)] = 2
    min_mass: Annotated[float, Field(ge=0, le=1)] = 0.5
    samples: Annotated[int, Field(ge=1)] = 5


class TraverseStrategy(Section):
    """GraphGen's block of the same name, accepted unchanged; `qa_form` there may select the form."""

    expand_method: Literal["max_width", "max_tokens"] = "max_tokens"
    max_extra_edges: Annotated[int, Field(ge=0)] = 5
    max_tokens: Positive = 256
    max_depth: Annotated[int, Field(ge=0)] = 2
    bidirectional: bool = True
    edge_sampling: Literal["max_loss", "min_loss", "random"] = "max_loss"
    isolated_node_strategy: Literal["add", "ignore"] = "add"
    loss_strategy: Literal["only_edge", "both"] = "only_edge"
    difficulty_order: tuple[Literal["easy", "medium", "hard"], ...] = ("easy", "medium", "hard")
    seed: int = 0
    qa_form: Literal["atomic", "aggregated", "multi_hop", "open"] | None = None

    @field_validator("difficulty_order")
    @classmethod
    def _three(cls, order: tuple[str, ...]) -> tuple[str, ...]:
        if len(order) != 3:
            raise ValueError(
                "difficulty_order names the difficulty of the three thirds by mean loss, so it has 3 entries"
            )
        return order


class QaSettings(Section):
    """Which forms of question are written; `open` is GraphGen's name for `aggregated`."""

    forms: Annotated[tuple[Literal["atomic", "aggregated", "multi_hop"], ...], Field(min_length=1)] = (
        "atomic",
        "aggregated",
        "multi_hop",
    )

    @field_validator("forms", mode="before")
    @classmethod
    def _open_is_aggregated(cls, forms: Any) -> Any:
        if isinstance(forms, str):
            forms = [forms]
        if isinstance(forms, list | tuple):
            forms = ["aggregated" if form == "open" else form for form in forms]
            return tuple(form for i, form in enumerate(forms) if form not in forms[:i])
        return forms


class ExportSettings(Section):
    """Which files are written and what stands in their system field. With `balance` by tag, a first-level tag
    keeps at most `max_share` of all pairs."""

    formats: Annotated[tuple[Literal["alpaca", "sharegpt", "chatml"], ...], Field(min_length=1)] = (
        "alpaca",
        "sharegpt",
        "chatml",
    )
    system_prompt: str = ""
    balance: Literal["none", "tag"] = "none"
    max_share: Annotated[float, Field(gt=0, le=1)] = 0.2
    include_enrichment: bool = True


class ModelsSettings(Section):
    """The models; of the embedder's settings those of sampling do not count."""

    synthesizer: ModelSettings = ModelSettings()
    trainee: ModelSettings = ModelSettings()
    embedder: ModelSettings = ModelSettings()


class Settings(Section):
    """All of `graphtutor.yaml`. Budgets hold for one corpus, over all its runs."""

    documents: DocumentsSettings = DocumentsSettings()
    chunking: ChunkingSettings = ChunkingSettings()
    extraction: ExtractionSettings = ExtractionSettings()
    entities: EntitiesSettings = EntitiesSettings()
    taxonomy: TaxonomySettings = TaxonomySettings()
    comprehension: ComprehensionSettings = ComprehensionSettings()
    traverse_strategy: TraverseStrategy = TraverseStrategy()
    qa: QaSettings = QaSettings()
    export: ExportSettings = ExportSettings()
    models: ModelsSettings = ModelsSettings()
    budget_usd: Annotated[float, Field(gt=0)] | None = None
    budget_tokens: Positive | None = None

    @model_validator(mode="after")
    def _balance_has_tags(self) -> "Settings":
        if self.export.balance == "tag" and self.taxonomy.source == "off":
            raise ValueError(
                "export.balance is tag, but there are no tags: set taxonomy.source to model or to a file"
            )
        return self

    @property
    def qa_forms(self) -> tuple[str, ...]:
        """The forms to write: those of `qa.forms`, unless the traverse strategy's own `qa_form` names one."""
        form = self.traverse_strategy.qa_form
        if form is None:
            return self.qa.forms
        return ("aggregated",) if form == "open" else (form,)
