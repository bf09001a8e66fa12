"""The settings a user can make, their defaults and their checks. Reading files and variables is in
`resources.configuration.load`; secrets never come here."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from resources.catalogue import Kind, catalogue, one_of
from resources.configuration.extraction_schema import ExtractionSchema
from resources.configuration.taxonomy_file import MOST_TAGS
from resources.models.settings import ModelSettings
from resources.sources.addresses import check_url

Positive = Annotated[int, Field(gt=0)]
OFF_IS_A_WORD = BeforeValidator(lambda value: "off" if value is False else value)
"""YAML reads off as false."""


@dataclass(frozen=True, slots=True)
class Names:
    """Marks a text that must be a name of the catalogue, or one of `further`."""

    kind: Kind
    further: tuple[str, ...] = ()

    def all(self) -> tuple[str, ...]:
        """What may be written."""
        return (*catalogue().names(self.kind), *self.further)

    def check(self, name: str) -> str:
        """The name.

        Raises:
            ValueError: there is no such thing.
        """
        if name not in self.all():
            raise ValueError(f"Input should be {one_of(self.all())}")
        return name


_FORMS, _FORMATS, _FORM_OR_OPEN = Names("forms"), Names("formats"), Names("forms", ("open",))
FormName = Annotated[str, _FORMS, AfterValidator(_FORMS.check)]
FormatName = Annotated[str, _FORMATS, AfterValidator(_FORMATS.check)]


class Section(BaseModel):
    """A frozen part of the configuration that refuses unknown keys. The text below a field is its description
    in the reference of the documentation; a test asks for one below each."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


DEFAULT_ALIASES_FILE = "aliases.yaml"


class DocumentSource(Section):
    """A web page, or a file, folder or pattern in a store that fsspec reads, and the corpus it belongs to. A
    URL alone stands for a source of the corpus `default`."""

    url: str
    """Its address; `${NAME}` in it stands for a variable of the environment."""
    corpus: Annotated[str, Field(min_length=1)] = "default"
    """The corpus that its documents belong to."""

    @field_validator("url")
    @classmethod
    def _readable(cls, url: str) -> str:
        return check_url(url)


class DocumentsSettings(Section):
    """Where files are and how they become documents. Files that are not plain text are parsed in a child
    process with limits of its own."""

    folder: str = "documents"
    """Where files are, relative to the configuration file: each folder directly in it is a corpus, and files
    directly in it are the corpus `default`."""
    sources: tuple[DocumentSource, ...] = ()
    """Web pages, and files in stores that fsspec opens, which are read besides the folder."""
    source_seconds: Annotated[float, Field(gt=0)] = 60.0
    """The longest that fetching one file of a source may take."""
    source_minutes: Annotated[float, Field(ge=1)] = 60.0
    """How often the sensor starts a run that looks for changes in the sources."""
    encodings: Annotated[tuple[str, ...], Field(min_length=1)] = ("utf-8",)
    """Encodings that are tried in this order for a text without a byte order mark before one is detected."""
    max_megabytes: Annotated[float, Field(gt=0)] = 50.0
    """The largest file that is read; a larger one is a drop."""
    parser_seconds: Annotated[float, Field(gt=0)] = 300.0
    """The longest that parsing one file, or one scanned page, may take; then it is a drop."""
    parser_megabytes: Annotated[int, Field(ge=500)] = 3000
    """The address space that the process which parses files may use; a file that needs more is a drop."""

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
    """How documents are cut, and token limits of a chunk."""

    strategy: Literal["structure", "recursive", "tokens", "separator"] = "structure"
    """Where a chunk ends: by headings, lists and paragraphs, by paragraphs and sentences, when it is full, or
    at a text of your own."""
    separator: str = ""
    """The text that the strategy `separator` cuts at, such as `"\\n---\\n"`; for that strategy only."""
    max_tokens: Annotated[int, Field(ge=16)] = 1024
    """The most tokens that a chunk may have."""
    overlap_tokens: Annotated[int, Field(ge=0)] = DEFAULT_OVERLAP_TOKENS
    """How many tokens a chunk may repeat of the chunk before; at most half of `max_tokens`, which is also the
    default where that is less."""
    tokenizer: Literal["cl100k_base", "o200k_base"] = "cl100k_base"
    """The tokenizer that counts."""
    resolve_coreference: bool = False
    """Whether the pronouns of a chunk are replaced before it is read for claims, for one more call a chunk;
    the chunk itself stays as it is."""

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
    """What the synthesizer looks for in a chunk, and what it writes of it."""

    model_config = ConfigDict(populate_by_name=True)

    entity_types: Annotated[tuple[str, ...], Field(min_length=1)] = DEFAULT_ENTITY_TYPES
    """The types of things to look for."""
    max_gleanings: Annotated[int, Field(ge=0, le=10)] = 0
    """How many further rounds ask only for what is missing."""
    max_entities: Positive = 30
    """The most entities that are asked for in one chunk."""
    max_relations: Positive = 30
    """The most relations that are asked for in one chunk."""
    description_tokens: Positive = 512
    """The synthesizer summarises merged descriptions that are longer than this many tokens."""
    language: str | None = None
    """The ISO 639 code of the language to write in, such as `en` or `zh`; without it that of each chunk."""
    enrich: Annotated[Literal["off", "wikipedia"], OFF_IS_A_WORD] = "off"
    """Whether what the documents name is looked up in an encyclopedia."""
    wikipedia: str = "https://{language}.wikipedia.org/w/api.php"
    """The address of its MediaWiki API; `{language}` stands for the language of the text."""
    of_schema: ExtractionSchema | None = Field(default=None, alias="schema")
    """Your own types of things and relations, here or in a file named here; they take the place of
    `entity_types`, and what does not fit them is a drop."""

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
    """The least cosine of two names in two scripts, such as 北京 and Beijing."""
    within_script: Annotated[float, Field(ge=-1, le=1)] = 0.92
    """The least cosine of two names in one script, such as Pumpe and pump."""


