"""What a stage asks of a language model and what it gets back: plain data, no network."""

from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol, overload

import numpy as np
from numpy.typing import NDArray

Role = Literal["synthesizer", "trainee", "embedder"]
VARIABLES: Mapping[Role, str] = {"synthesizer": "SYNTHESIZER", "trainee": "TRAINEE", "embedder": "EMBEDDING"}
"""What the variables of a model begin with, such as TRAINEE_MODEL."""
Vectors = NDArray[np.float16]
"""One row for each text, of unit length."""


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message; `role` is `system`, `user` or `assistant`."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One request. Equal requests to the same model and revision are answered from the response store.

    Attributes:
        messages: the conversation; the fixed part of a prompt comes first so that prompt caches hit.
        max_tokens: upper limit of the answer, in tokens.
        schema: JSON schema of the answer with a `title`, or None for free text.
        top_logprobs: how many candidates of each generated token to return; 0 for none.
        temperature: overrides the model's own when not None.
        sample: distinguishes repeated samples of one prompt; part of the key, and added to the seed.
        stage: the asset that asks, for accounting; not part of the key. The frame of the stages sets it
            where it is empty.
        item_id: the row that it is asked for, for accounting and for errors; not part of the key.
        document_id: the document the row comes from, if it is one; for accounting; not part of the key.
    """

    route: ClassVar[str] = "chat/completions"

    messages: tuple[Message, ...]
    max_tokens: int
    schema: Mapping[str, Any] | None = None
    top_logprobs: int = 0
    temperature: float | None = None
    sample: int = 0
    stage: str = ""
    item_id: str = ""
    document_id: str | None = None


@dataclass(frozen=True, slots=True)
class TokenCandidate:
    """A candidate for one position and its natural-log probability."""

    token: str
    logprob: float


@dataclass(frozen=True, slots=True)
class ChatResponse:
    """One response, from the endpoint or from the store.

    Attributes:
        text: the answer without reasoning (`<think>` blocks and `reasoning_content` are taken out).
        finish_reason: `stop`, `length`, ...
        first_token: candidates of the first generated token, most probable first; empty without logprobs.
        prompt_tokens, completion_tokens: as billed, or counted by us where `usage_estimated`.
        latency_s: seconds from request to last byte, at the time it was really made.
        cost_usd: None where the model's prices are not configured.
        from_store: True when no request was made for it.
        key: the response store's key.
        raw: the endpoint's whole answer as JSON text.
    """

    text: str
    finish_reason: str
    first_token: tuple[TokenCandidate, ...] = ()
    prompt_tokens: int = 0
    completion_tokens: int = 0
    usage_estimated: bool = False
    latency_s: float = 0.0
    cost_usd: float | None = None
    from_store: bool = False
    key: str = ""
    raw: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class EmbeddingRequest:
    """One request for a vector of each of `texts`. Equal requests to the same model and revision are answered
    from the response store; the last three fields are for accounting, as those of ChatRequest."""

    route: ClassVar[str] = "embeddings"
    max_tokens: ClassVar[int] = 0

    texts: tuple[str, ...]
    stage: str = ""
    item_id: str = ""
    document_id: str | None = None


@dataclass(frozen=True, slots=True)
class EmbeddingResponse:
    """The vectors of an EmbeddingRequest in the order of its texts; the other fields are those of
    ChatResponse."""

    vectors: Vectors = field(repr=False)
    prompt_tokens: int = 0
    latency_s: float = 0.0
    cost_usd: float | None = None
    from_store: bool = False
    key: str = ""


ModelRequest = ChatRequest | EmbeddingRequest


class Ask(Protocol):
    """A stage's view of a model: awaited until the answer is there; raises CallFailed for this request
    only."""

    @overload
    def __call__(self, request: ChatRequest, /) -> Coroutine[Any, Any, ChatResponse]: ...
    @overload
    def __call__(self, request: EmbeddingRequest, /) -> Coroutine[Any, Any, EmbeddingResponse]: ...
