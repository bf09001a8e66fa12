"""Names of people: titles, initials, given names left out. That an entity is a person is said by its type."""

import re

from kg_assets.entities.spelling import is_chinese, tokens

_PERSON_TYPES = frozenset(
    {"person", "people", "human", "character", "author", "artist", "scientist", "politician"}
    | {"人", "人物", "人名", "角色", "作者"}
)
_TITLES = frozenset(
    re.findall(
        r"\w+",
        """
        dr prof professor doctor sir dame mr mrs ms miss lord lady saint st president king queen emperor
        general captain judge justice senator rev reverend father
        """,
    )
)
_TITLE_ENDS = frozenset({"phd", "md", "esq", "jr", "sr"})
_CHINESE_TITLES = (
    "教授", "院士", "博士", "医生", "大夫", "先生", "女士", "老师", "同志", "律师", "法官", "主任", "总统",
    "主席", "将军", "研究员", "工程师",
)  # fmt: skip
_MIN_CHINESE_NAME = 2


def is_person(entity_type: str) -> bool:
    """Whether a type is that of people."""
    return entity_type.casefold() in _PERSON_TYPES


def without_title(name: str) -> str:
    """The tokens of a name without its titles, joined; empty where nothing is left that names one person."""
    found = list(tokens(name))
    if is_chinese(name):
        whole = "".join(found)
        title = next((t for t in _CHINESE_TITLES if whole.endswith(t)), "")
        bare = whole.removesuffix(title)
        # A surname with a title is many people.
        return bare if len(bare) > _MIN_CHINESE_NAME or not title else ""
    while found and found[0] in _TITLES:
        found.pop(0)
    return "".join(found) if len(found) > 1 else ""


def given_and_surname(name: str) -> tuple[tuple[str, ...], str]:
    """Given names and surname: "Brahe, Tycho" and "Tycho Brahe" alike. No given names for a single word, and
    nothing for a Chinese name without a dot between its parts."""
    if "," in name and len(tokens(name.split(",")[0])) == 1:
        surname, _, rest = name.partition(",")
        if not set(tokens(rest)) & _TITLE_ENDS:
            return tokens(rest), "".join(tokens(surname))
    found = tuple(token for token in tokens(name) if token != "-")
    while len(found) > 1 and found[0] in _TITLES:
        found = found[1:]
    if any(token in _TITLE_ENDS or token[0].isdigit() for token in found):
        return (), ""
    return (found[:-1], found[-1]) if found else ((), "")


def initials_agree(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether two rows of given names are the same, initials standing for names that begin with them, as many
    in both; "JK" stands for "J. K."."""
    if len(one) == 1 and len(one[0]) in (2, 3) and len(other) == len(one[0]):
        one = tuple(one[0])
    if len(other) == 1 and len(other[0]) in (2, 3) and len(one) == len(other[0]):
        other = tuple(other[0])
    return len(one) == len(other) and all(
        a == b or (len(a) == 1 and b.startswith(a)) or (len(b) == 1 and a.startswith(b))
        for a, b in zip(one, other, strict=True)
    )
