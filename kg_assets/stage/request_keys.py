"""Row keys of stages that ask a model: a fingerprint of everything that can change the answer.

Of a request about units, all but the units is the same for every row of a language: its base. It is hashed
once, and a row's key is made of it and of what the units say. How a request is made of the units is not in
it: whoever changes that raises the stage's version.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from kg_assets.domain import GraphUnit, fingerprint
from resources.models.types import ChatRequest


def request_key(version: str, request: ChatRequest, identity: Mapping[str, Any], *more: object) -> str:
    """Key of a row made by asking `request`.

    Args:
        version: the stage's version.
        request: the first request, with the rendered prompt, the payload and the response schema.
        identity: the model, its revision and sampling parameters.
        more: what else the result depends on, such as thresholds and texts of follow-up requests.
    """
    messages = [(message.role, message.content) for message in request.messages]
    asked = (
        messages,
        request.schema,
        request.max_tokens,
        request.top_logprobs,
        request.temperature,
        request.sample,
    )
    return fingerprint(version, asked, identity, more)


def base_keys(
    version: str, request: Callable[[GraphUnit], ChatRequest], identity: Mapping[str, Any], *more: object
) -> Callable[[str], str]:
    """The base of each language: the key of the request about a unit that says nothing."""

    @cache
    def base(language: str) -> str:
        nothing = GraphUnit("", "entity", "", "", "", "", "", "", "", language, "")
        return request_key(version, request(nothing), identity, more)

    return base
