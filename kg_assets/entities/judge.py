"""Pairs that the rules leave open or do not see, put to the synthesizer: several in a request, both
descriptions shown."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kg_assets.domain import fingerprint
from kg_assets.entities.meaning import EMBEDDING_METHOD
from kg_assets.entities.spelling import is_chinese
from kg_assets.entities.types import Decision, Named, Verdict
from kg_assets.stage.batches import Piece, cut
from kg_assets.stage.prompts import payload_message, system_prompt
from resources.models.schemas import numbered_answers, one_of
from resources.models.structured import ask_structured
from resources.models.types import Ask, ChatRequest, Message

JUDGE_VERSION = "1"
MODEL_METHOD = "model"
MODEL_CONFIDENCE = 0.8
MOST_PAIRS = 12
_SHOWN_DESCRIPTIONS = 3
_SHOWN_CHARS = 400
_TOKENS_FOR_EACH = 24
_VERDICTS: Mapping[str, Verdict] = {"same": "same", "different": "different", "unsure": "open"}


@dataclass(frozen=True, slots=True)
class OpenPair:
    """A pair without a certain verdict, and its two entities as the decision orders them."""

    decision: Decision
    left: Named
    right: Named


def batches(pairs: Sequence[OpenPair]) -> list[tuple[OpenPair, ...]]:
    """The pairs in groups for one request each, of one language, at most MOST_PAIRS to a group."""
    by_language: dict[bool, list[Piece[OpenPair]]] = defaultdict(list)
    for pair in pairs:
        by_language[_is_chinese(pair)].append(Piece(fingerprint(_shown(pair)), 1, pair))
    return [
        group
        for _, some in sorted(by_language.items())
        for group in cut(sorted(some, key=lambda piece: piece.mark), MOST_PAIRS, MOST_PAIRS)
    ]


def pairs_request(pairs: Sequence[OpenPair]) -> ChatRequest:
    """The request for one group. All that can change the verdicts is in it."""
    language = "zh" if _is_chinese(pairs[0]) else "en"
    payload = {"pairs": [{"id": number, **_shown(pair)} for number, pair in enumerate(pairs, 1)]}
    return ChatRequest(
        messages=(
            Message("system", system_prompt("entities", "entity_pairs", language)),
            payload_message(payload),
        ),
        max_tokens=48 + _TOKENS_FOR_EACH * len(pairs),
        schema=numbered_answers("EntityPairs", len(pairs), "verdict", one_of(list(_VERDICTS))),
        item_id=pairs[0].left.entity_id,
    )


async def judge(pairs: Sequence[OpenPair], ask: Ask) -> list[Decision]:
    """A decision for each pair of a group; "unsure" leaves it open, which keeps the names apart.

    Raises:
        CallFailed: the model's answer was unusable twice.
    """

    def verdicts(answer: Any) -> list[Verdict]:
        given = {int(row["id"]): str(row["verdict"]) for row in answer["answers"]}
        missing = [number for number in range(1, len(pairs) + 1) if given.get(number) not in _VERDICTS]
        if missing:
            listed = ", ".join(map(str, missing))
            raise ValueError(f'"answers" needs "same", "different" or "unsure" for the pairs {listed}')
        return [_VERDICTS[given[number]] for number in range(1, len(pairs) + 1)]

    found, _ = await ask_structured(ask, pairs_request(pairs), verdicts)
    return [
        replace(
            pair.decision,
            verdict=verdict,
            method=EMBEDDING_METHOD if pair.decision.method == EMBEDDING_METHOD else MODEL_METHOD,
            confidence=MODEL_CONFIDENCE if verdict != "open" else pair.decision.confidence,
        )
        for pair, verdict in zip(pairs, found, strict=True)
    ]


def _shown(pair: OpenPair) -> dict[str, Any]:
    shown: dict[str, Any] = {
        end: {
            "name": entity.name,
            "type": entity.type,
            "descriptions": [text[:_SHOWN_CHARS] for text in entity.descriptions[:_SHOWN_DESCRIPTIONS]],
        }
        for end, entity in (("a", pair.left), ("b", pair.right))
    }
    return {**shown, "text": pair.decision.evidence} if pair.decision.chunk_id else shown


def _is_chinese(pair: OpenPair) -> bool:
    return is_chinese(pair.left.name) or is_chinese(pair.right.name)
