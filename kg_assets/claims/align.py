"""Where a quote stands in a text, with what models and people write differently held equal."""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

_SAME_CHARACTER = str.maketrans(
    dict.fromkeys("“”„‟«»″＂「」『』", '"')
    | dict.fromkeys("‘’‚‛`´′＇", "'")
    | dict.fromkeys("‐‑‒–—−－", "-")
    | {"。": "."}
)


def align_quote(quote: str, text: str) -> tuple[int, int] | None:
    """Where `quote` stands in `text`, as (start, end), or None.

    Exact first; then with white space, quotation marks, dashes, full-width forms and case held equal. A quote
    with other words than the text's is not evidence, nor is one that only stands inside other words ("ion" in
    "region"); a literal piece of a word is.
    """
    quote = quote.strip()
    if not quote:
        return None
    literal = [(at.start(), at.start() + len(quote)) for at in re.finditer(f"(?={re.escape(quote)})", text)]
    if literal:
        return next((span for span in literal if _whole_words(text, *span)), literal[0])
    wanted, _ = _comparable(quote.strip(" .。…\"'“”‘’「」"))
    if not wanted:
        return None
    haystack, origin = _comparable(text)
    at = haystack.find(wanted)
    while at >= 0:
        span = origin[at], origin[at + len(wanted) - 1] + 1
        if _whole_words(text, *span) and _whole_characters(origin, at, at + len(wanted)):
            return span
        at = haystack.find(wanted, at + 1)
    return None


@lru_cache(maxsize=16)  # the quotes of one chunk come together
def _comparable(text: str) -> tuple[str, list[int]]:
    """`text` in one spelling without white space, and for each remaining character its index in `text`.

    Compatibility forms (full-width letters, ligatures) and accents are taken apart; invisible characters such
    as the soft hyphen are left out.
    """
    characters: list[str] = []
    origin: list[int] = []
    for index, character in enumerate(text.translate(_SAME_CHARACTER)):
        if character.isascii():
            folded = character.lower()
        elif unicodedata.category(character) == "Cf":
            continue
        else:
            folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
        for part in folded:
            if not part.isspace():
                characters.append(part)
                origin.append(index)
    return "".join(characters), origin


def _whole_characters(origin: Sequence[int], start: int, end: int) -> bool:
    """Whether a comparable span ends at borders of the text's characters, of which one can become several."""
    return (start == 0 or origin[start - 1] != origin[start]) and (
        end == len(origin) or origin[end] != origin[end - 1]
    )


def _whole_words(text: str, start: int, end: int) -> bool:
    """Whether a span begins and ends between words, in writing with spaces: letters with a case, digits."""
    return not (_joined(text, start) or _joined(text, end))


def _joined(text: str, border: int) -> bool:
    if not 0 < border < len(text):
        return False
    before, after = text[border - 1], text[border]
    return bool(unicodedata.combining(after)) or (_in_word(before) and _in_word(after))


def _in_word(character: str) -> bool:
    return character.isdecimal() or character.lower() != character.upper()