class EntitiesSettings(Section):
    """Which names mean one thing."""

    resolve: Annotated[Literal["off", "rules", "model"], OFF_IS_A_WORD] = "rules"
    """What joins two names: rules where that is certain, also the synthesizer where it is not, or only your
    own file."""
    similarity: SimilaritySettings = SimilaritySettings()
    """How near two names must be for the synthesizer to be asked about them."""
    aliases: str = DEFAULT_ALIASES_FILE
    """Your own file of names, relative to the configuration file, which holds in any case."""


Range = tuple[Positive, Positive]


class TaxonomySettings(Section):
    """A tree of tags for chunks and pairs."""

    source: Annotated[str, OFF_IS_A_WORD] = "off"
    """Where the tree comes from: `off` for none, `model` for one that the synthesizer makes, or a file of
    yours, relative to the configuration file."""
    first_level: Range = (6, 12)
    """How many tags the synthesizer is to make on the first level, at least and at most."""
    second_level: Range = (4, 10)
    """How many tags the synthesizer is to make below each of these, at least and at most."""
    rebuild_share: Annotated[float, Field(ge=0)] = 0.3
    """A tree is kept until more than this share of the chunks have come or gone since it was made; with 0, of
    no chunk."""

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
    """How the trainee is examined."""

    enabled: bool = True
    """Whether it is examined at all; otherwise there are no losses, and questions are sampled at random."""
    statements: Annotated[int, Field(ge=1, le=10)] = 2
    """How many true statements of each unit it judges, and how many negations."""
    min_mass: Annotated[float, Field(ge=0, le=1)] = 0.5
    """The least P(yes) + P(no) of an answer; below it the answer is off-format, which is a drop."""
    samples: Annotated[int, Field(ge=1)] = 5
    """How many answers are sampled of an endpoint without log-probabilities."""


