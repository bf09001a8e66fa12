"""Small parts the stage tests share: answers in order, a chunk, a unit, a claim, a count of tokens."""

import asyncio
import json
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, TypeVar

from kg_assets.claims.merge import ChunkClaim
from kg_assets.domain import Chunk, Claim, GraphUnit, QaForm, QaPair, entity_id, fingerprint, relation_id
from kg_assets.stage.ledger import Counts, Dropped, Ledger, WorkItem
from kg_assets.stages import BY_NAME
from resources.models.types import Ask, ChatRequest, ChatResponse
from resources.warehouse.warehouse import Warehouse

T = TypeVar("T")


def awaited(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a stage's work, whose `ask` is one of a test."""
    return asyncio.run(coroutine)


class Scripted:
    """An `ask` that answers from a list and remembers what it was asked. Objects are answered as JSON."""

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)
        self.requests: list[ChatRequest] = []

    async def __call__(self, request: ChatRequest) -> ChatResponse:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, ChatResponse):
            return answer
        return ChatResponse(
            answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False), "stop"
        )


def words(text: str) -> int:
    """A tokenizer that can be counted by hand: one token a word."""
    return len(text.split())


def chunk(text: str, *, chunk_id: str = "c1", language: str = "en", headings: tuple[str, ...] = ()) -> Chunk:
    return Chunk(chunk_id, "a.md", "v1", 0, 0, len(text), text, len(text.split()), headings, language)


def entity_claim(
    name: str, description: str = "", type_: str = "person", *, chunk_id: str = "c1"
) -> ChunkClaim:
    text = description or f"{name} is a thing."
    claim = Claim(
        claim_id="k" + fingerprint(name, text, type_),
        unit_id=entity_id(name),
        kind="entity",
        name=name,
        type=type_,
        source="",
        target="",
        description=text,
        evidence_start=0,
        evidence_end=5,
        quote_start=0,
        quote_end=5,
        quoted=True,
    )
    return ChunkClaim(chunk_id, "en", claim)


def relation_claim(source: str, target: str, description: str = "", *, chunk_id: str = "c1") -> ChunkClaim:
    text = description or f"{source} knows {target}."
    claim = Claim(
        claim_id="k" + fingerprint(source, target, text),
        unit_id=relation_id(source, target),
        kind="relation",
        name="",
        type="",
        source=source,
        target=target,
        description=text,
        evidence_start=0,
        evidence_end=5,
        quote_start=0,
        quote_end=5,
        quoted=True,
    )
    return ChunkClaim(chunk_id, "en", claim)


def in_chinese(made: ChunkClaim) -> ChunkClaim:
    return replace(made, language="zh")


def entity(
    name: str, description: str | None = None, *, language: str = "en", type_: str = "concept"
) -> GraphUnit:
    text = f"{name} is a thing." if description is None else description
    return GraphUnit(
        unit_id=entity_id(name),
        kind="entity",
        name=name,
        type=type_,
        source_id="",
        target_id="",
        source="",
        target="",
        description=text,
        language=language,
        content_hash=fingerprint(name, text),
    )


def relation(source: str, target: str, description: str | None = None, *, language: str = "en") -> GraphUnit:
    text = f"{source} knows {target}." if description is None else description
    return GraphUnit(
        unit_id=relation_id(source, target),
        kind="relation",
        name="",
        type="",
        source_id=entity_id(source),
        target_id=entity_id(target),
        source=source,
        target=target,
        description=text,
        language=language,
        content_hash=fingerprint(source, target, text),
    )


def pair(
    question: str,
    answer: str = "Harrow Works built it.",
    *,
    form: QaForm = "atomic",
    language: str = "en",
    reasoning: Sequence[str] = (),
    unit_ids: Sequence[str] = ("e1",),
) -> QaPair:
    qa_id = "q" + fingerprint(form, question, answer, unit_ids)
    details = {"reasoning": list(reasoning)} if reasoning else {}
    return QaPair(qa_id, form, question, answer, details, tuple(unit_ids), language)


def extraction(entities: Sequence[Any] = (), relations: Sequence[Any] = ()) -> dict[str, Any]:
    return {"entities": list(entities), "relations": list(relations)}


def store(
    warehouse: Warehouse,
    stage: str,
    rows: Mapping[str, Sequence[Any]],
    drops: Mapping[str, str] | None = None,
    *,
    document_id: str | None = None,
) -> Counts:
    """Make `rows` (by item id) the current rows of a stage, and `drops` (item id to reason) its drops."""

    async def work(item: WorkItem[Any], _ask: Ask) -> Sequence[Any]:
        if item.item_id in (drops or {}):
            raise Dropped((drops or {})[item.item_id], "It is of no use.", f"raw of {item.item_id}")
        return rows[item.item_id]

    items = [
        WorkItem(
            item_id,
            fingerprint(stage, item_id, [asdict(row) for row in rows.get(item_id, ())]),
            None,
            document_id,
            item_id.partition("/")[0],
        )
        for item_id in (*rows, *(drops or {}))
    ]
    ledger = Ledger(warehouse, stage, "run", table=BY_NAME[stage].table)
    return ledger.execute(items, ledger.pending(items), work)
