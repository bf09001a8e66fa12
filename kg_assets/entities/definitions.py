"""Definitions in a text, "X (Y)", "X, also known as Y", "X（简称Y）", "X，又称Y", of names known from claims.

Both names are looked up among the known ones, the longest that stands there, so that the words around a
definition are never taken for a part of it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from kg_assets.domain import normalise_name
from kg_assets.entities.spelling import CJK
from kg_assets.entities.types import Definition, Passage

_ADVERBS = (
    r"also|now|then|formerly|previously|originally|once|commonly|often|sometimes|generally|usually|informally|"
    r"simply|better|more|widely|officially|popularly|locally|historically|or|hereafter|hereinafter"
)
_VERBS = (
    r"known|called|named|termed|referred|abbreviated|shortened|written|published|styled|spelled|dubbed|"
    r"nicknamed"
)
_ENGLISH_CUE = re.compile(
    rf"\s*,?\s+(?:(?:which|who|that)\s+)?(?:(?:is|are|was|were)\s+)?(?:(?:{_ADVERBS})\s+)+(?:{_VERBS})"
    r"(?:\s+(?:to|as|by|simply|just|under|the|name))*\s*[:,]?\s+"
    rf"|\s*,?\s+(?:{_VERBS})\s+(?:simply\s+)?(?:as\s+)?(?=[A-Z\"“'‘])"
    r"|\s*,\s*(?:a\.?k\.?a\.?|formerly|hereafter|hereinafter|short for|abbreviated|née|alias)\s+"
    r"|,\s+or\s+(?=[^,.;()\n]{2,60},)"
    r"|\s+(?:a\.?k\.?a\.?|alias|stands for|is short for|is an? (?:abbreviation|acronym) (?:of|for))\s+",
    re.IGNORECASE,
)
# One of these, or ", or ", stands in every text that `_ENGLISH_CUE` can match; they are found much faster.
_ENGLISH_HINTS = (
    *_VERBS.split("|"), "formerly", "hereafter", "hereinafter", "short for", "née", "alias", "stands for",
    "abbreviation", "acronym", "aka", "a.k", "ak.",
)  # fmt: skip
_OR_HINT = re.compile(r",\s+or\s", re.IGNORECASE)
_CHINESE_WORDS = (
    "又称为|又称|又名|又叫|亦称|亦名|也称为|也称作|也称|也叫做|也叫作|也叫|也作|简称为|简称|全称为|全称|俗称|俗名|旧称|"
    "旧名|原名|原称|别名|别称|学名|本名|古称|古名|世称|人称|史称|通称|统称|英文名|英文缩写|英文|外文名|缩写为|缩写|化学式|"
    "分子式|笔名|艺名|译作|译名|译为"
)
_CHINESE_CUE = re.compile(
    rf"\s*[，,、]?\s*(?:以下|下文|下称|后来|通常|现在|现|也|又|常|被|可|曾)?(?:{_CHINESE_WORDS})(?:为|是|叫|作)?[：:]?\s*"
    r"|\s*[，,、]\s*(?:字|号|即)"
)
_BRACKET_WORDS = (
    r"or|i\.e\.|also|now|formerly|then|once|hereafter|hereinafter|abbreviated|abbreviation|short|aka|known|"
    r"a\.k\.a\.|called|named|referred|commonly|often|previously|originally|better|formula"
)
_WITHIN_BRACKETS = re.compile(
    rf"\s*(?:the\s+)?(?:(?:in|chemical)\s+)?(?:{_BRACKET_WORDS})\b(?:[\s:,]+(?:{_BRACKET_WORDS}|to|as|for|simply)\b)*"
    rf"(?:[\s:,]+the\b)?[\s:,]*|\s*the\s+"
    rf"|\s*(?:以下|下文|下称|以下统一)?(?:{_CHINESE_WORDS}|即|字|号)(?:为|是|叫|作)?[：:]?\s*"
)
_BRACKETS = re.compile(r"[(（]([^()（）\n]{1,120})[)）]")
_NO_CUE = ("", "the")
_OR = re.compile(r",\s+or\s+")
_OPENERS = "\"“”'‘’「『《〈*_"
_CLOSERS = "\"“”'‘’」』》〉*_"
_PART_BORDER = re.compile(r"[,，;；、]")
_MARKS = "\n。！？；;，,、()（）"
_MOST_CHARS = 90

_BEFORE_LATIN = frozenset(
    re.findall(
        r"\w+",
        """
        the a an of in by and or with for to from on at is are was were as that called than into through using
        while both either between under over about against near like via per its their his her our this these
        those when where if because since although but so then thus most many some all each every named uses
        """,
    )
)
_BEFORE_CHINESE = frozenset("的是在和与及或对用把被由从向为以将了于所即如像称叫名按经因而并且后前中有")
_AFTER_CHINESE = frozenset("是为由于在与和将已曾被可能有以对不也会从属位")
_NO_END = re.compile(r"[\s\-]*(?:of|for|in|and)\s|[\-’'][a-z]|\s+[A-Z]")


def definitions(passages: Sequence[Passage], names: Mapping[str, str]) -> list[Definition]:
    """All definitions in the passages whose two names are known and are not one entity.

    Args:
        passages: in document order.
        names: `normalise_name` of a name to the id of its entity.
    """
    found: list[Definition] = []
    for passage in passages:
        text = passage.text
        seen: set[tuple[str, str]] = set()
        for left_end, right_start, right, explicit in _places(text):
            for definition in _named(passage, names, left_end, right_start, right, explicit):
                key = (definition.left_id, definition.right_id)
                if definition.left_id != definition.right_id and key not in seen:
                    seen.add(key)
                    found.append(definition)
    return found


def _places(text: str) -> Iterator[tuple[int, int, str | None, bool]]:
    """Where a name may end, where another may begin, what that other is in full (None where it is not known
    where it ends), and whether words say that both are one."""
    for bracket in _BRACKETS.finditer(text):
        start = bracket.start(1)
        parts = _PART_BORDER.split(bracket[1])
        for part in (bracket[1], *parts) if len(parts) > 1 else parts:
            cue = _WITHIN_BRACKETS.match(part)
            skipped = cue.end() if cue else 0
            yield (
                bracket.start(),
                start + skipped,
                part[skipped:],
                bool(cue and cue[0].strip() not in _NO_CUE),
            )
            start += 0 if part == bracket[1] else len(part) + 1
    lower = text.casefold()
    cues = [_CHINESE_CUE] if CJK.search(text) else []
    if any(hint in lower for hint in _ENGLISH_HINTS) or _OR_HINT.search(text):
        cues.insert(0, _ENGLISH_CUE)
    for pattern in cues:
        for cue in pattern.finditer(text):
            yield cue.start(), cue.end(), None, True


def _named(
    passage: Passage,
    names: Mapping[str, str],
    left_end: int,
    right_start: int,
    right: str | None,
    explicit: bool,
) -> Iterator[Definition]:
    text = passage.text
    left = _name_before(text, left_end, names)
    if left is None:
        return
    left_start, left_id = left
    if _OR.fullmatch(text[left_end:right_start]) and text[:left_start].rstrip().endswith(","):
        return  # the last of a list
    if right is not None:
        stripped = right.strip().strip(_OPENERS + _CLOSERS).removeprefix("the ").strip()
        right_id, right_end, whole = names.get(normalise_name(stripped)), right_start + len(right), True
    else:
        right_id, right_end, whole = _name_after(text, right_start, names, left_id)
    surnamed = _with_surname(text[left_start:left_end], text[right_start:right_end], names)
    for other in dict.fromkeys((right_id, surnamed)):
        if other is not None:
            yield Definition(
                left_id,
                other,
                explicit,
                whole and _stands_alone(text, left_start),
                passage.chunk_id,
                left_start,
                right_end,
                text[left_start:right_end],
            )


def _with_surname(left: str, right: str, names: Mapping[str, str]) -> str | None:
    """The entity named by the surname of `left` and the courtesy name `right`, as 刘玄德 for 刘备，字玄德."""
    left, right = left.strip(_OPENERS + _CLOSERS), right.strip(_OPENERS + _CLOSERS)
    if CJK.match(left) and 2 <= len(left) <= 4 and 1 < len(right) <= 4:
        return names.get(normalise_name(left[0] + right))
    return None


def _name_before(text: str, end: int, names: Mapping[str, str]) -> tuple[int, str] | None:
    """The longest known name that ends at `end`, quotes left aside: where it begins, and its entity."""
    while end and (text[end - 1] in _CLOSERS or text[end - 1] in " ,，"):
        end -= 1
    best: tuple[int, str] | None = None
    first = max(0, end - _MOST_CHARS)
    for start in range(end - 1, first - 1, -1):
        if text[start] in "\n。！？；;()（）":
            break
        if not _may_begin(text, start):
            continue
        known = names.get(normalise_name(text[start:end]))
        if known is not None:
            best = start, known
    return best


def _name_after(
    text: str, start: int, names: Mapping[str, str], left_id: str
) -> tuple[str | None, int, bool]:
    """The longest known name that begins at `start`: its entity, its end, and whether it surely ends there. A
    Chinese courtesy name is none that must be known: where nothing is, the words up to the next mark come
    without an entity."""
    while start < len(text) and text[start] in _OPENERS + " ":
        start += 1
    found: str | None = None
    found_end, whole = start, False
    for end in range(start + 1, min(len(text), start + _MOST_CHARS) + 1):
        if text[end - 1] in _MARKS:
            if found is None and CJK.match(text[start]):
                found_end, whole = end - 1, True
            break
        if _may_end(text, end):
            known = names.get(normalise_name(text[start:end]))
            if known is not None and known != left_id:
                found, found_end, whole = known, end, _ends_there(text, end)
    return found, found_end, whole


def _may_begin(text: str, start: int) -> bool:
    if text[start].isspace():
        return False
    return start == 0 or CJK.match(text[start]) is not None or not _joined(text[start - 1], text[start])


def _may_end(text: str, end: int) -> bool:
    if text[end - 1].isspace():
        return False
    return end == len(text) or CJK.match(text[end - 1]) is not None or not _joined(text[end - 1], text[end])


def _joined(before: str, after: str) -> bool:
    """Whether no name can end between these two: both are letters or digits of writing with spaces."""
    return _wordy(before) and _wordy(after)


def _wordy(character: str) -> bool:
    return character.isalnum() and CJK.match(character) is None


def _stands_alone(text: str, start: int) -> bool:
    """Whether what is before a name is no part of it: the beginning, a mark, or a word that is in no name."""
    before = text[:start].rstrip(_OPENERS)
    if not before or not (before[-1].isalnum() or before[-1].isspace()):
        return True
    if CJK.match(before[-1]):
        return before[-1] in _BEFORE_CHINESE
    word = re.search(r"[\w'’-]+\s*$", before)
    return word is None or word[0].strip().casefold() in _BEFORE_LATIN


def _ends_there(text: str, end: int) -> bool:
    """Whether what is after a name is no part of it."""
    rest = text[end : end + _MOST_CHARS]
    if not rest or not (rest[0].isalnum() or rest[0].isspace() or rest[0] in "-’'"):
        return True
    if CJK.match(rest[0]):
        return rest[0] in _AFTER_CHINESE
    return _NO_END.match(rest) is None
