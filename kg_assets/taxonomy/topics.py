"""Map: what headings and entities are about, asked of the synthesizer for one group after the other."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from kg_assets.domain import GraphUnit, fingerprint
from kg_assets.stage.batches import Piece, cut
from kg_assets.stage.prompts import payload_message, system_prompt
from kg_assets.taxonomy.types import Topic
from resources.configuration.taxonomy_file import BETWEEN, MOST_NAME_CHARS
from resources.models.schemas import Schema, list_of, object_of, text_of
from resources.models.structured import ask_structured
from resources.models.types import Ask, ChatRequest, Message

TOPICS_VERSION = "1"
GROUP_TOKENS = 2000
MOST_TOPICS = 15
_MOST_SHOWN = 100
_MOST_HEADINGS = 4000
_MOST_ENTITIES = 1000
_HEADING_CHARS = 120
_NAME_CHARS = 80
_DESCRIPTION_CHARS = 160
_TOKENS_FOR_EACH = 16
_FRAME_TOKENS = 4


@dataclass(frozen=True, slots=True)
class Mention:
    """A heading, or an entity with its type and the beginning of its description; all texts clipped."""

    kind: Literal["heading", "entity"]
    name: str
    type: str = ""
    description: str = ""


def mentions(headings: Sequence[Sequence[str]], units: Sequence[GraphUnit]) -> list[Mention]:
    """What the tree is made from: the headings that most chunks stand under, and the most connected entities.

    Args:
        headings: the heading path of each chunk.
        units: the graph.
    """
    times = Counter(text for path in headings for text in dict.fromkeys(_clipped(path)) if text)
    ends = Counter(end for unit in units for end in (unit.source_id, unit.target_id) if end)
    entities = sorted(
        (unit for unit in units if unit.kind == "entity"), key=lambda e: (-ends[e.unit_id], e.unit_id)
    )
    common = sorted(times, key=lambda text: (-times[text], text))[:_MOST_HEADINGS]
    return [Mention("heading", text) for text in common] + [
        Mention("entity", e.name[:_NAME_CHARS], e.type, e.description[:_DESCRIPTION_CHARS])
        for e in entities[:_MOST_ENTITIES]
    ]


def topic_groups(found: Sequence[Mention], count: Callable[[str], int]) -> list[tuple[Mention, ...]]:
    """The mentions mixed, so that each group says something of the whole corpus, in groups for a request."""
    pieces = [
        Piece(fingerprint(_shown(each)), count(_text(_shown(each))) + _FRAME_TOKENS, each) for each in found
    ]
    return list(cut(sorted(pieces, key=lambda piece: piece.mark), GROUP_TOKENS, _MOST_SHOWN))


def topics_request(group: Sequence[Mention], language: str) -> ChatRequest:
    """The request for one group."""
    payload = {
        "headings": [_shown(each) for each in group if each.kind == "heading"],
        "things": [_shown(each) for each in group if each.kind == "entity"],
    }
    return ChatRequest(
        messages=(
            Message("system", system_prompt("taxonomy", "topics", language, most=MOST_TOPICS)),
            payload_message(payload),
        ),
        max_tokens=64 + _TOKENS_FOR_EACH * MOST_TOPICS,
        schema=names_schema("Topics", MOST_TOPICS),
    )


async def find_topics(group: Sequence[Mention], language: str, ask: Ask) -> list[Topic]:
    """What the group is about.

    Raises:
        CallFailed: the model's answer was unusable twice.
    """
    names, _ = await ask_structured(ask, topics_request(group, language), lambda answer: names_of(answer, 1))
    return [Topic(name, language) for name in names]


def names_schema(title: str, most: int) -> Schema:
    """The schema of an answer that is a list of names."""
    return object_of({"topics": list_of(text_of(MOST_NAME_CHARS), 1, most)}, title)


def names_of(answer: Any, least: int) -> list[str]:
    """The distinct names of such an answer, in order.

    Raises:
        ValueError: there are fewer than `least`.
    """
    names = list(dict.fromkeys(name for given in answer["topics"] if (name := tag_name(given))))
    if len(names) < least:
        raise ValueError(f'"topics" needs at least {least} short names')
    return names


def tag_name(given: object) -> str:
    """A model's name for a tag on one line, without the sign between levels and not too long."""
    words = str(given).replace(BETWEEN.strip(), " ").split() if isinstance(given, str) else []
    return " ".join(words)[:MOST_NAME_CHARS].strip()


def _clipped(path: Sequence[str]) -> list[str]:
    return [" ".join(text.split())[:_HEADING_CHARS] for text in path]


def _shown(mention: Mention) -> str | dict[str, str]:
    if mention.kind == "heading":
        return mention.name
    return {"name": mention.name, "type": mention.type, "description": mention.description}


def _text(shown: str | dict[str, str]) -> str:
    return json.dumps(shown, ensure_ascii=False)
