"""Spellings of a name: the keys under which names that differ only in writing are equal.

What a key leaves out never changes what is meant: hyphens, dots, accents, articles, traditional characters,
the way a number is written. Everything that could is left to the rules.
"""

import re
import unicodedata
from functools import cache, lru_cache

from opencc import OpenCC

from kg_assets.domain import normalise_name

CJK = re.compile(r"[\u3400-\u9fff]")
_TOKEN = re.compile(r"[a-z]+|\d+(?:[.,]\d+)*|[\u3400-\u9fff]+|[+#%]+|[^\W\d_]+|-$")
_words = re.compile(r"\w+").findall
_ROMAN = {
    roman: str(n) for n, roman in enumerate(_words("i ii iii iv v vi vii viii ix x xi xii xiii xiv xv"), 1)
}
_ORDINAL = {
    word: str(n)
    for n, word in enumerate(
        _words("first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"), 1
    )
}
_ORDINAL_ENDS = frozenset({"st", "nd", "rd", "th"})
_CHINESE_DIGITS = {character: n for n, character in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_CHINESE_UNITS = {"十": 10, "百": 100, "千": 1000}
_CHINESE_NUMBER = re.compile("[零〇一二三四五六七八九两十百千]+")
_ARTICLES = frozenset({"the", "a", "an"})
_SHORTENED = {
    "mt": "mount",
    "st": "saint",
    "dept": "department",
    "univ": "university",
    "intl": "international",
}
_BRITISH = (
    (re.compile(r"(?<=\w)(a|o)e(?=\w)"), "e"),
    (re.compile(r"our(?=$|s$|ed$|ing$|less$|able$)"), "or"),
    (re.compile(r"(?<=[bt])re(?=$|s$)"), "er"),
    (re.compile(r"(?<=\w\w)is(?=(e|es|ed|er|ers|ing|ation|ations)$)"), "iz"),
    (re.compile(r"(?<=\w\w)ys(?=(e|es|ed|er|ing)$)"), "yz"),
    (re.compile(r"^sulph"), "sulf"),
    (re.compile(r"ll(?=(ed|ing|er)$)"), "l"),
    (re.compile(r"dgem(?=ent)"), "dgm"),
    (re.compile(r"ence(?=$|s$)"), "ense"),
    (re.compile(r"ogue(?=$|s$)"), "og"),
    (re.compile(r"amme(?=$|s$)"), "am"),
)
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})


def is_chinese(name: str) -> bool:
    """Whether there are Chinese characters in it."""
    return CJK.search(name) is not None


@lru_cache(maxsize=1 << 16)
def tokens(name: str) -> tuple[str, ...]:
    """The words, numbers and signs of a name in one spelling; numbers as digits however they are written."""
    return _tokens(_unaccented(_plain(name)))


def spelling_key(name: str) -> str:
    """Equal for names that differ in writing only."""
    return _joined(_without_article(tokens(name)))


def umlaut_key(name: str) -> str:
    """The key with umlauts written as two letters; empty for a name without."""
    plain = _plain(name)
    written = plain.translate(_UMLAUTS)
    return _joined(_without_article(_tokens(_unaccented(written)))) if written != plain else ""


def word_set_key(name: str) -> str:
    """Equal for names of the same words in another order, numbers kept in theirs; empty for one word."""
    found = _without_article(tokens(name))
    words = [token for token in found if not token[0].isdigit() and token not in ("of", "the", "and")]
    return " ".join(sorted(words)) + " " + " ".join(numbers(name)) if len(found) > 1 else ""


def common_key(name: str) -> str:
    """Equal for singular and plural, and for British and American spelling, of common nouns; empty where both
    leave the name as it is spelt."""
    found = _without_article(tokens(name))
    if not found:
        return ""
    folded = [_american(token) for token in found[:-1]] + [_american(singular(found[-1]))]
    return _joined(tuple(folded))


def singular(word: str) -> str:
    """An English word without the ending of the plural, where it has one."""
    if len(word) < 4 or not word.isascii() or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ses", "xes", "zes", "ches", "shes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") else word


@lru_cache(maxsize=1 << 16)
def numbers(name: str) -> tuple[str, ...]:
    """The numbers in a name, in order, roman and Chinese ones too."""
    return tuple(
        _ROMAN.get(token, token) if i else token
        for i, token in enumerate(tokens(name))
        if token[0].isdigit() or (i and token == "i")
    )


def is_common_noun(name: str) -> bool:
    """Whether a name is written as no proper name is: its last word begins with a small letter."""
    last = re.findall(r"[^\W\d_]+", name)[-1:]
    return bool(last) and last[0][0].islower()


def _plain(name: str) -> str:
    text = normalise_name(name)
    if is_chinese(text):
        text = _simplifier().convert(text)
    text = re.sub(r"'s(?=\s)|(?<=s)'(?=\s)", "", text)
    return text.replace("&", " and ")


def _unaccented(text: str) -> str:
    if text.isascii():
        return text
    kept: list[str] = []
    for character in unicodedata.normalize(
        "NFKD", text.replace("ß", "ss").replace("ø", "o").replace("ł", "l")
    ):
        if "\u0300" <= character <= "\u036f" and kept and kept[-1].isascii():
            continue
        kept.append(character)
    return unicodedata.normalize("NFC", "".join(kept))


def _tokens(text: str) -> tuple[str, ...]:
    text = _CHINESE_NUMBER.sub(lambda found: f" {_arabic(found[0])} ", text)
    raw = _TOKEN.findall(text)
    found: list[str] = []
    for i, token in enumerate(raw):
        if token in _ORDINAL_ENDS and found and found[-1].isdigit():
            continue
        if token in _ORDINAL:
            token = _ORDINAL[token]
        elif len(token) > 1 and token in _ROMAN and (i or _stands_before_chinese(raw)):
            token = _ROMAN[token]
        elif i == 0 or token == "mt":
            token = _SHORTENED.get(token, token) if len(raw) > 1 else token
        found.append(token)
    return tuple(found)


def _stands_before_chinese(raw: list[str]) -> bool:
    return len(raw) > 1 and is_chinese(raw[1])


def _arabic(chinese: str) -> str:
    """A Chinese number in digits: read by its units, or digit by digit where it has none."""
    if not any(character in _CHINESE_UNITS for character in chinese):
        return "".join(str(_CHINESE_DIGITS[character]) for character in chinese)
    total, digit = 0, 0
    for character in chinese:
        if character in _CHINESE_UNITS:
            total += (digit or 1) * _CHINESE_UNITS[character]
            digit = 0
        else:
            digit = _CHINESE_DIGITS[character]
    return str(total + digit)


def _without_article(found: tuple[str, ...]) -> tuple[str, ...]:
    """Without a leading article, unless what is left is short: "The Who" is not the WHO."""
    rest = found[1:]
    return rest if found and found[0] in _ARTICLES and sum(map(len, rest)) > 4 else found


def _joined(found: tuple[str, ...]) -> str:
    """Tokens side by side; numbers and single letters keep their borders, since 1 11 is not 11 1."""
    text = ""
    for token in found:
        if text and text[-1].isdigit() and token[0].isdigit():
            text += " "
        text += token
    return text


def _american(word: str) -> str:
    if len(word) < 5 or not word.isascii():
        return word
    for pattern, replacement in _BRITISH:
        word = pattern.sub(replacement, word)
    return word


@cache
def _simplifier() -> OpenCC:
    return OpenCC("t2s")
