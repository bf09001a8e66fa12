"""What the pronouns of a chunk stand for: asked of the synthesizer before it reads the chunk for claims.

It answers with replacements, not with a text of its own: we put them in, so nothing else of the chunk can
change and every place of the text that is read has its place in the original, which evidence is quoted from.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kg_assets.claims.align import align_quote
from kg_assets.domain import Chunk, normalise_name
from kg_assets.stage.ledger import TRANSIENT_REASONS, DroppedPart
from kg_assets.stage.prompts import payload_message, system_prompt
from resources.errors import CallFailed
from resources.models.schemas import list_of, object_of, text_of
from resources.models.structured import ask_structured
from resources.models.types import Ask, ChatRequest, Message

COREFERENCE_VERSION = "1"
MAX_REPLACEMENTS = 40
_MAX_PRONOUN_CHARS = 60
_MAX_TEXT_CHARS = 200
_TOKENS_PER_REPLACEMENT = 60
# Not "her", which is also whom something is done to.
_POSSESSIVE = frozenset({"its", "his", "their"})


@dataclass(frozen=True, slots=True)
class Replacement:
    """`text[start:end]` of the chunk, a pronoun, stands for `name`."""

    start: int
    end: int
    name: str


@dataclass(frozen=True, slots=True)
class ResolvedText:
    """A chunk's text with its pronouns replaced. `replacements` are in order and do not overlap."""

    original: str
    replacements: tuple[Replacement, ...] = ()

    @property
    def text(self) -> str:
        """What the synthesizer reads."""
        parts, at = [], 0
        for each in self.replacements:
            parts += [self.original[at : each.start], each.name]
            at = each.end
        return "".join([*parts, self.original[at:]])

    def evidence(self, quote: str) -> tuple[int, int] | None:
        """Where the original says what `quote` says: the quote itself, or the words that it was made of."""
        if span := align_quote(quote, self.original):
            return span
        found = align_quote(quote, self.text) if self.replacements else None
        return found and (self._origin(found[0])[0], self._origin(found[1] - 1)[1])

    def _origin(self, position: int) -> tuple[int, int]:
        """The character of the original, or the whole pronoun, that a character of `text` comes from."""
        shift = 0
        for each in self.replacements:
            begin = each.start + shift
            if position < begin:
                break
            if position < begin + len(each.name):
                return each.start, each.end
            shift += len(each.name) - (each.end - each.start)
        return position - shift, position - shift + 1


def coreference_request(chunk: Chunk, before: str, language: str) -> ChatRequest:
    """What is asked about a chunk. `before` is the text before it, `language` that of the prompt."""
    payload = {"headings": list(chunk.heading_path), "before": before, "text": chunk.text}
    return ChatRequest(
        messages=(
            Message("system", system_prompt("claims", "coreference", language)),
            payload_message(payload),
        ),
        max_tokens=64 + MAX_REPLACEMENTS * _TOKENS_PER_REPLACEMENT,
        schema=_SCHEMA,
        item_id=chunk.chunk_id,
        document_id=chunk.document_id,
    )


async def resolve(
    chunk: Chunk, before: str, language: str, ask: Ask
) -> tuple[ResolvedText, list[DroppedPart]]:
    """The chunk's text with its pronouns replaced, and what of the answer could not be used.

    Where the answer is unusable twice, the chunk is read as it stands and a drop says so.

    Raises:
        CallFailed: the model could not be asked for now.
    """
    try:
        rows, _ = await ask_structured(ask, coreference_request(chunk, before, language), _rows)
    except CallFailed as failed:
        if failed.reason in TRANSIENT_REASONS:
            raise
        detail = f"The pronouns of this chunk were left as they are, and it was read so: {failed}"
        return ResolvedText(chunk.text), [DroppedPart("coreference_failed", detail, failed.raw)]
    told = normalise_name(" ".join([*chunk.heading_path, before, chunk.text]))
    taken: list[Replacement] = []
    left_out = []
    for row in rows:
        found = _replacement(row, chunk.text, told, taken)
        if isinstance(found, Replacement):
            taken.append(found)
        else:
            detail = f"A pronoun was left as it is: {found}."
            left_out.append(DroppedPart("pronoun_not_replaced", detail, json.dumps(row, ensure_ascii=False)))
    return ResolvedText(chunk.text, tuple(sorted(taken, key=lambda each: each.start))), left_out


def _replacement(
    row: Mapping[str, str], text: str, told: str, taken: Sequence[Replacement]
) -> Replacement | str:
    """The replacement that a row of the answer asks for, or why there is none."""
    quote, pronoun, name = row["quote"], row["pronoun"], row["name"]
    if normalise_name(name) not in told:
        return f"the name {name!r} is not in the text, the headings or the text before"
    occupied = {position for each in taken for position in range(each.start, each.end)}
    for place in re.finditer(re.escape(quote), text):
        for at in re.finditer(_word(pronoun), text[place.start() : place.end()]):
            start, end = place.start() + at.start(), place.start() + at.end()
            if occupied.isdisjoint(range(start, end)):
                return Replacement(start, end, _in_case_of(pronoun, name))
    return f"{pronoun!r} is not in the text as {quote!r}, or was replaced already"


def _in_case_of(pronoun: str, name: str) -> str:
    """The name as it stands where the pronoun stood: `its rotor` is `the pump's rotor`."""
    if pronoun.lower() not in _POSSESSIVE:
        return name
    return name + ("'" if name.endswith("s") else "'s")


def _word(pronoun: str) -> str:
    """The pronoun as a pattern: no part of a longer word, in writing with spaces."""
    border = (r"(?<![^\W\d_])", r"(?![^\W\d_])") if pronoun.isascii() else ("", "")
    return f"{border[0]}{re.escape(pronoun)}{border[1]}"


def _rows(answer: Any) -> list[dict[str, str]]:
    if not isinstance(answer, Mapping) or not isinstance(answer.get("replacements"), list):
        raise ValueError('the answer must be an object with the list "replacements"')
    rows = []
    for row in answer["replacements"][:MAX_REPLACEMENTS]:
        texts = [row.get(name) for name in ("quote", "pronoun", "name")] if isinstance(row, Mapping) else []
        quote, pronoun, name = (text.strip() if isinstance(text, str) else "" for text in texts or [None] * 3)
        if not (quote and pronoun and name):
            raise ValueError('each of "replacements" needs the texts "quote", "pronoun" and "name"')
        if normalise_name(pronoun) != normalise_name(name):
            rows.append({"quote": quote, "pronoun": pronoun, "name": name})
    return rows


_SCHEMA = object_of(
    {
        "replacements": list_of(
            object_of(
                {
                    "quote": text_of(_MAX_TEXT_CHARS),
                    "pronoun": text_of(_MAX_PRONOUN_CHARS),
                    "name": text_of(_MAX_TEXT_CHARS),
                }
            ),
            most=MAX_REPLACEMENTS,
        )
    },
    "Coreference",
)
