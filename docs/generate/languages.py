"""The Chinese of sentences that stand in the code in English: `chinese.yaml`, by the English sentence, so
that a changed sentence has no Chinese until somebody has looked at it. A test asks for each."""

from functools import cache
from pathlib import Path
from typing import Literal

import yaml

Language = Literal["en", "zh"]


@cache
def chinese() -> dict[str, str]:
    """English sentences with their Chinese."""
    return yaml.safe_load(Path(__file__).with_name("chinese.yaml").read_text("utf-8")) or {}


def said(sentence: str, language: Language) -> str:
    """The sentence in this language; in English where there is no Chinese."""
    return sentence if language == "en" else chinese().get(sentence, sentence)
