"""What an endpoint understands of the OpenAI protocol, learned from its refusals: how a request is written
for it, and how the writing is changed when it is refused. No network here."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from resources.models.keys import temperature_of
from resources.models.reading import well_formed
from resources.models.response_store import KnownDialect, ResponseStore, utc_now
from resources.models.settings import ModelSettings
from resources.models.types import ChatRequest

Structured = Literal["json_schema_strict", "json_schema", "json_object", "prompt"]
LADDER: tuple[Structured, ...] = ("json_schema_strict", "json_schema", "json_object", "prompt")

_DROPPABLE = ("logprobs", "temperature", "top_p", "seed")
_ABOUT_STRUCTURE = re.compile(
    r"response_format|json[_ ]?schema|json[_ ]?object|structured|guided|grammar|schema"
)
_LIMIT_NAME = re.compile(r"\bmax_(completion_)?tokens\b")
_AT_MOST = re.compile(r"at most|range|maximum|too large|less than|not exceed|<=")
_SMALLEST_LIMIT = 256
_TOO_LONG = re.compile(r"context[ _](length|size|window)|maximum context|n_ctx|too (long|large|many tokens)")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How to write requests for one endpoint and model.

    Attributes:
        structured: how the answer's schema is sent; in the last two ways it stands in the prompt.
        structured_proven: a request with a schema was accepted in this way.
        limit_field: the parameter that limits the answer.
        most_tokens: the greatest limit that it takes, None if none is known.
        dropped: parameters that the endpoint refuses.
        top_logprobs_limit: the most candidates it gives, None if no limit is known.
        logprobs: whether it returns log-probabilities, None if not known yet.
    """

    structured: Structured = LADDER[0]
    structured_proven: bool = False
    limit_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    most_tokens: int | None = None
    dropped: tuple[str, ...] = ()
    top_logprobs_limit: int | None = None
    logprobs: bool | None = None

    def write(self, request: ChatRequest, model: str, settings: ModelSettings) -> dict[str, Any]:
        """The JSON body of `request`."""
        messages = [{"role": m.role, "content": well_formed(m.content)} for m in request.messages]
        limit_tokens = min(request.max_tokens, self.most_tokens or request.max_tokens)
        body: dict[str, Any] = {"model": model, "messages": messages, self.limit_field: limit_tokens}
        sampling: dict[str, Any] = {
            "temperature": temperature_of(request, settings),
            "top_p": settings.top_p,
            "seed": settings.seed + request.sample,
        }
        if request.top_logprobs and self.logprobs is not False:
            limit = self.top_logprobs_limit or request.top_logprobs
            sampling |= {"logprobs": True, "top_logprobs": min(limit, request.top_logprobs)}
        refused = {*self.dropped, *(["top_logprobs"] if "logprobs" in self.dropped else [])}
        body |= {name: value for name, value in sampling.items() if name not in refused}
        if request.schema is not None:
            self._write_schema(body, request.schema)
        return body

    def _write_schema(self, body: dict[str, Any], schema: Mapping[str, Any]) -> None:
        if self.structured in ("json_schema_strict", "json_schema"):
            name = re.sub(r"[^A-Za-z0-9_-]", "_", str(schema.get("title", "answer")))[:64]
            named: dict[str, Any] = {"name": name, "schema": schema}
            if self.structured == "json_schema_strict":
                named["strict"] = True
            body["response_format"] = {"type": "json_schema", "json_schema": named}
            return
        if self.structured == "json_object":
            body["response_format"] = {"type": "json_object"}
        last = max(i for i, message in enumerate(body["messages"]) if message["role"] == "user")
        wanted = json.dumps(schema, ensure_ascii=False, separators=(",", ":"))
        body["messages"][last]["content"] += (
            f"\n\nAnswer with one JSON object that matches this JSON schema, and with nothing else: {wanted}"
        )

    def next_structured(self) -> "Dialect | None":
        """The next humbler way to ask for structured output; None after the last."""
        step = LADDER.index(self.structured) + 1
        if step == len(LADDER):
            return None
        return replace(self, structured=LADDER[step], structured_proven=False)


