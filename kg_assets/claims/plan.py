"""Which claims are to be made: a work item for each chunk, keyed by all that can change them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kg_assets.claims.conformance import CONFORMANCE_VERSION
from kg_assets.claims.coreference import COREFERENCE_VERSION, coreference_request
from kg_assets.claims.extract import CLAIMS_VERSION, extraction_request
from kg_assets.domain import Chunk
from kg_assets.stage.ledger import WorkItem
from kg_assets.stage.prompts import system_prompt
from kg_assets.stage.request_keys import request_key
from resources.configuration.settings import ExtractionSettings
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
