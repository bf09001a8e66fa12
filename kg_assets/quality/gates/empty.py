"""Question and answer say something."""

import re

from kg_assets.domain import QaPair
from kg_assets.quality.gates.gate import Gate, Rule

MIN_ANSWER_CHARS = 2


def not_empty(pair: QaPair) -> str:
    """Question and answer hold words, and the answer is more than one character."""
    for field, text in (("question", pair.question), ("answer", pair.answer)):
        if not re.search(r"\w", text):
            return f"The {field} holds no words."
    if len(pair.answer.strip()) < MIN_ANSWER_CHARS:
        return "The answer is a single character."
    return ""


EMPTY = Gate("empty", "Question and answer hold words.", "1", Rule(not_empty))