def adapted(dialect: Dialect, request: ChatRequest, refusal: str) -> Dialect | None:
    """The dialect to try after the endpoint refused `request` (HTTP 400, 422 or the like), or None if its
    words `refusal` are not about how the request was written."""
    words = refusal.casefold()
    too_much = _LIMIT_NAME.search(words) and _AT_MOST.search(words) and "context" not in words
    if too_much and dialect.most_tokens is None:
        limits = _numbers_below(request.max_tokens, words, least=_SMALLEST_LIMIT)
        if limits:
            return replace(dialect, most_tokens=max(limits))
    if dialect.limit_field == "max_tokens" and "max_completion_tokens" in words:
        return replace(dialect, limit_field="max_completion_tokens")
    if _TOO_LONG.search(words):
        return None
    if dialect.limit_field == "max_completion_tokens" and "max_completion_tokens" in words:
        return replace(dialect, limit_field="max_tokens")
    if request.schema is not None and _ABOUT_STRUCTURE.search(words):
        return dialect.next_structured()
    sends_logprobs = request.top_logprobs > 0 and dialect.logprobs is not False
    if sends_logprobs and "top_logprobs" in words and dialect.top_logprobs_limit is None:
        limits = _numbers_below(request.top_logprobs, words, least=1)
        if limits:
            return replace(dialect, top_logprobs_limit=max(limits))
    for name in _DROPPABLE:
        sent = sends_logprobs if name == "logprobs" else True
        if sent and name not in dialect.dropped and re.search(rf"\b(top_)?{name}\b", words):
            logprobs = False if name == "logprobs" else dialect.logprobs
            return replace(dialect, dropped=(*dialect.dropped, name), logprobs=logprobs)
    # Some endpoints only say "bad request": then a schema that was never accepted is the likeliest reason.
    if request.schema is not None and not dialect.structured_proven:
        return dialect.next_structured()
    return None


def _numbers_below(bound: int, words: str, *, least: int) -> list[int]:
    return [int(number) for number in re.findall(r"\d{1,9}", words) if least <= int(number) < bound]


class DialectBook:
    """The dialect of one endpoint and model, shared by all calls to it and kept in the response store."""

    def __init__(self, store: ResponseStore, endpoint: str, model: str) -> None:
        self._store = store
        self._endpoint = endpoint
        self._model = model
        self._current = self._load()

    @property
    def current(self) -> Dialect:
        return self._current

    async def learn(
        self, used: Dialect, *, structured: bool = False, logprobs: bool | None = None, ignored: bool = False
    ) -> None:
        """Keeps what a successful request in the dialect `used` has shown.

        Args:
            used: the dialect that worked.
            structured: it sent a schema, which was accepted.
            logprobs: it asked for log-probabilities, and whether they came.
            ignored: the schema was accepted, and the answer is no JSON at all.
        """
        # Of what cannot be told apart by success, what others have learned meanwhile stands.
        shown = replace(
            used,
            structured_proven=used.structured_proven or structured,
            logprobs=self._current.logprobs if used.logprobs is None else used.logprobs,
        )
        if logprobs is not None and shown.logprobs is None:
            shown = replace(shown, logprobs=logprobs)
        if ignored and shown.structured in LADDER[:2]:
            # From now on the schema stands in the prompt too.
            shown = replace(shown, structured="json_object", structured_proven=False)
        if shown != self._current:
            self._current = shown
            known = json.dumps(asdict(shown))
            await self._store.keep(KnownDialect(self._endpoint, self._model, known, utc_now()))

    def _load(self) -> Dialect:
        saved = self._store.dialect(self._endpoint, self._model)
        if saved is None:
            return Dialect()
        known = json.loads(saved)
        if known.get("structured") not in LADDER:
            return Dialect()
        fields = {name: known[name] for name in asdict(Dialect()) if name in known}
        return Dialect(**fields | {"dropped": tuple(known.get("dropped", ()))})
