"""The tag of a chunk, chosen by the synthesizer: several chunks in a request, the whole tree shown."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from kg_assets.domain import fingerprint
from kg_assets.stage.batches import Piece, cut
from kg_assets.stage.prompts import payload_message, system_prompt
from kg_assets.taxonomy.types import ChunkTag
from resources.configuration.taxonomy_file import tag_key
from resources.models.schemas import numbered_answers, one_of
from resources.models.structured import ask_structured
from resources.models.types import Ask, ChatRequest, Message

LABEL_VERSION = "1"
TEXTS_TOKENS = 1800
MOST_TEXTS = 12
EXCERPT_CHARS = 500
NO_TAG = ""
NONE_OF_THESE = "none of these"
"""What a model says where no tag fits."""
_MOST_NAMES = 12
_NAME_CHARS = 60
_HEADING_CHARS = 120
_MOST_HEADINGS = 6
_TOKENS_FOR_EACH = 40
_FRAME_TOKENS = 8


@dataclass(frozen=True, slots=True)
class Sight:
    """What is seen of a chunk: its headings, what its claims name, and how its text begins."""

    chunk_id: str
    document_id: str
    language: str
    heading_path: tuple[str, ...]
    names: tuple[str, ...]
    excerpt: str


def label_groups(sights: Sequence[Sight], count: Callable[[str], int]) -> list[tuple[Sight, ...]]:
    """Groups for one request each, of one language of prompts; chunks of one document stand together, so that
    a new document changes hardly a group of others.

    Args:
        sights: in the order in which they stand in their documents.
        count: tokens of a text.
    """
    ordered = sorted(sights, key=lambda s: (_prompt_language(s), fingerprint(s.document_id)))
    pieces = [
        Piece(fingerprint(s.chunk_id), count(json.dumps(_shown(s), ensure_ascii=False)) + _FRAME_TOKENS, s)
        for s in ordered
    ]
    split = sum(_prompt_language(sight) == "en" for sight in ordered)
    return [
        group for part in (pieces[:split], pieces[split:]) for group in cut(part, TEXTS_TOKENS, MOST_TEXTS)
    ]


def label_request(sights: Sequence[Sight], tags: Sequence[str]) -> ChatRequest:
    """The request for one group. The tags come first: they are the same in every request."""
    payload = {
        "tags": list(tags),
        "texts": [{"id": number, **_shown(sight)} for number, sight in enumerate(sights, 1)],
    }
    return ChatRequest(
        messages=(
            Message("system", system_prompt("taxonomy", "chunk_tags", _prompt_language(sights[0]))),
            payload_message(payload),
        ),
        max_tokens=48 + _TOKENS_FOR_EACH * len(sights),
        schema=numbered_answers(
            "ChunkTags", len(sights), "tag", one_of(list(dict.fromkeys([*tags, NONE_OF_THESE])))
        ),
        item_id=sights[0].chunk_id,
    )


async def label(sights: Sequence[Sight], tags: Sequence[str], ask: Ask) -> list[ChunkTag]:
    """One of the tags, or none, for each chunk of a group.

    Raises:
        CallFailed: the model's answer was unusable twice.
    """

    known = {tag_key(NONE_OF_THESE): NO_TAG} | {tag_key(tag): tag for tag in tags}

    def chosen(answer: Any) -> list[str]:
        given = {int(row["id"]): known.get(tag_key(str(row["tag"]))) for row in answer["answers"]}
        found = [given.get(number) for number in range(1, len(sights) + 1)]
        wrong = [str(number) for number, tag in enumerate(found, 1) if tag is None]
        if wrong:
            raise ValueError(
                f'"answers" needs one of "tags", or "{NONE_OF_THESE}", for the texts {", ".join(wrong)}'
            )
        return [tag for tag in found if tag is not None]

    found, _ = await ask_structured(ask, label_request(sights, tags), chosen)
    return [ChunkTag(sight.chunk_id, tag) for sight, tag in zip(sights, found, strict=True)]


def _prompt_language(sight: Sight) -> str:
    return "zh" if sight.language == "zh" else "en"


def _shown(sight: Sight) -> dict[str, Any]:
    return {
        "headings": [text[:_HEADING_CHARS] for text in sight.heading_path[-_MOST_HEADINGS:]],
        "names": [name[:_NAME_CHARS] for name in sight.names[:_MOST_NAMES]],
        "text": sight.excerpt[:EXCERPT_CHARS],
    }
