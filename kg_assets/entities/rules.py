"""What is certain without a model: a verdict on each candidate pair and each definition.

A rule says "same" only where next to nothing speaks against it; what is likely but not certain is "open", and
goes to the synthesizer or stays apart.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from rapidfuzz.distance import Levenshtein

from kg_assets.entities.abbreviations import acronym_key, spells
from kg_assets.entities.candidates import Candidate, compatible
from kg_assets.entities.contradictions import contradiction
from kg_assets.entities.organizations import has_legal_form
from kg_assets.entities.people import given_and_surname, initials_agree, is_person
from kg_assets.entities.spelling import common_key, is_chinese, is_common_noun, tokens
from kg_assets.entities.types import Decision, Definition, Named, Verdict, ordered

RULES_VERSION = "1"
_MIN_ACRONYM = 3
_MIN_SHARED = 0.3
_MIN_SHARED_WORDS = 2
_PLACE_TYPES = frozenset(
    {"location", "place", "city", "country", "gpe", "region", "地点", "地名", "城市", "国家"}
)
_BINOMIAL = re.compile(r"[A-Z][a-z]+ [a-z]{3,}(?: [a-z]{3,})?")
_SYMBOL = re.compile(r"(?=.*\d|[A-Z]+[a-z]?[A-Z])[A-Z][A-Za-z0-9]{1,9}")
_LATIN_END = ("a", "us", "um", "is", "ens", "ii", "ae", "i", "ans", "or", "e", "x")


def decide(candidate: Candidate) -> Decision:
    """The verdict on a pair that a key brought together."""
    one, other = candidate.left, candidate.right
    against = contradiction(one.name, other.name)
    if against and candidate.method not in ("initials", "spelling"):
        return _decision(one, other, "different", "contradiction", 1.0, against)
    if not compatible(one, other):
        return _decision(one, other, "open", candidate.method, 0.5, f"types differ: {one.type}, {other.type}")
    verdict, confidence, why = _RULES[candidate.method](candidate)
    return _decision(one, other, verdict, candidate.method, confidence, why)


def decide_definition(definition: Definition, one: Named, other: Named) -> Decision:
    """The verdict on two names that a text puts side by side; they are those of the definition, in order."""
    known = compatible(one, other)
    certain = (definition.explicit and definition.whole and known) or (
        known and not definition.explicit and _glosses(definition, one, other)
    )
    if spells(other.name, one.name) or spells(one.name, other.name):
        certain = known
    verdict: Verdict = "same" if certain else "open"
    return _decision(
        one, other, verdict, "definition", 0.97 if certain else 0.6, definition.text, definition.chunk_id
    )


def strongest(decisions: Iterable[Decision]) -> dict[tuple[str, str], Decision]:
    """One decision for each pair: what a text defines, then what contradicts, then "same" before "open"; of
    equals the one of higher confidence, then the first by method and evidence."""
    best: dict[tuple[str, str], Decision] = {}
    for decision in decisions:
        pair = ordered(decision.left_id, decision.right_id)
        if pair not in best or _strength(decision) < _strength(best[pair]):
            best[pair] = decision
    return best


def _strength(decision: Decision) -> tuple[int, float, str, str]:
    rank = {"same": 2, "open": 3, "different": 1}[decision.verdict]
    if decision.method == "definition" and decision.verdict == "same":
        rank = 0
    return rank, -decision.confidence, decision.method, decision.evidence


def _glosses(definition: Definition, one: Named, other: Named) -> bool:
    """Whether a name in brackets is another name of what is before them: a translation, or a Latin name. A
    place may also be where the thing is, so that brackets alone never join two places."""
    if not definition.whole:
        return False
    if one.type.casefold() in _PLACE_TYPES and not _is_translation_of_place(one, other):
        return False
    if is_chinese(one.name) != is_chinese(other.name) or _SYMBOL.fullmatch(other.name):
        return True
    found = _BINOMIAL.fullmatch(other.name)
    return found is not None and other.name.split()[-1].endswith(_LATIN_END) and len(tokens(one.name)) < 6


def _is_translation_of_place(one: Named, other: Named) -> bool:
    """Two names in different scripts, of more than one word where one is in letters: a country or a seat in
    brackets is mostly one word."""
    latin = other.name if is_chinese(one.name) else one.name
    return is_chinese(one.name) != is_chinese(other.name) and len(tokens(latin)) > 1


def _spelling(_: Candidate) -> tuple[Verdict, float, str]:
    return "same", 0.98, "spelt alike"


def _common_noun(candidate: Candidate) -> tuple[Verdict, float, str]:
    names = candidate.left.name, candidate.right.name
    why = f"both are {common_key(names[0])}"
    plural_acronym = all(acronym_key(name) for name in names)
    if any(map(is_common_noun, names)) or plural_acronym:
        return "same", 0.95, why
    return "open", 0.6, why


def _word_order(candidate: Candidate) -> tuple[Verdict, float, str]:
    one, other = candidate.left, candidate.right
    turned = any("," in name for name in (one.name, other.name))
    if (is_person(one.type) or is_person(other.type)) and not turned:
        return "open", 0.5, "the same words in another order"
    return "same", 0.92, "the same words in another order"


def _legal_form(candidate: Candidate) -> tuple[Verdict, float, str]:
    both = has_legal_form(candidate.left.name) and has_legal_form(candidate.right.name)
    # Two legal forms are two companies, or one and its former self.
    return ("open", 0.6, "two legal forms") if both else ("same", 0.95, "alike but for the legal form")


def _kind_of_place(candidate: Candidate) -> tuple[Verdict, float, str]:
    names = [candidate.left.name, candidate.right.name]
    if candidate.rivals or abs(len(names[0]) - len(names[1])) == 0:
        return "open", 0.4, "alike but for the kind of place, as others are"
    return "same", 0.9, "alike but for the kind of place"


def _title(_: Candidate) -> tuple[Verdict, float, str]:
    return "same", 0.95, "alike but for a title"


def _given_names(candidate: Candidate) -> tuple[Verdict, float, str]:
    (one, _), (other, _) = (given_and_surname(e.name) for e in (candidate.left, candidate.right))
    if candidate.rivals:
        return "open", 0.5, "the surname and an initial, which others have too"
    if initials_agree(one, other):
        several = max(sum(map(len, one)), sum(map(len, other))) > 1 and min(len(one), len(other)) > 1
        joined = {len(one), len(other)} == {1} and "".join(one) == "".join(other)
        if several or joined or one == other:
            return "same", 0.93, "the same surname, and initials of the same names"
        return "open", 0.6, "the same surname and one initial"
    shorter, longer = (one, other) if len(one) < len(other) else (other, one)
    if len(shorter) == 1 and len(shorter[0]) > 1 and longer[0] == shorter[0]:
        if all(len(name) == 1 for name in longer[1:]):
            return "same", 0.9, "a middle initial more"
        if _agree(candidate.left, candidate.right):
            return "same", 0.85, "a middle name more, and descriptions that agree"
        return "open", 0.6, "a middle name more"
    return "open", 0.3, "the same surname and first initial"


def _surname(candidate: Candidate) -> tuple[Verdict, float, str]:
    if not candidate.rivals and _agree(candidate.left, candidate.right):
        return "same", 0.85, "the surname alone, and descriptions that agree"
    return "open", 0.5, "the surname alone"


def _initials(candidate: Candidate) -> tuple[Verdict, float, str]:
    short = next(e.name for e in (candidate.left, candidate.right) if acronym_key(e.name))
    why = f"{short} are its initials"
    if candidate.rivals or len(acronym_key(short)) < _MIN_ACRONYM:
        return "open", 0.5, f"{why}, and maybe of another"
    return "same", 0.9, why


def _characters(candidate: Candidate) -> tuple[Verdict, float, str]:
    if candidate.rivals:
        return "open", 0.4, "made of its characters, and of another's"
    return "same", 0.85, "made of its characters"


def _nearly_alike(candidate: Candidate) -> tuple[Verdict, float, str]:
    one, other = candidate.left, candidate.right
    distance = Levenshtein.distance("".join(tokens(one.name)), "".join(tokens(other.name)))
    # Names of people are written down by ear; names of other things are often alike on purpose.
    people = is_person(one.type) and is_person(other.type)
    if people and distance <= 2 and _agree(one, other):
        return "same", 0.85, f"{distance} characters differ, and the descriptions agree"
    return "open", 0.5, f"{distance} characters differ"


_RULES = {
    "spelling": _spelling,
    "common noun": _common_noun,
    "word order": _word_order,
    "legal form": _legal_form,
    "kind of place": _kind_of_place,
    "title": _title,
    "given names": _given_names,
    "surname": _surname,
    "initials": _initials,
    "characters": _characters,
    "nearly alike": _nearly_alike,
}


def _decision(
    one: Named,
    other: Named,
    verdict: Verdict,
    method: str,
    confidence: float,
    evidence: str,
    chunk_id: str = "",
) -> Decision:
    left, right = ordered(one.entity_id, other.entity_id)
    return Decision(left, right, verdict, method, confidence, evidence, chunk_id)


def _agree(one: Named, other: Named) -> bool:
    """Whether the descriptions say the same of both: enough words of the shorter one, those of the names left
    out, are in the other too, and where both give numbers there is a common one."""
    names = _words(one.name) | _words(other.name)
    a, b = ({w for text in e.descriptions for w in _words(text)} - names for e in (one, other))
    given = [{word for word in words if word[0].isdigit()} for words in (a, b)]
    if all(given) and not given[0] & given[1]:
        return False
    shared = len(a & b)
    return shared >= _MIN_SHARED_WORDS and shared >= _MIN_SHARED * min(len(a), len(b))


@lru_cache(maxsize=1 << 14)
def _words(text: str) -> frozenset[str]:
    """Words of four letters or more, numbers, and pairs of Chinese characters."""
    found: set[str] = set()
    for token in tokens(text):
        if is_chinese(token):
            found |= {token[i : i + 2] for i in range(len(token) - 1)}
        elif len(token) > 3 or token[0].isdigit():
            found.add(token)
    return frozenset(found)
