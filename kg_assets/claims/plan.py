"""Which claims are to be made: a work item for each chunk, keyed by all that can change them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kg_assets.claims.conformance import CONFORMANCE_VERSION
from kg_assets.claims.coreference import COREFERENCE_VERSION, coreference_request
from kg_assets.claims.extract import CLAIMS_VERSION, extract_claims, extraction_request
from kg_assets.domain import Chunk, Claim
from kg_assets.ingest.plan import CHUNKS
from kg_assets.stage.bench import StageBench
from kg_assets.stage.ledger import WorkItem
from kg_assets.stage.prompts import system_prompt
from kg_assets.stage.request_keys import request_key
from kg_assets.stage.stage import Plan, Stage, Usual
from resources.configuration.settings import ExtractionSettings, Settings
from resources.warehouse.warehouse import Warehouse

Identity = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ChunkToRead:
    """A chunk and the text before it in its document; `before` is None where pronouns are left alone."""

    chunk: Chunk
    before: str | None


def claim_items(
    warehouse: Warehouse, settings: ExtractionSettings, identity: Identity, resolve_coreference: bool
) -> list[WorkItem[ChunkToRead]]:
    """Each current chunk."""

    def key(read: ChunkToRead) -> str:
        chunk, language = read.chunk, settings.language or read.chunk.language
        resolved = []
        if read.before is not None:
            asked = coreference_request(chunk, read.before, language)
            resolved.append(request_key(COREFERENCE_VERSION, asked, identity))
        request = extraction_request(chunk, settings)
        rounds, checked = further_rounds(settings, language), checked_by(settings)
        return request_key(CLAIMS_VERSION, request, identity, chunk.text, rounds, *checked, *resolved)

    chunks = warehouse.rows(Chunk, "FROM current_chunks")
    before = _texts_before(chunks) if resolve_coreference else {}
    read = [ChunkToRead(chunk, before.get(chunk.chunk_id)) for chunk in chunks]
    return [WorkItem(each.chunk.chunk_id, key(each), each, each.chunk.document_id) for each in read]


def further_rounds(settings: ExtractionSettings, language: str) -> tuple[int, str]:
    """How often what is missing is asked for, and by what words."""
    asked = system_prompt("claims", "gleaning", language) if settings.max_gleanings else ""
    return settings.max_gleanings, asked


def checked_by(settings: ExtractionSettings) -> tuple[object, ...]:
    """What claims are held against: the user's schema, if there is one."""
    schema = settings.of_schema
    return () if schema is None else (CONFORMANCE_VERSION, schema.model_dump(mode="json"))


def _texts_before(chunks: Sequence[Chunk]) -> dict[str, str]:
    """For each chunk the one before it in its document, without what both share; empty for the first."""
    before = {}
    for i, chunk in enumerate(chunks):
        last = chunks[i - 1] if i and chunks[i - 1].document_id == chunk.document_id else None
        before[chunk.chunk_id] = (
            last.text[: max(0, chunk.start_char - last.start_char)].strip() if last else ""
        )
    return before


READING = tuple(
    f"extraction.{key}"
    for key in ("entity_types", "schema", "max_gleanings", "max_entities", "max_relations", "language")
)
"""Settings that say what is read out of a text."""


def _plan_claims(bench: StageBench) -> Plan[ChunkToRead]:
    settings, resolve = bench.settings.extraction, bench.settings.chunking.resolve_coreference
    items = claim_items(bench.warehouse, settings, bench.identity("synthesizer"), resolve)
    return Plan(
        items,
        lambda item, ask: extract_claims(item.payload.chunk, settings, ask, item.payload.before),
        "synthesizer",
    )


def _usual_claims(settings: Settings) -> Usual:
    if settings.chunking.resolve_coreference:  # one more call, with the chunk and the one before it
        return Usual(1.0, "chunks", 4000.0, 1100.0, calls=2.0, effort=450.0)
    return Usual(1.0, "chunks", 1500.0, 900.0, effort=450.0)


CLAIMS = Stage(
    name="claims",
    group="claims",
    row_type=Claim,
    item="chunk_id",
    upstream=(CHUNKS,),
    version=CLAIMS_VERSION,
    plan=_plan_claims,
    role="synthesizer",
    prompts=tuple(
        ("claims", task) for task in ("extraction", "extraction_of_schema", "gleaning", "coreference")
    ),
    settings=("chunking.resolve_coreference", *READING),
    usual=_usual_claims,
    rows_in_are="chunks",
    kinds=frozenset({"openai", "duckdb"}),
    checks=(("quotes_found", "Most evidence quotes stand in their chunk."),),
)