class TraverseStrategy(Section):
    """How subgraphs grow: GraphGen's block of the same name, accepted unchanged."""

    expand_method: Literal["max_width", "max_tokens"] = "max_tokens"
    """What limits a subgraph: the number of its relations, or the tokens of its descriptions."""
    max_extra_edges: Annotated[int, Field(ge=0)] = 5
    """With `max_width`: how many relations a subgraph has at most besides its first."""
    max_tokens: Positive = 256
    """With `max_tokens`: how many tokens the descriptions of a subgraph have at most."""
    max_depth: Annotated[int, Field(ge=0)] = 2
    """How many steps a subgraph goes from its first relation at most."""
    bidirectional: bool = True
    """Whether it grows from both ends of its first relation, or from the target only."""
    edge_sampling: Literal["max_loss", "min_loss", "random"] = "max_loss"
    """Which relations come first: those that the trainee knows worst, those that it knows best, or any."""
    isolated_node_strategy: Literal["add", "ignore"] = "add"
    """Whether entities without a relation are subgraphs of their own."""
    loss_strategy: Literal["only_edge", "both"] = "only_edge"
    """Whether the losses of entities count besides those of relations."""
    difficulty_order: tuple[Literal["easy", "medium", "hard"], ...] = ("easy", "medium", "hard")
    """What the three thirds of subgraphs by mean loss are called, from the least loss on."""
    seed: int = 0
    """The seed of all that is drawn at random."""
    qa_form: Annotated[str, _FORM_OR_OPEN, AfterValidator(_FORM_OR_OPEN.check)] | None = None
    """The one form of question to write, instead of those of `qa.forms`; `open` means aggregated."""

    @field_validator("difficulty_order")
    @classmethod
    def _three(cls, order: tuple[str, ...]) -> tuple[str, ...]:
        if len(order) != 3:
            raise ValueError(
                "difficulty_order names the difficulty of the three thirds by mean loss, so it has 3 entries"
            )
        return order


class QaSettings(Section):
    """Which questions are written."""

    forms: Annotated[tuple[FormName, ...], Field(min_length=1)] = Field(
        default_factory=lambda: catalogue().default_forms
    )
    """The forms of question; `open` is GraphGen's name for `aggregated`."""

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
    """Which files are written, and what of."""

    formats: Annotated[tuple[FormatName, ...], Field(min_length=1)] = Field(
        default_factory=lambda: catalogue().default_formats
    )
    """The formats of the files for training."""
    system_prompt: str = ""
    """What stands in their system field."""
    balance: Literal["none", "tag"] = "none"
    """Whether pairs are balanced by their first-level tags; for that `taxonomy.source` must be set."""
    max_share: Annotated[float, Field(gt=0, le=1)] = 0.2
    """With `balance: tag`: the most of all pairs that one first-level tag keeps."""
    include_enrichment: bool = True
    """Whether pairs that rest on pages of an encyclopedia are exported."""


class ModelsSettings(Section):
    """The models. Their keys are secrets and come from the environment only."""

    synthesizer: ModelSettings = ModelSettings()
    """The model that reads documents and writes questions and answers."""
    trainee: ModelSettings = ModelSettings()
    """The model that will be fine-tuned, which only judges statements."""
    embedder: ModelSettings = ModelSettings()
    """The model whose vectors say which names are near each other; settings of sampling do not count."""


class Settings(Section):
    """All of `graphtutor.yaml`. Budgets hold for one corpus, over all its runs."""

    documents: DocumentsSettings = DocumentsSettings()
    """Where files are and how they become documents."""
    chunking: ChunkingSettings = ChunkingSettings()
    """How documents are cut."""
    extraction: ExtractionSettings = ExtractionSettings()
    """What is read out of a chunk."""
    entities: EntitiesSettings = EntitiesSettings()
    """Which names mean one thing."""
    taxonomy: TaxonomySettings = TaxonomySettings()
    """A tree of tags for chunks and pairs."""
    comprehension: ComprehensionSettings = ComprehensionSettings()
    """How the trainee is examined."""
    traverse_strategy: TraverseStrategy = Field(default_factory=TraverseStrategy)
    """How subgraphs grow."""
    qa: QaSettings = Field(default_factory=QaSettings)
    """Which questions are written."""
    export: ExportSettings = Field(default_factory=ExportSettings)
    """Which files are written."""
    models: ModelsSettings = ModelsSettings()
    """The models."""
    budget_usd: Annotated[float, Field(gt=0)] | None = None
    """The most USD that a corpus may cost, all its runs together; a run stops before it would exceed it, says
    what the rest would cost, and goes on with a higher one."""
    budget_tokens: Positive | None = None
    """The most tokens that the models may read and write for a corpus, in the same way."""

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
