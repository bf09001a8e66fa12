"""From a graph unit to true and negated statements about it: the request and the checks on the answer."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from kg_assets.domain import GraphUnit, Statement, fingerprint, normalise_name
from kg_assets.stage.prompts import payload_message, system_prompt
from resources.models.schemas import Schema, list_of, object_of, text_of
from resources.models.structured import ask_structured
from resources.models.types import Ask, ChatRequest, Message

STATEMENTS_VERSION = "2"


def fact_of(unit: GraphUnit) -> str:
    """The unit's description as a sentence that can be understood alone: it names what it is about."""
    if unit.kind == "entity" and normalise_name(unit.name) not in normalise_name(unit.description):
        separator = "：" if unit.language == "zh" else ": "
        return f"{unit.name}{separator}{unit.description}"
    return unit.description


def statements_request(unit: GraphUnit, statements: int) -> ChatRequest:
    """One request for all wordings of one unit: `statements` - 1 paraphrases and `statements` negations."""
    prompt = system_prompt(
        "comprehension", "statements", unit.language, n_paraphrases=statements - 1, n_negations=statements
    )
    fact = fact_of(unit)
    payload = {"statement": fact, "n_true": statements - 1, "n_false": statements}
    return ChatRequest(
        messages=(Message("system", prompt), payload_message(payload)),
        max_tokens=64 + (2 * statements - 1) * max(48, len(fact)) + 64 * statements,
        schema=_schema(statements, max_chars=max(200, 2 * len(fact))),
        item_id=unit.unit_id,
    )


async def write_statements(unit: GraphUnit, statements: int, ask: Ask) -> list[Statement]:
    """The unit's description and its paraphrases as true statements, then the negations.

    Raises:
        CallFailed: the answer was unusable twice.
    """

    def validate(answer: Any) -> tuple[list[str], list[str]]:
        return _wordings(answer, fact_of(unit), statements)

    (true_texts, false_texts), _ = await ask_structured(ask, statements_request(unit, statements), validate)
    labelled = [(text, True) for text in true_texts] + [(text, False) for text in false_texts]
    return [
        Statement("t" + fingerprint(unit.unit_id, text, label), unit.unit_id, text, label, unit.language)
        for text, label in labelled
    ]


def _wordings(answer: Any, fact: str, statements: int) -> tuple[list[str], list[str]]:
    """True and false texts, no two of them equal.

    Raises:
        ValueError: fewer than asked for, or a negation that says the same as a true statement.
    """
    if not isinstance(answer, Mapping):
        raise ValueError('the answer must be an object with the lists "paraphrases" and "negations"')
    taken = {_comparable(fact)}
    true_texts = [fact]
    for text in _texts(answer.get("paraphrases")):
        if len(true_texts) < statements and _comparable(text) not in taken:
            taken.add(_comparable(text))
            true_texts.append(text)
    false_texts: list[str] = []
    sentences = {_comparable(sentence) for sentence in _SENTENCE_END.split(fact)}
    for text in _texts(answer.get("negations")):
        if len(false_texts) < statements and _comparable(text) not in taken | sentences:
            taken.add(_comparable(text))
            false_texts.append(text)
    if len(true_texts) < statements:
        raise ValueError(
            f'"paraphrases" needs {statements - 1} sentences that differ from the statement and each other'
        )
    if len(false_texts) < statements:
        raise ValueError(
            f'"negations" needs {statements} sentences that say something false, not the statement or one of '
            "its sentences"
        )
    return true_texts, false_texts


def _texts(value: Any) -> list[str]:
    if not isinstance(value, list):
        return []
    return [text for entry in value if isinstance(entry, str) and (text := " ".join(entry.split()))]


# Punctuation that decides what a number says, as words, so that it outlives the rest of the punctuation.
_SPOKEN = (
    (re.compile(r"(?<=\d),(?=\d{3}(?!\d))"), ""),
    (re.compile(r"(?<=\d)[.,:](?=\d)"), "point"),
    (re.compile(r"(?<![0-9a-zß-ɏα-ωа-я)\]])[-−–](?=\d)"), "minus"),
)


_SENTENCE_END = re.compile(r"(?<=[。！？；])|(?<=[.!?;])\s+")


def _comparable(text: str) -> str:
    """What a sentence says, whatever its punctuation and case: letters, digits and signs such as + and €."""
    said = normalise_name(text)
    for sign, word in _SPOKEN:
        said = sign.sub(word, said)
    return "".join(c for c in said if unicodedata.category(c)[0] in "LMN" or _is_sign(c))


def _is_sign(character: str) -> bool:
    return unicodedata.category(character) in ("Sm", "Sc", "So") or character in "#%‰"


def _schema(statements: int, max_chars: int) -> Schema:
    sentence = text_of(max_chars, least_chars=2)
    detail = text_of(120, least_chars=0)
    fields = {
        "paraphrases": list_of(sentence, statements - 1, statements - 1),
        # Not used: naming both details first keeps small models from repeating the statement instead.
        "changes": list_of(object_of({"old": detail, "new": detail}), statements, statements),
        "negations": list_of(sentence, statements, statements),
    }
    return object_of(fields, "Statements")
