"""What is kept of an answer, whichever kind of request it is to, and how each kind is written and read."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from resources.models.dialects import Dialect
from resources.models.embeddings import BadVectorsError, embedding_body, packed, read_embeddings
from resources.models.reading import Completion, read_completion, well_formed
from resources.models.refusals import Kind
from resources.models.settings import ModelSettings
from resources.models.types import EmbeddingRequest, ModelRequest

_MOST_RAW_CHARS = 4000
"""Of vectors that are of no use: their beginning shows what is wrong, all of them are megabytes."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The fields of a StoredResponse that the answer says. Tokens are None where the endpoint did not bill
    them; `useless` is why the answer cannot be used, as kind and detail, None for one that can."""

    raw: str
    text: str = ""
    reasoning: str = ""
    finish_reason: str = ""
    first_token: str = "[]"
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    useless: tuple[Kind, str] | None = None


def body_of(request: ModelRequest, dialect: Dialect, model: str, settings: ModelSettings) -> dict[str, Any]:
    """The JSON body of a request for one endpoint."""
    if isinstance(request, EmbeddingRequest):
        return embedding_body(request, model)
    return dialect.write(request, model, settings)


def texts_of(request: ModelRequest) -> list[str]:
    """All that the model reads of a request, for counting tokens."""
    if isinstance(request, EmbeddingRequest):
        return list(request.texts)
    texts = [message.content for message in request.messages]
    if request.schema is not None:
        texts.append(json.dumps(request.schema, ensure_ascii=False))
    return texts


def answer_to(request: ModelRequest, body: str, stored: Callable[[str], str]) -> Answer:
    """Reads the body of an answer; `stored` takes secrets out of a text.

    Of vectors only `text` is kept, base64 of 16-bit floats, and not in `raw`, where they would take ten
    times the room.

    Raises:
        ValueError: the body is not what such a request is answered with.
    """
    if isinstance(request, EmbeddingRequest):
        return _embeddings(request, body, stored)
    return _completion(stored(well_formed(body)), stored)


def _completion(raw: str, stored: Callable[[str], str]) -> Answer:
    completion = read_completion(raw)
    useless: tuple[Kind, str] | None = None
    if _says_nothing(completion):
        shown = f"the model answered with an empty text (finish_reason {completion.finish_reason!r})"
        useless = "empty", shown
    return Answer(
        raw=raw,
        # Once more after parsing: JSON can write any character as \uXXXX.
        text=stored(completion.text),
        reasoning=stored(completion.reasoning),
        finish_reason=completion.finish_reason,
        first_token=json.dumps([[c.token, c.logprob] for c in completion.first_token], ensure_ascii=False),
        prompt_tokens=completion.prompt_tokens,
        completion_tokens=completion.completion_tokens,
        useless=useless,
    )


def _embeddings(request: EmbeddingRequest, body: str, stored: Callable[[str], str]) -> Answer:
    try:
        found = read_embeddings(body, len(request.texts))
    except BadVectorsError as error:
        shown = stored(well_formed(body))[:_MOST_RAW_CHARS]
        return Answer(raw=shown, useless=("bad_vectors", str(error)))
    return Answer(
        raw=stored(well_formed(found.rest)),
        text=packed(found.vectors),
        prompt_tokens=found.prompt_tokens,
        completion_tokens=0,
    )


def _says_nothing(completion: Completion) -> bool:
    """Neither text, nor candidates for one, nor a reason why not."""
    explained = completion.finish_reason in ("length", "content_filter") or completion.refusal
    return not (completion.text or completion.first_token or explained)
