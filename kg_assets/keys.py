"""Row keys of stages that ask a model: a fingerprint of everything that can change the answer."""

from collections.abc import Mapping
from typing import Any

from kg_assets.domain import fingerprint
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
