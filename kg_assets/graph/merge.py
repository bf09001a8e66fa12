"""The finished units of the graph: their descriptions, written side by side or summarised.

Writing to the graph store is in `graph_state` and `resources.graph`.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from kg_assets.claims.merge import MergedUnit
from kg_assets.domain import GraphUnit, fingerprint
from kg_assets.graph.summarise import SUMMARY_VERSION, summarise, summary_request
from kg_assets.stage.request_keys import request_key
from resources.models.types import Ask

MERGE_VERSION = "1"
_SENTENCE_ENDS = tuple(".!?…。！？")


def with_description(merged: MergedUnit, description: str) -> GraphUnit:
    """The finished unit: its description and the hash of everything a reader of it sees."""
    unit = merged.unit
    seen = [unit.kind, unit.name, unit.type, unit.source, unit.target, description, *_marked(unit)]
    return replace(unit, description=description, content_hash=fingerprint(seen))


def unit_key(
    merged: MergedUnit, limit_tokens: int, count_tokens: Callable[[str], int], identity: Mapping[str, Any]
) -> tuple[str, bool]:
    """Row key of a unit, and whether its descriptions need a summary; only then does the model matter."""
    unit = merged.unit
    names = unit.name, unit.type, unit.source_id, unit.target_id, unit.source, unit.target
    content = unit.unit_id, unit.kind, *names, unit.language, merged.descriptions, *_marked(unit)
    if _fits(_joined(merged), limit_tokens, count_tokens):
        return fingerprint(MERGE_VERSION, content), False
    request = summary_request(merged.unit, merged.descriptions, limit_tokens)
    return request_key(MERGE_VERSION + SUMMARY_VERSION, request, identity, content), True


def _marked(unit: GraphUnit) -> tuple[str, ...]:
    return (unit.origin,) if unit.origin else ()


async def describe(
    merged: MergedUnit, limit_tokens: int, count_tokens: Callable[[str], int], ask: Ask
) -> GraphUnit:
    """The finished unit: its distinct descriptions side by side, or their summary where they are too long.

    Raises:
        CallFailed: the summary could not be had.
    """
    description = _joined(merged)
    if not _fits(description, limit_tokens, count_tokens):
        description = await summarise(merged.unit, merged.descriptions, limit_tokens, count_tokens, ask)
    return with_description(merged, description)


def _fits(text: str, limit_tokens: int, count_tokens: Callable[[str], int]) -> bool:
    """Whether a text is within the limit. No token is less than a byte: a short text need not be counted."""
    return len(text.encode("utf-8", "surrogatepass")) <= limit_tokens or count_tokens(text) <= limit_tokens


def _joined(merged: MergedUnit) -> str:
    """The descriptions as one text, each a sentence of its own where there are several."""
    if len(merged.descriptions) < 2:
        return "".join(merged.descriptions)
    stop, gap = ("。", "") if merged.unit.language == "zh" else (".", " ")
    return gap.join(
        text if text.rstrip("\"'”’）)」』").endswith(_SENTENCE_ENDS) else text + stop
        for text in merged.descriptions
    )
