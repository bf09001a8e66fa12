"""Question and answer are in the language of their source: that one is not is said only where it is beyond
doubt.

Questions are short and full of names in other languages ("Who composed Le nozze di Figaro?"), which mislead
any detector. A good pair that is lost costs more than a foreign one that stays.
"""

import re
from collections.abc import Sequence

from kg_assets.domain import QaPair
from kg_assets.language import detect_language, language_name
from kg_assets.quality.gates.gate import Gate, Rule

# Words that English sentences cannot do without and that no other language in Latin letters spells alike.
_ENGLISH_WORDS = frozenset(
    re.findall(
        r"\w+",
        "the and which what who whose where when why how does did are were with from that this these those "
        "been has have had could would should not their his her they than into between after during about "
        "for of by its can because while through",
    )
)
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_HAN = re.compile(r"[\u3400-\u9fff]")
_KANA = re.compile(r"[\u3041-\u30ff]")
_HANGUL = re.compile(r"[\uac00-\ud7af]")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]")
_EAST_ASIAN = ("zh", "ja", "ko")
# So close that a detector mixes them up in one sentence.
_CLOSE = (
    frozenset({"da", "no", "nn", "sv"}),
    frozenset({"bs", "hr", "sr", "sl", "mk", "bg"}),
    frozenset({"cs", "sk"}),
    frozenset({"id", "ms", "jv", "su"}),
    frozenset({"ca", "es", "gl", "pt", "oc"}),
    frozenset({"be", "ru", "uk"}),
    frozenset({"af", "nl", "de", "lb"}),
    frozenset({"hi", "mr", "ne", "sa"}),
    frozenset({"fa", "ar", "ur", "ps", "ku", "ug"}),
    frozenset({"az", "tr", "uz", "tk", "kk", "ky", "tt"}),
)
_MIN_CHARS = 40
_MIN_LOWER_CASE_WORDS = 4


def foreign_language(text: str, source: str) -> str:
    """The language of `text` as an ISO 639-1 code if it is surely another than `source`, else nothing."""
    han, kana, hangul = (len(script.findall(text)) for script in (_HAN, _KANA, _HANGUL))
    latin = len(_LATIN.findall(text))
    if han + kana + hangul > max(latin, 3):
        return _east_asian(source, han, kana, hangul) if _english_words(text) < 2 else ""
    if source == "en":
        return _other_than_english(text)
    if source in _EAST_ASIAN:
        return "en" if han + kana + hangul == 0 and _is_english_sentence(text) else ""
    if _english_words(text) >= 3 and _is_english_sentence(text):
        return "en"
    return _other(text, source)


def _east_asian(source: str, han: int, kana: int, hangul: int) -> str:
    """Which of Chinese, Japanese and Korean it is, if not the source's; mostly Han may be any of them."""
    if source == "ja":
        found = "ko" if hangul > han + kana else "zh" if han >= 20 and kana + hangul == 0 else "ja"
    elif source == "ko":
        found = "ja" if kana > han + hangul else "zh" if han >= 10 and kana + hangul == 0 else "ko"
    else:
        found = "ja" if kana > han + hangul else "ko" if hangul > han + kana else "zh"
    return "" if found == source else found


def _english_words(text: str) -> int:
    return sum(word.casefold() in _ENGLISH_WORDS for word in _WORD.findall(text))


def _is_english_sentence(text: str) -> bool:
    """A sentence, not a title or a list of names, of which other languages are full."""
    words = _WORD.findall(text)
    ends = text.rstrip("\"'”’ )").endswith((".", "?", "!"))
    english = _english_words(text)
    prose = english >= 1 and (_lower_case(words) >= 3 or english * 6 >= len(words))
    return prose and len(words) >= 3 and (ends or len(words) >= 8) and detect_language(text, "en") == "en"


def _lower_case(words: Sequence[str]) -> int:
    return sum(word[0].islower() for word in words)


def _other_than_english(text: str) -> str:
    return _other(text, "en") if _english_words(text) < 2 else ""


def _other(text: str, source: str) -> str:
    """Another language that the whole text and both of its halves are found to be in."""
    words = _WORD.findall(text)
    if len(text) < _MIN_CHARS or _lower_case(words) < _MIN_LOWER_CASE_WORDS:
        return ""
    middle = text.find(" ", len(text) // 2)
    found = {detect_language(part, source) for part in (text, text[:middle], text[middle:])}
    if len(found) > 1:
        return ""
    language = found.pop()
    close = language == source or any({language, source} <= group for group in _CLOSE)
    return "" if close else language


def speaks_the_source_language(pair: QaPair) -> str:
    """Question and answer are in the language of the units, as far as short text full of names can tell."""
    for field, text in (("question", pair.question), ("answer", pair.answer)):
        if found := foreign_language(text, pair.language):
            return f"The {field} is in {language_name(found)}, its source in {language_name(pair.language)}."
    return ""


LANGUAGE = Gate(
    "language",
    "Question and answer are in the language of their source.",
    "1",
    Rule(speaks_the_source_language),
)
