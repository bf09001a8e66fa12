"""The one way to a language model: every stage asks here. Equal requests are made once and answered from the
response store ever after; how a real call is made is in `calling`, many at once in `batch`."""

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable, Coroutine, Iterable, Iterator
from typing import Any, TypeVar, overload

import orjson

from resources.errors import CallFailed, EndpointError, SettingsError
from resources.models.advice import ModelIdentity
from resources.models.batch import ItemWork, run_batch
from resources.models.calling import Caller
from resources.models.dialects import Dialect, DialectBook
from resources.models.embeddings import embedding_response
from resources.models.endpoint import Endpoint, normalised_base_url
from resources.models.keys import SingleFlight, request_key
from resources.models.limits import Budget, price_of
from resources.models.loop import MODEL_CALLS
from resources.models.masking import Mask, public_url
from resources.models.reading import read_completion
from resources.models.response_store import ResponseStore, StoredResponse
from resources.models.retry import RetryPolicy
from resources.models.settings import ModelSettings
from resources.models.stopping import Stopped, StopScope
from resources.models.types import (
    VARIABLES,
    Ask,
    ChatRequest,
    ChatResponse,
    EmbeddingRequest,
    EmbeddingResponse,
    Message,
    ModelRequest,
    Role,
    TokenCandidate,
)
from resources.models.usage import Meter, StageUsage

Item = TypeVar("Item")
Result = TypeVar("Result")

_CONCURRENCY = 16
_EMBEDDED_CONCURRENCY = 4
_NOT_STORED = (
    "The stage {stage} needs an answer of the {role} that is not in the response store (key {key}…), and "
    "--offline makes no calls: run without --offline, or with the store, documents and configuration of the "
    "run that made it."
)
_PROBE_STAGE = "probe"
_PROBE_CANDIDATES = 5


