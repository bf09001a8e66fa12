"""The nouns of the pipeline as frozen dataclasses, and how they are identified. No logic, no storage.

Character positions are indices into the decoded document text (Python `str`), half open: `text[start:end]`.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

UnitKind = Literal["entity", "relation"]
Difficulty = Literal["easy", "medium", "hard"]
QaForm = str
"""The name of a form of question: one of those in `synthesis/forms/table.py`."""
ENRICHMENT = "enrichment"
"""The origin of what stands in no document of the user's, but in a page of an encyclopedia."""


def fingerprint(*parts: object) -> str:
    """Hash anything JSON can express to 32 hex digits (128 bits of SHA-256).

    Mappings are ordered by key, so equal content gives equal fingerprints on every machine.
    """
    return hashlib.sha256(_CANONICAL.encode(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


_QUOTES = str.maketrans(dict.fromkeys("‘’‚‛`´′＇", "'") | dict.fromkeys("“”„‟«»″＂「」『』", '"'))


def normalise_name(name: str) -> str:
    """Entity identity: NFKC, unified quotes, case folding, single spaces, no space or quote at either end.

    Applying it twice changes nothing.
    """
    if name.isascii():  # the same, in a fraction of the time
        return " ".join(name.replace("`", "'").lower().split()).strip(" '\"")
    # Folding a case can undo NFKC, and NFKC can bring forth quotes: hence twice.
    folded = _nfkc(_nfkc(name).casefold())
    return re.sub(r"\s+", " ", folded).strip(" '\"")


def _nfkc(text: str) -> str:
    return unicodedata.normalize("NFKC", text.translate(_QUOTES)).translate(_QUOTES)


def entity_id(name: str) -> str:
    """Id of the entity that `name` refers to; equal for all names of equal `normalise_name`."""
    return "e" + fingerprint("entity", normalise_name(name))


def relation_id(source: str, target: str) -> str:
    """Id of the relation between two entities, the same in both directions."""
    return "r" + fingerprint("relation", sorted((normalise_name(source), normalise_name(target))))


@dataclass(frozen=True, slots=True)
class Document:
    """One version of one document.

    `document_id` is the path below the corpus folder, with `#<line or id>` for rows of a JSON file;
    `version` changes exactly when text or metadata do. `preset_chunks` are spans given by the input
    (GraphGen's chunked format); empty for all other documents. `pages` has (position of its first character,
    page number from 1) for each page with text, in order; empty where the input has no pages.
    """

    document_id: str
    version: str
    text: str
    metadata: Mapping[str, Any]
    language: str
    preset_chunks: tuple[tuple[int, int], ...] = ()
    pages: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Chunk:
    """A span of a document. `chunk_id` depends on the document's name and the chunk's text, so that a chunk
    that an edit elsewhere only moved keeps its id; `tokens` are counted by the configured tokenizer."""

    chunk_id: str
    document_id: str
    document_version: str
    chunk_index: int
    start_char: int
    end_char: int
    text: str
    tokens: int
    heading_path: tuple[str, ...]
    language: str


@dataclass(frozen=True, slots=True)
class Claim:
    """What one chunk says about one unit. Its evidence is the sentences that hold the model's quote;
    positions are relative to the chunk's text.

    For an entity `source` and `target` are empty; for a relation `name` is, and `type` too unless the user's
    schema has types of relations. `quoted` is False
    where the model's quote was not in the chunk: then the evidence, and the quote too, is the whole chunk.
    """

    claim_id: str
    unit_id: str
    kind: UnitKind
    name: str
    type: str
    source: str
    target: str
    description: str
    evidence_start: int
    evidence_end: int
    quote_start: int
    quote_end: int
    quoted: bool


@dataclass(frozen=True, slots=True)
class GraphUnit:
    """An entity or a relation of the merged graph. `content_hash` covers all that a reader of the unit sees
    (names, type, direction, description), not which chunks support it. `degree` is not part of it. `origin`
    is ENRICHMENT where only pages of an encyclopedia speak of it, and else empty."""

    unit_id: str
    kind: UnitKind
    name: str
    type: str
    source_id: str
    target_id: str
    source: str
    target: str
    description: str
    language: str
    content_hash: str
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Statement:
    """A wording of one unit: true (`label` True) or negated (`label` False)."""

    statement_id: str
    unit_id: str
    text: str
    label: bool
    language: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """The trainee's view of one statement.

    `p_true` is P(yes) / (P(yes) + P(no)); `mass` is P(yes) + P(no), or the share of samples that were a clear
    yes or no; `method` is `logprobs` or `sampling`.
    """

    text: str
    trainee: str
    p_true: float
    mass: float
    method: Literal["logprobs", "sampling"]


@dataclass(frozen=True, slots=True)
class Comprehension:
    """How well the trainee knows one unit: mean confidence and mean loss (nats) over its judgements."""

    unit_id: str
    trainee: str
    confidence: float
    loss: float
    judgements: int


@dataclass(frozen=True, slots=True)
class Subgraph:
    """Units that one question will be about. `mean_loss` is None where nothing was measured."""

    subgraph_id: str
    entity_ids: tuple[str, ...]
    relation_ids: tuple[str, ...]
    mean_loss: float | None
    difficulty: Difficulty
    tokens: int


@dataclass(frozen=True, slots=True)
class QaPair:
    """A question and its answer, with the units that it is about. `details` is what else its form has, such
    as `reasoning`, the steps that lead to the answer; its values are those of JSON."""

    qa_id: str
    form: QaForm
    question: str
    answer: str
    details: Mapping[str, Any]
    unit_ids: tuple[str, ...]
    language: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """Source text of a claim: `text == document_text[start:end]` of that document version. `page` is the one
    that it begins on, from 1; None where the document has no pages. `origin` is ENRICHMENT for text that is
    not the user's own, and else empty."""

    document: str
    document_version: str
    chunk_id: str
    start: int
    end: int
    text: str
    page: int | None = None
    origin: str = ""
