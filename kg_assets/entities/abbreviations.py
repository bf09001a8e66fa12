"""Whether a short name is made of a long one: initials of words, characters of a Chinese name."""

import re

from kg_assets.entities.organizations import without_form
from kg_assets.entities.spelling import CJK, is_chinese

_SMALL_WORDS = frozenset(
    re.findall(r"\w+", "of the and for in on at to by a an de la le et des du der die das und y with from")
)
_ROMAN_OR_NUMBER = re.compile(r"[IVX]+|\d+")
_WORD = re.compile(r"[^\W\d_]+|\d+")
_MAX_SHORT = 10
_KEPT_APART = frozenset("亚非无未不反抗副次前后超异伪类拟半")


def is_acronym(name: str) -> bool:
    """Whether a name is written as initials are: two to ten characters, capitals and digits, at most a small
    s or a few small letters among them, and no space."""
    bare = name.replace(".", "").replace("-", "").strip()
    if not 2 <= len(bare) <= _MAX_SHORT or not bare.isascii() or not bare.isalnum():
        return False
    capitals = sum(character.isupper() for character in bare)
    return capitals >= 2 and capitals >= sum(character.islower() for character in bare)


def acronym_key(name: str) -> str:
    """An acronym in capitals without dots and without the s of the plural; empty for any other name."""
    if not is_acronym(name):
        return ""
    bare = name.replace(".", "").replace("-", "").strip()
    if bare.endswith("s") and len(bare) > 2:
        bare = bare[:-1]
    return bare.upper()


def initials(name: str) -> tuple[str, ...]:
    """Initials that a long name may be written with: of all its words, without the small ones, and without a
    legal form. Roman numerals and numbers stand as they are."""
    if is_chinese(name):
        return ()
    found: dict[str, None] = {}
    for written in dict.fromkeys((name, without_form(name))):
        words = _WORD.findall(written)
        long = [word for word in words if word.casefold() not in _SMALL_WORDS]
        found |= dict.fromkeys("".join(map(_initial, some)) for some in (long, words) if len(some) > 1)
    return tuple(found)


def spells(short: str, long: str) -> bool:
    """Whether a text that puts one beside the other may mean `short` as the abbreviation of `long`: initials,
    or letters of it in order of which the first begins it and each begins a word or follows in one that has
    begun. Characters in order, for Chinese."""
    if is_chinese(long):
        return is_chinese(short) and is_short_chinese(short, long)
    key = acronym_key(short)
    if not key:
        return False
    if key in initials(long) or (key[:-1] in initials(long) and key[-1].isdigit()):
        return True
    letters = re.sub(r"[^a-z0-9]", "", key.casefold())
    text = long.casefold()
    return (
        bool(letters)
        and text[:1] == letters[0]
        and len(text) >= 2 * len(letters)
        and _in_order(letters, text)
    )


def is_short_chinese(short: str, long: str) -> bool:
    """Whether `short` is made of characters of `long` in order, the first of both the same, with others left
    out in between; what is left out must not turn the meaning."""
    if not (CJK.match(short) and CJK.match(long)) or short[0] != long[0] or not 1 < len(short) < len(long):
        return False
    if long.startswith(short) or (len(long) < 4 and len(short) > 1):
        return False
    if len(long) * 2 < len(short) * 3:
        return False
    at, skipped = 0, set()
    for character in long:
        if at < len(short) and character == short[at]:
            at += 1
        else:
            skipped.add(character)
    return at == len(short) and not skipped & _KEPT_APART


def _initial(word: str) -> str:
    return word if _ROMAN_OR_NUMBER.fullmatch(word) else word[0].upper()


def _in_order(letters: str, text: str) -> bool:
    at = 0
    for letter in letters:
        at = text.find(letter, at) + 1
        if not at:
            return False
    return True
