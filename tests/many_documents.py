"""Any number of short documents about invented companies: alike in size, all different, cities shared."""

import random
from collections.abc import Iterator

_FIRST = (
    "Alder", "Birch", "Cedar", "Dover", "Elm", "Fenn", "Gorse", "Hazel", "Iris", "Juno", "Kelp", "Larch",
    "Maple", "Noble", "Otter", "Pine", "Quill", "Rowan",
)  # fmt: skip
_SECOND = (
    "Bridge", "Castle", "Dale", "Field", "Gate", "Harbour", "Island", "Keep", "Lodge", "Mill", "North",
    "Orchard", "Point", "Quay", "Ridge", "Stone",
)  # fmt: skip
_CITIES = 40
_VERBS = ("supplies", "inspects", "repairs", "designs", "stores", "tests", "exports", "measures")
_THINGS = ("pumps", "valves", "seeds", "vaccines", "contracts", "turbines", "sensors", "fertilisers")
_DOES, _GOODS = ("makes", "packs", "sells", "mends", "sends"), ("pipes", "tools", "ropes", "lamps", "cogs")
_CHARS = 900


def documents(count: int, seed: int = 7, products: int = 7) -> Iterator[tuple[str, str]]:
    """`count` pairs of file name and text of about 900 characters. The n-th is always the same.

    Args:
        count: how many.
        seed: another one gives other texts.
        products: facts about each company beside its seat and its head; the rest of the text says nothing.
    """
    for number in range(count):
        chance = random.Random(f"{seed}/{number}")
        company = f"{chance.choice(_FIRST)} {chance.choice(_SECOND)} Works {number}"
        person = f"Dr {chance.choice(_FIRST)} {chance.choice(_SECOND)}son {number}"
        city = f"{_FIRST[number % len(_FIRST)]}town {number % _CITIES}"
        sentences = [
            f"{company} has its seat in {city}, where it {chance.choice(_VERBS)} {chance.choice(_THINGS)}",
            f"{person} has led {company} since {chance.randint(1950, 2024)} and reports every quarter",
        ]
        for part in range(products):
            product = f"Model {chance.choice(_FIRST)}{number}x{part}"
            sentences.append(
                f"The {product} of {company} weighs {chance.randint(2, 900)} kilograms and "
                f"{chance.choice(_VERBS)} {chance.choice(_THINGS)} for {chance.randint(2, 40)} years"
            )
        while sum(map(len, sentences)) < _CHARS - 50:
            # Nothing that the fake model would take for a name.
            sentences.append(
                f"It {chance.choice(_DOES)} {chance.randint(2, 99)} {chance.choice(_GOODS)} a day"
            )
        yield f"company-{number:05}.txt", ". ".join(sentences) + ".\n"
