"""Which names mean one thing: precision and recall on pairs written for it, and time for many names."""

import json
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.table import Measured, peak_mb, spent
from kg_assets.domain import entity_id
from kg_assets.entities.clusters import aliases
from kg_assets.entities.resolve import rule_decisions
from kg_assets.entities.types import Named, Passage

PAIRS = Path(__file__).parent / "data" / "entity_pairs.jsonl"
MIN_PRECISION = 0.95
MIN_RECALL = 0.80
MANY = 100_000
MOST_S = 60.0


@dataclass(frozen=True, slots=True)
class Score:
    """How many pairs were joined rightly and wrongly, and how many were missed."""

    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float:
        """The share of joined pairs that mean one thing."""
        return self.right / max(1, self.right + self.wrong)

    @property
    def recall(self) -> float:
        """The share of pairs that mean one thing that were joined."""
        return self.right / max(1, self.right + self.missed)


def run() -> list[Measured]:
    """Every pair by itself, all names of the set together, and many names."""
    pairs = labelled_pairs()
    rows: list[Measured] = []
    for part in ("tune", "held out"):
        rows += _scored(f"{part}, each pair by itself", score(of_part(pairs, part)))
    for part in ("tune", "held out"):
        rows += _scored(f"{part}, all names together", score_together(pairs, of_part(pairs, part)))
    for language in ("en", "zh"):
        some = [pair for pair in of_part(pairs, "held out") if pair["language"] == language]
        rows += _scored(f"held out, {language}", score(some))
    names = list(_many_names(MANY))
    with spent() as it:
        decisions = rule_decisions(names, ())
        found = aliases(names, decisions)
    rows.append(Measured(f"{len(names):,} names, {len(decisions):,} pairs looked at", it.wall_s, "s", MOST_S))
    rows.append(Measured("  aliases", len(found), ""))
    return [*rows, Measured("peak memory", peak_mb(), "MB")]


def labelled_pairs() -> list[dict[str, Any]]:
    """The pairs of the set: two names, a text, and whether they mean one thing."""
    return [json.loads(line) for line in PAIRS.read_text("utf-8").splitlines()]


def of_part(pairs: Iterable[Mapping[str, Any]], part: str) -> list[Mapping[str, Any]]:
    """The pairs of one half: rules were made with an eye on "tune", never on "held out"."""
    return [pair for pair in pairs if pair["part"] == part]


def score(pairs: Iterable[Mapping[str, Any]]) -> Score:
    """Each pair as a corpus of its own."""
    return _sum((pair, _canonical([pair])) for pair in pairs)


def score_together(corpus: Sequence[Mapping[str, Any]], pairs: Iterable[Mapping[str, Any]]) -> Score:
    """`pairs` in a corpus of all names of `corpus`: what else is there can mislead, and lead to chains."""
    together = _canonical(corpus)
    return _sum((pair, together) for pair in pairs)


def _sum(judged: Iterable[tuple[Mapping[str, Any], Mapping[str, str]]]) -> Score:
    right = wrong = missed = 0
    for pair, canonical in judged:
        one, other = (entity_id(pair[end]["name"]) for end in ("a", "b"))
        joined = canonical[one] == canonical[other]
        right += joined and pair["same"]
        wrong += joined and not pair["same"]
        missed += pair["same"] and not joined
    return Score(right, wrong, missed)


def corpus_of(pairs: Sequence[Mapping[str, Any]]) -> tuple[list[Named], list[Passage]]:
    """The names of these pairs, each once, and their texts."""
    named: dict[str, Named] = {}
    for pair in pairs:
        for thing in (pair["a"], pair["b"]):
            key = entity_id(thing["name"])
            before = named[key].descriptions if key in named else ()
            named[key] = Named(key, thing["name"], thing["type"], (*before, thing["description"]))
    passages = [Passage(f"c{n}", pair["text"]) for n, pair in enumerate(pairs) if pair["text"]]
    return list(named.values()), passages


def _canonical(pairs: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Entity id to canonical id, for the names of these pairs."""
    entities, passages = corpus_of(pairs)
    canonical = {entity.entity_id: entity.entity_id for entity in entities}
    canonical |= {
        row.alias_id: row.canonical_id for row in aliases(entities, rule_decisions(entities, passages))
    }
    return canonical


def _scored(what: str, found: Score) -> list[Measured]:
    return [
        Measured(f"precision: {what}", found.precision, "", MIN_PRECISION, at_least=True),
        Measured(f"recall: {what}", found.recall, "", MIN_RECALL, at_least=True),
    ]


def _many_names(count: int) -> Iterator[Named]:
    """Names as a large corpus has them: people, companies, products with numbers, terms, Chinese names."""
    chance = random.Random(7)
    syllables = [a + b for a in "bdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "an", "el", "or")]
    hanzi = [chr(code) for code in range(0x4E00, 0x4E00 + 1200)]

    def word() -> str:
        return "".join(chance.choice(syllables) for _ in range(chance.randint(2, 4)))

    seen: set[str] = set()
    while len(seen) < count:
        kind = chance.randrange(6)
        if kind == 0:
            name, sort = f"{word().title()} {word().title()}", "person"
        elif kind == 1:
            name, sort = (
                f"{word().title()} {chance.choice(('Motors', 'Foods', 'Energy Inc.'))}",
                "organization",
            )
        elif kind == 2:
            name, sort = f"Series {word().title()[:4]}-{chance.randrange(10_000)}", "technology"
        elif kind == 3:
            name, sort = f"{word()} {word()} {chance.choice(('process', 'theory', 'cells'))}", "concept"
        elif kind == 4:
            name, sort = "".join(chance.choices("ABCDEFGHIKLMNOPRST", k=chance.randint(3, 5))), "organization"
        else:
            name, sort = "".join(chance.choices(hanzi, k=chance.randint(2, 8))), "concept"
        key = entity_id(name)
        if key not in seen:
            seen.add(key)
            yield Named(key, name, sort, (f"{name} is known for something.",))
