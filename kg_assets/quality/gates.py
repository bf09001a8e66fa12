"""Gates a pair must pass before it is exported. Each says in one sentence what is wrong, or nothing.

Gates look at one pair, except the one against exact duplicates, which sees all pairs in order.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kg_assets.domain import QaPair, normalise_name
from kg_assets.ingest.language import detect_language, language_name

GATES_VERSION = "1"
MIN_ANSWER_CHARS = 2
_REFERS_TO_INPUT = re.compile(
    r"\b(?:the|this|that|these|those|above|given|following|provided)\s+(?:\w+\s+)?"
    r"(?:text|passage|paragraph|document|article|excerpt|context|input|fact|facts|statement|statements|description|"
    r"information\s+(?:above|provided|given)|(?:given|provided|mentioned|listed)\s+(?:entity|entities|relation|relations))\b"
    r"|\b(?:given|provided|mentioned)\s+(?:entity|entities|relation|relations|facts?)\b"
    r"|\baccording\s+to\s+(?:the|this)\s+(?:text|passage|document|facts?|description|statement)\b"
    r"|(?:根据|依据|按照)?(?:上述|以上|该|本|此|这段|这篇|给定的?|所给的?|提供的?|文中的?)(?:文本|文字|段落|文档|文章|材料|事实|陈述|描述|实体|关系|输入|说明文字)"
    r"|文中(?:提到|所述|指出|说)|根据(?:文本|文字|段落|文档|文章|材料|事实)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The first gate that stopped a pair and why; `gate` is empty where it passed all."""

    gate: str = ""
    detail: str = ""


def not_empty(pair: QaPair) -> str:
    """Question and answer hold words, and the answer is more than one character."""
    for field, text in (("question", pair.question), ("answer", pair.answer)):
        if not re.search(r"\w", text):
            return f"The {field} holds no words."
    if len(pair.answer.strip()) < MIN_ANSWER_CHARS:
        return "The answer is a single character."
    return (
        "The answer repeats the question."
        if normalise_name(pair.question) == normalise_name(pair.answer)
        else ""
    )


def has_schema(pair: QaPair) -> str:
    """A question is about at least one unit; a multi-hop pair keeps a path of at least two steps."""
    if not pair.unit_ids:
        return "The pair is about no unit of the graph."
    if pair.form == "multi_hop" and len(pair.reasoning) < 2:
        return "The pair is called multi-hop, but its reasoning has fewer than two steps."
    return ""


def speaks_the_source_language(pair: QaPair) -> str:
    """Question and answer are in the language of the units, as far as a detector can tell for short text."""
    for field, text in (("question", pair.question), ("answer", pair.answer)):
        if _contradicts(text, pair.language):
            found = language_name(detect_language(text))
            return f"The {field} is in {found}, its source in {language_name(pair.language)}."
    return ""


def stands_alone(pair: QaPair) -> str:
    """No talk of "the text", "the passage" or "the given entities", which the model to be trained never sees."""
    for field, text in (("question", pair.question), ("answer", pair.answer)):
        if match := _REFERS_TO_INPUT.search(text):
            return f"The {field} speaks of {match.group(0)!r}, which its reader does not have."
    return ""


GATES: tuple[tuple[str, Callable[[QaPair], str]], ...] = (
    ("schema", has_schema),
    ("empty", not_empty),
    ("language", speaks_the_source_language),
    ("refers_to_input", stands_alone),
)


def judge_pairs(pairs: Sequence[QaPair]) -> list[Verdict]:
    """One verdict for each pair, in order; of exact duplicates (equal but for case and space) the first passes."""
    seen: dict[tuple[str, str], QaPair] = {}
    verdicts = []
    for pair in pairs:
        verdict = _first_stop(pair)
        if not verdict.gate:
            said = normalise_name(pair.question), normalise_name(pair.answer)
            if said in seen:
                verdict = Verdict("duplicate", f"The same question and answer as {seen[said].qa_id}.")
            seen.setdefault(said, pair)
        verdicts.append(verdict)
    return verdicts


def _first_stop(pair: QaPair) -> Verdict:
    for gate, check in GATES:
        if detail := check(pair):
            return Verdict(gate, detail)
    return Verdict()


_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]")
_MIN_DETECTABLE_CHARS = 40


def _contradicts(text: str, language: str) -> bool:
    """Script decides between Chinese and Latin writing; among languages of one script only longer text does."""
    cjk, latin = len(_CJK.findall(text)), len(_LATIN.findall(text))
    if language in ("zh", "ja", "ko"):
        return cjk == 0 and latin > 0
    if cjk > latin:
        return True
    return len(text) >= _MIN_DETECTABLE_CHARS and detect_language(text) != language
