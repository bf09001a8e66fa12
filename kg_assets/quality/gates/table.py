"""Gates a pair must pass before it is exported. Each says in one sentence what is wrong, or nothing.

Gates look at one pair, except the one against exact duplicates, which sees all pairs in order.
"""

import re
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass

from kg_assets.domain import QaPair, normalise_name
from kg_assets.language import language_name
from kg_assets.quality.gates.input_references import input_reference
from kg_assets.quality.gates.source_language import foreign_language

GATES_VERSION = "4"
MIN_ANSWER_CHARS = 2
REPEATED_WORDS = 10
REPEATED_CHARACTERS = 16
"""So many words, or characters of a script without spaces, twice in an answer are a model that goes round."""
_WORDS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|\w+")


@dataclass(frozen=True, slots=True)
class Verdict:
    """The first gate that stopped a pair and why; `gate` is empty where it passed all."""

    gate: str = ""
    detail: str = ""


PASSED = Verdict()
DUPLICATE = "duplicate"
LOOKED_UP = Verdict(
    "looked_up", "It rests on a page of an encyclopedia, and export.include_enrichment is false."
)
DEPENDS_ON_OTHERS = frozenset({DUPLICATE, LOOKED_UP.gate})
"""Gates whose verdict on a pair can change while the pair stays as it is."""


def not_empty(pair: QaPair) -> str:
    """Question and answer hold words, and the answer is more than one character."""
    for field, text in (("question", pair.question), ("answer", pair.answer)):
        if not re.search(r"\w", text):
            return f"The {field} holds no words."
    if len(pair.answer.strip()) < MIN_ANSWER_CHARS:
        return "The answer is a single character."
    return ""


def says_more_than_its_question(pair: QaPair) -> str:
    """The answer is not the question once more, as a statement."""
    return "The answer repeats the question." if _said(pair.question) == _said(pair.answer) else ""


def _said(text: str) -> str:
    """The words of a sentence, without what makes it a question in Chinese."""
    return "".join(re.findall(r"\w+", normalise_name(text))).rstrip("吗嘛么呢吧")


def says_it_once(pair: QaPair) -> str:
    """The answer does not go round in circles, as small models do where they find no end."""
    words = _WORDS.findall(normalise_name(pair.answer))
    run = REPEATED_CHARACTERS if pair.language in ("zh", "ja") else REPEATED_WORDS
    seen: dict[tuple[str, ...], int] = {}
    for start in range(len(words) - run + 1):
        first = seen.setdefault(tuple(words[start : start + run]), start)
        if start >= first + run:
            return f"The answer says {' '.join(words[start : start + run])!r} twice."
    return ""


def has_schema(pair: QaPair) -> str:
    """A question is about at least one unit; a multi-hop pair keeps a path of at least two steps."""
    if not pair.unit_ids:
        return "The pair is about no unit of the graph."
    if pair.form == "multi_hop" and len(pair.reasoning) < 2:
        return "The pair is called multi-hop, but its reasoning has fewer than two steps."
    return ""


def speaks_the_source_language(pair: QaPair) -> str:
    """Question and answer are in the language of the units, as far as short text full of names can tell."""
    for field, text in (("question", pair.question), ("answer", pair.answer)):
        if found := foreign_language(text, pair.language):
            return f"The {field} is in {language_name(found)}, its source in {language_name(pair.language)}."
    return ""


def stands_alone(pair: QaPair) -> str:
    """No talk of "the passage" or "the given entities", which the model to be trained never sees."""
    for field, text in (("question", pair.question), ("answer", pair.answer)):
        if phrase := input_reference(text, question=field == "question"):
            return f"The {field} speaks of {phrase!r}, which its reader does not have."
    return ""


GATES: tuple[tuple[str, Callable[[QaPair], str]], ...] = (
    ("schema", has_schema),
    ("empty", not_empty),
    ("repeats_question", says_more_than_its_question),
    ("repeats_itself", says_it_once),
    ("language", speaks_the_source_language),
    ("refers_to_input", stands_alone),
)


def judge_pairs(
    pairs: Sequence[QaPair],
    known: Sequence[Verdict | None] | None = None,
    unwanted: Set[str] = frozenset(),
) -> list[Verdict]:
    """One verdict for each pair, in order; of duplicates (equal but for case and space) the first passes.

    Args:
        pairs: of all forms.
        known: of each pair the verdict of the gates that look at one pair, where they have judged it before.
        unwanted: ids of units that are not from the user's documents, and no pair may be about.
    """
    seen: dict[tuple[str, str], QaPair] = {}
    verdicts = []
    for pair, before in zip(pairs, known or [None] * len(pairs), strict=True):
        verdict = (before or _first_stop(pair)) if unwanted.isdisjoint(pair.unit_ids) else LOOKED_UP
        if not verdict.gate:
            said = normalise_name(pair.question), normalise_name(pair.answer)
            if said in seen:
                verdict = Verdict(DUPLICATE, f"The same question and answer as {seen[said].qa_id}.")
            seen.setdefault(said, pair)
        verdicts.append(verdict)
    return verdicts


def _first_stop(pair: QaPair) -> Verdict:
    for gate, check in GATES:
        if detail := check(pair):
            return Verdict(gate, detail)
    return PASSED
