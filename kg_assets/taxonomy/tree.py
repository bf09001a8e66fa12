"""Reduce: from all topics of a corpus to one tree. What does not fit one request is merged in rounds."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from kg_assets.domain import fingerprint
from kg_assets.stage.batches import Piece, cut
from kg_assets.stage.prompts import payload_message, system_prompt
from kg_assets.taxonomy.topics import names_of, names_schema, tag_name
from kg_assets.taxonomy.types import Tag
from resources.configuration.settings import TaxonomySettings
from resources.configuration.taxonomy_file import BETWEEN, MOST_NAME_CHARS, MOST_TAGS, TagTree, tag_key
from resources.models.schemas import Schema, list_of, object_of, text_of
from resources.models.structured import ask_structured
from resources.models.types import Ask, ChatRequest, Message

TREE_VERSION = "1"
ROUND_TOKENS = 1500
_MOST_MERGED = 400
_TOKENS_FOR_EACH = 12
_FRAME_TOKENS = 4


def distinct_names(names: Sequence[str]) -> list[str]:
    """Each topic once, as it is first written; those that most groups named first."""
    written: dict[str, str] = {}
    times = Counter(tag_key(name) for name in names)
    for name in names:
        written.setdefault(tag_key(name), name)
    return [written[key] for key, _ in times.most_common()]


def tree_request(names: Sequence[str], language: str, settings: TaxonomySettings) -> ChatRequest:
    """The request that makes a tree of the topics."""
    (first_least, first_most), (second_least, second_most) = settings.first_level, settings.second_level
    sizes = {
        "first_least": first_least,
        "first_most": first_most,
        "second_least": second_least,
        "second_most": second_most,
    }
    return ChatRequest(
        messages=(
            Message("system", system_prompt("taxonomy", "tree", language, **sizes)),
            payload_message({"topics": list(names)}),
        ),
        max_tokens=64 + _TOKENS_FOR_EACH * first_most * (second_most + 1),
        schema=_tree_schema(first_most, second_most),
    )


def merge_request(names: Sequence[str], language: str) -> ChatRequest:
    """The request that makes at most half as many topics of these."""
    most = max(1, len(names) // 2)
    return ChatRequest(
        messages=(
            Message("system", system_prompt("taxonomy", "merge", language)),
            payload_message({"most": most, "topics": list(names)}),
        ),
        max_tokens=64 + _TOKENS_FOR_EACH * most,
        schema=names_schema("MergedTopics", most),
    )


async def grow_tree(
    names: Sequence[str],
    language: str,
    settings: TaxonomySettings,
    count: Callable[[str], int],
    ask: Ask,
) -> TagTree:
    """One tree of all topics; no request shows more than ROUND_TOKENS tokens of them.

    Raises:
        CallFailed: the model's answer was unusable twice.
    """
    left = distinct_names(names)
    while len(groups := list(_groups(left, count))) > 1:
        left = distinct_names([name for group in groups for name in await _merged(group, language, ask)])
    tree, _ = await ask_structured(ask, tree_request(left, language, settings), _tree)
    return tree


def tree_rows(tree: TagTree) -> list[Tag]:
    """The nodes of a tree in order, each first-level tag before those below it."""
    rows = []
    for first, below in tree.branches:
        rows.append(Tag(first, "", first, 1))
        rows += [Tag(f"{first}{BETWEEN}{second}", first, second, 2) for second in below]
    return rows


def tree_of(rows: Sequence[Tag]) -> TagTree:
    """The tree of such rows."""
    below: dict[str, list[str]] = {}
    for row in rows:
        if row.level == 1:
            below[row.name] = []
        else:
            below[row.parent].append(row.name)
    return TagTree(tuple((first, tuple(names)) for first, names in below.items()))


def _groups(names: Sequence[str], count: Callable[[str], int]) -> Iterator[Sequence[str]]:
    """One group where all fit a request; else several of names that are alike, which merge best."""
    pieces = [Piece(fingerprint(name), count(name) + _FRAME_TOKENS, name) for name in names]
    if sum(piece.tokens for piece in pieces) <= ROUND_TOKENS:
        yield names
    else:
        yield from cut(sorted(pieces, key=lambda piece: tag_key(piece.of)), ROUND_TOKENS, _MOST_MERGED)


async def _merged(names: Sequence[str], language: str, ask: Ask) -> list[str]:
    request = merge_request(names, language)

    def fewer(answer: Any) -> list[str]:
        found = names_of(answer, 1)
        most = max(1, len(names) // 2)
        if len(found) > most:
            raise ValueError(f'"topics" has {len(found)} names: leave at most {most}')
        return found

    found, _ = await ask_structured(ask, request, fewer)
    return found


def _tree(answer: Any) -> TagTree:
    below: dict[str, list[str]] = {}
    written: dict[str, str] = {}
    for branch in answer["tags"]:
        if first := tag_name(branch["name"]):
            name = written.setdefault(tag_key(first), first)
            below.setdefault(name, []).extend(tag_name(second) for second in branch["tags"])
    tree = TagTree(tuple((first, _once(names)) for first, names in below.items()))
    if not 1 <= len(tree.leaves()) <= MOST_TAGS:
        raise ValueError(f'"tags" needs between 1 and {MOST_TAGS} tags with a name')
    return tree


def _once(names: Sequence[str]) -> tuple[str, ...]:
    written: dict[str, str] = {}
    for name in names:
        if name:
            written.setdefault(tag_key(name), name)
    return tuple(written.values())


def _tree_schema(first_most: int, second_most: int) -> Schema:
    name = text_of(MOST_NAME_CHARS)
    branch = object_of({"name": name, "tags": list_of(name, 1, second_most)})
    return object_of({"tags": list_of(branch, 1, first_most)}, "TagTree")
