"""The answer says more than its question."""

import re

from kg_assets.domain import QaPair, normalise_name
from kg_assets.quality.gates.gate import Gate, Rule


def says_more_than_its_question(pair: QaPair) -> str:
    """The answer is not the question once more, as a statement."""
    return "The answer repeats the question." if _said(pair.question) == _said(pair.answer) else ""


def _said(text: str) -> str:
    """The words of a sentence, without what makes it a question in Chinese."""
    return "".join(re.findall(r"\w+", normalise_name(text))).rstrip("吗嘛么呢吧")


REPEATS_QUESTION = Gate(
    "repeats_question", "The answer is not the question once more.", "1", Rule(says_more_than_its_question)
)