class Gateway:
    """One model, for one corpus and one run. Close it (or use `with`) to end its connections.

    What asks is a coroutine, which runs in the event loop of this process's model calls: `map` runs many,
    `run` one. Both are called from any other thread.

    Args:
        role: which of the models it is.
        settings: limits, prices and sampling; `settings.model` and `settings.base_url` are not looked at.
        base_url: of the endpoint, up to and including `/v1`.
        api_key: the secret, None or empty where none is wanted. It is never stored, shown or put into an
            error.
        model: the name under which the endpoint serves it.
        store: where responses are kept; may be shared by gateways and processes.
        corpus: for accounting.
        count_tokens: counts a text's tokens, for limits and for endpoints that report no usage.
        embedded: the endpoint is our own llama.cpp server.
        budget: shared by the gateways of a run; None for no limit.
        offline: no request is made: what is not in the store is an EndpointError that names the stage.
        retry: times of retries; tests make them short.

    Raises:
        SettingsError: an address, key or price makes no sense.
    """

    def __init__(
        self,
        role: Role,
        settings: ModelSettings,
        base_url: str,
        api_key: str | None,
        model: str,
        store: ResponseStore,
        *,
        corpus: str,
        count_tokens: Callable[[str], int],
        embedded: bool = False,
        budget: Budget | None = None,
        offline: bool = False,
        retry: RetryPolicy | None = None,
    ) -> None:
        url = normalised_base_url(base_url, role)
        key = _usable_key(api_key, role)
        limited = budget is not None and budget.usd is not None and not embedded
        price = price_of(settings, role, needed=limited)
        self.role = role
        self.model = model
        self.settings = settings
        self.embedded = embedded
        self.offline = offline
        self.url = public_url(url)
        self.concurrency = settings.concurrency or (_EMBEDDED_CONCURRENCY if embedded else _CONCURRENCY)
        self._store = store
        self._meter = Meter(priced=price is not None)
        self._dialects = DialectBook(store, "embedded" if embedded else self.url, model)
        self._endpoint = Endpoint(url, key, timeout_s=settings.timeout_s, connections=self.concurrency)
        self._caller = Caller(
            ModelIdentity(role, model, self.url, corpus, embedded, settings),
            self._endpoint,
            store,
            dialects=self._dialects,
            budget=budget or Budget(),
            price=price,
            meter=self._meter,
            mask=Mask(key, url),
            count_tokens=count_tokens,
            concurrency=self.concurrency,
            policy=retry or RetryPolicy(),
        )
        self._flights: SingleFlight[StoredResponse] = SingleFlight()
        self._scope = StopScope()
        self._batches: set[StopScope] = set()
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"Gateway({self.role}, {self.model} at {self.url})"

    def __enter__(self) -> "Gateway":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stops what is under way and closes the connections."""
        MODEL_CALLS.run(self._close())

    async def _close(self) -> None:
        with self._lock:
            scopes = [self._scope, *self._batches]
        for scope in scopes:
            scope.abort()
        await self._endpoint.close()

    def run(self, work: Callable[[Ask], Coroutine[Any, Any, Result]]) -> Result:
        """The result of `work(ask)`; blocks until it is there. For what asks outside of a batch.

        Raises:
            Stopped: the gateway was closed; else what `work` raises.
        """
        try:
            return MODEL_CALLS.run(self._tracked(work))
        except concurrent.futures.CancelledError:
            raise Stopped("the request was given up") from None

    @overload
    def ask_and_wait(self, request: ChatRequest, /) -> ChatResponse: ...
    @overload
    def ask_and_wait(self, request: EmbeddingRequest, /) -> EmbeddingResponse: ...
    def ask_and_wait(self, request: Any, /) -> Any:
        """The response to one request, from the store or from the endpoint; blocks until it is there.

        Raises:
            CallFailed: only this request failed: `timeout`, `server_error`, `connection`, `rate_limited`,
                `truncated` (nothing but reasoning within max_tokens), `empty`, `refused`, `bad_request`,
                `bad_vectors` (embeddings of another number, ragged, not finite or zero).
            EndpointError: the endpoint refuses everything or is gone.
            BudgetExceeded: the request might cost more than is left.
            ResponseStoreError: the response could not be kept.
        """
        return self.run(lambda ask: ask(request))

    def map(
        self, items: Iterable[Item], work: ItemWork[Item, Result]
    ) -> Iterator[tuple[Item, Result | CallFailed]]:
        """Runs `work(item, ask)` for each item, `concurrency` requests at a time, and yields results as they
        complete.

        `work` must use the `ask` it is given, which raises what `ask_and_wait` does and ends its waits when
        the batch stops; and it must not block, for all items share one thread. A CallFailed is yielded in
        place of the result; any other exception is raised after the results that were already under way.
        Closing the iterator cancels what has not begun.
        """
        scope = StopScope()
        with self._lock:
            self._batches.add(scope)
        try:
            yield from run_batch(items, work, self._asking(scope), scope, self.concurrency, MODEL_CALLS.loop)
        finally:
            with self._lock:
                self._batches.discard(scope)

    async def supports_logprobs(self, ask: Ask) -> bool:
        """Whether the endpoint returns log-probabilities: probed once with a tiny request, then remembered.

        Raises:
            EndpointError, BudgetExceeded, ResponseStoreError: as `ask`.
        """
        if self._dialects.current.logprobs is None:
            question = Message("user", "Is the sky blue? Answer with one word: yes or no.")
            probe = ChatRequest((question,), 1, top_logprobs=_PROBE_CANDIDATES, stage=_PROBE_STAGE)
            try:
                return bool((await ask(probe)).first_token)
            except CallFailed as failure:
                # It did answer, though not with a word: a model that thinks first has no usable first token.
                if failure.reason not in ("truncated", "empty", "bad_request", "refused"):
                    raise
                return False
        return self._dialects.current.logprobs or False

    @property
    def dialect(self) -> Dialect:
        """What is known of the endpoint's abilities, for reports."""
        return self._dialects.current

    @property
    def usage(self) -> dict[str, StageUsage]:
        """What was called so far, by stage; a snapshot."""
        return self._meter.snapshot()

    def take_usage(self, stage: str) -> StageUsage:
        """The usage of `stage` since it was last taken."""
        return self._meter.take(stage)

    async def _tracked(self, work: Callable[[Ask], Coroutine[Any, Any, Result]]) -> Result:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("only a task can be given up when the gateway is closed")
        self._scope.track(task)
        try:
            return await work(self._asking(self._scope))
        finally:
            self._scope.untrack(task)

    def _asking(self, scope: StopScope) -> Ask:
        async def ask(request: Any, /) -> Any:
            scope.check()
            stored, made = await self._stored_or_called(request, scope)
            if not made:
                self._meter.add(request.stage, StageUsage(calls_from_store=1))
            if isinstance(request, EmbeddingRequest):
                return embedding_response(stored, request, from_store=not made)
            return _usable(stored, from_store=not made)

        return ask

    async def _stored_or_called(self, request: ModelRequest, scope: StopScope) -> tuple[StoredResponse, bool]:
        """The response, and whether a request was made for it here."""
        key = request_key(self.model, self.settings, request)
        calls = []

        async def make() -> StoredResponse:
            stored = self._store.get(key)
            if stored is None:
                if self.offline:
                    raise EndpointError(_NOT_STORED.format(stage=request.stage, role=self.role, key=key[:12]))
                calls.append(key)
                stored = await self._caller.call(request, key, scope)
            return stored

        stored, _ = await self._flights.run(key, make, scope)
        return stored, bool(calls)


def _usable(stored: StoredResponse, *, from_store: bool) -> ChatResponse:
    """Raises CallFailed for a response that came back whole and is of no use: asking again would bring the
    same."""
    if stored.finish_reason == "content_filter":
        raise CallFailed("refused", "The endpoint's content filter stopped the answer.", stored.raw)
    candidates = tuple(TokenCandidate(token, logprob) for token, logprob in orjson.loads(stored.first_token))
    if not stored.text and not candidates:
        refusal = read_completion(stored.raw).refusal
        if refusal:
            raise CallFailed("refused", f"The model declined: {refusal}", stored.raw)
        raise CallFailed(
            "truncated",
            f"The answer was cut off before it began, after {stored.completion_tokens} tokens of reasoning: "
            "raise max_tokens, or use a model that reasons less.",
            stored.raw,
        )
    return ChatResponse(
        text=stored.text,
        finish_reason=stored.finish_reason,
        first_token=candidates,
        prompt_tokens=stored.prompt_tokens,
        completion_tokens=stored.completion_tokens,
        usage_estimated=stored.usage_estimated,
        latency_s=stored.latency_s,
        cost_usd=stored.cost_usd,
        from_store=from_store,
        key=stored.key,
        raw=stored.raw,
    )


def _usable_key(api_key: str | None, role: Role) -> str | None:
    key = (api_key or "").strip()
    if not all("!" <= character <= "~" for character in key):
        raise SettingsError(f"{VARIABLES[role]}_API_KEY has characters that no key has: copy it again.")
    return key or None
