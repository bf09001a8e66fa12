"""The answer does not go round in circles, as small models do where they find no end."""

import re

from kg_assets.domain import QaPair, normalise_name
from kg_assets.quality.gates.gate import Gate, Rule

REPEATED_WORDS = 10
REPEATED_CHARACTERS = 16
"""So many words, or characters of a script without spaces, twice in an answer are a model that goes round."""
_WORDS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|\w+")


def says_it_once(pair: QaPair) -> str:
    """No long run of words stands in the answer twice."""
    words = _WORDS.findall(normalise_name(pair.answer))
    run = REPEATED_CHARACTERS if pair.language in ("zh", "ja") else REPEATED_WORDS
    seen: dict[tuple[str, ...], int] = {}
    for start in range(len(words) - run + 1):
        first = seen.setdefault(tuple(words[start : start + run]), start)
        if start >= first + run:
            return f"The answer says {' '.join(words[start : start + run])!r} twice."
    return ""


REPEATS_ITSELF = Gate("repeats_itself", "The answer says nothing twice.", "1", Rule(says_it_once))
