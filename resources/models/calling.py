"""One model call through to its end: written in the endpoint's dialect, held to limits and budget, retried,
and put into the store the moment it arrives. Which calls are made at all is the gateway's business."""

import json
from collections.abc import Callable

from resources.errors import CallFailed, EndpointError
from resources.models.advice import ModelIdentity, all_failed, fatal, gone, long_wait
from resources.models.answers import Answer, answer_to, body_of, texts_of
from resources.models.dialects import Dialect, DialectBook, adapted
from resources.models.endpoint import Endpoint, NoReply
from resources.models.limits import Budget, Price, RateLimiter, Slots
from resources.models.masking import Mask
from resources.models.reading import read_completion, well_formed
from resources.models.refusals import Failure, failure_of_no_reply, failure_of_reply
from resources.models.response_store import FailedAttempt, ResponseStore, StoredResponse, utc_now
from resources.models.retry import OUTAGE, Health, RetryPolicy, Tries
from resources.models.stopping import StopScope
from resources.models.structured import contains_json
from resources.models.types import ChatRequest, ModelRequest
from resources.models.usage import Meter, StageUsage

# What a chat template adds to a message, in tokens; on the safe side.
_TOKENS_PER_MESSAGE = 8


class Caller:
    """Makes real requests to one endpoint, all in one event loop."""

    def __init__(
        self,
        identity: ModelIdentity,
        endpoint: Endpoint,
        store: ResponseStore,
        *,
        dialects: DialectBook,
        budget: Budget,
        price: Price | None,
        meter: Meter,
        mask: Mask,
        count_tokens: Callable[[str], int],
        concurrency: int,
        policy: RetryPolicy,
    ) -> None:
        self._identity = identity
        self._endpoint = endpoint
        self._store = store
        self._dialects = dialects
        self._budget = budget
        self._price = price
        self._meter = meter
        self._mask = mask
        self._count_tokens = count_tokens
        self._policy = policy
        self._health = Health(policy)
        self._limiter = RateLimiter(identity.settings.rpm, identity.settings.tpm)
        self._slots = Slots(concurrency)

    async def call(self, request: ModelRequest, key: str, scope: StopScope) -> StoredResponse:
        """Makes the request until there is a response, which is in the store when this returns.

        Raises:
            CallFailed: given up after bounded retries, or refused for its content.
            EndpointError: no other request would fare better.
            BudgetExceeded, Stopped, ResponseStoreError.
        """
        tries = Tries(self._policy, self._health, self._identity.settings.max_retries)
        known = dialect = self._dialects.current
        while True:
            began = self._health.now()
            outcome = await self._attempt(request, key, dialect, scope)
            if isinstance(outcome, StoredResponse):
                self._health.succeeded(began)
                # The connection is free again while the response goes to the disk.
                response = await self._kept(outcome)
                if isinstance(request, ChatRequest):
                    await self._learn(request, dialect, response)
                return response
            await self._record(request, key, outcome)
            if outcome.kind == "bad_request":
                self._health.answered()
                if self._dialects.current != known:
                    # Another call has learned what this one has just been told.
                    known = dialect = self._dialects.current
                    continue
                other = None
                if isinstance(request, ChatRequest):
                    other = adapted(dialect, request, outcome.words)
                if other is not None:
                    dialect = other
                    continue
            await scope.sleep(self._pause_s(outcome, tries))

    async def _attempt(
        self, request: ModelRequest, key: str, dialect: Dialect, scope: StopScope
    ) -> StoredResponse | Failure:
        """One HTTP request, inside the limits."""
        prompt_tokens = self._prompt_tokens(request) if self._counts() else 0
        most_usd = self._price.cost_usd(prompt_tokens, request.max_tokens) if self._price else 0.0
        await self._slots.take(scope)
        try:
            scope.check()
            grant = await self._limiter.acquire(prompt_tokens + request.max_tokens, scope)
            reservation = await self._budget.reserve(most_usd, prompt_tokens + request.max_tokens, scope)
            tokens, usd = 0, 0.0
            try:
                outcome = await self._send(request, key, dialect)
                tokens = outcome.prompt_tokens + outcome.completion_tokens
                usd = outcome.cost_usd or 0.0
            finally:
                self._budget.settle(reservation, usd, tokens)
                self._limiter.settle(grant, tokens)
        finally:
            self._slots.give_back()
        return outcome

    async def _send(self, request: ModelRequest, key: str, dialect: Dialect) -> StoredResponse | Failure:
        me = self._identity
        body = json.dumps(body_of(request, dialect, me.model, me.settings), ensure_ascii=False)
        reply = await self._endpoint.post(request.route, body)
        if isinstance(reply, NoReply):
            return failure_of_no_reply(reply, self._mask)
        failure = failure_of_reply(reply, self._mask)
        if failure is not None:
            return failure
        try:
            answer = answer_to(request, reply.body, self._mask.stored)
        except ValueError as error:
            raw = self._mask.stored(well_formed(reply.body))
            if raw.lstrip().startswith("<") and not self._health.successes:
                return Failure("fatal", "it answers with a web page", status=reply.status, raw=raw)
            return Failure("server_error", self._mask.error(str(error)), status=reply.status, raw=raw)
        prompt_tokens, completion_tokens, estimated = self._usage(request, answer)
        cost_usd = self._price.cost_usd(prompt_tokens, completion_tokens) if self._price else None
        if answer.useless is not None:
            kind, detail = answer.useless
            return Failure(
                kind,
                self._mask.error(detail),
                status=reply.status,
                raw=answer.raw,
                prompt_tokens=prompt_tokens,
                completion_tokens=completion_tokens,
                cost_usd=cost_usd,
            )
        return StoredResponse(
            key=key,
            created_at=utc_now(),
            corpus=me.corpus,
            stage=request.stage,
            item_id=request.item_id,
            document_id=request.document_id,
            role=me.role,
            model=me.model,
            revision=me.settings.revision,
            request=self._mask.stored(body),
            raw=answer.raw,
            text=answer.text,
            reasoning=answer.reasoning,
            finish_reason=answer.finish_reason,
            first_token=answer.first_token,
            prompt_tokens=prompt_tokens,
            completion_tokens=completion_tokens,
            usage_estimated=estimated,
            latency_s=reply.latency_s,
            cost_usd=cost_usd,
        )

    async def _kept(self, response: StoredResponse) -> StoredResponse:
        """The response to go on with, which is on the disk."""
        first = await self._store.keep(response)
        tokens = response.prompt_tokens, response.completion_tokens
        self._meter.add(response.stage, StageUsage(1, 0, 0, *tokens, response.cost_usd))
        # Another process may have been first with the same request: all go on with what the store holds.
        return response if first else self._store.get(response.key) or response

    async def _record(self, request: ModelRequest, key: str, failure: Failure) -> None:
        me = self._identity
        usage = StageUsage(0, 0, 1, failure.prompt_tokens, failure.completion_tokens, failure.cost_usd)
        self._meter.add(request.stage, usage)
        await self._store.keep(
            FailedAttempt(
                created_at=utc_now(),
                corpus=me.corpus,
                stage=request.stage,
                item_id=request.item_id,
                role=me.role,
                model=me.model,
                key=key,
                status=failure.status,
                reason=failure.kind,
                detail=well_formed(failure.detail),
                prompt_tokens=failure.prompt_tokens,
                completion_tokens=failure.completion_tokens,
                cost_usd=failure.cost_usd,
            )
        )

    def _pause_s(self, failure: Failure, tries: Tries) -> float:
        """Seconds until the next try. Raises CallFailed or EndpointError where there is none."""
        if failure.kind == "fatal":
            raise EndpointError(fatal(self._identity, failure))
        if failure.kind in ("bad_request", "refused"):
            self._health.answered()
            raise CallFailed(failure.kind, failure.detail, failure.raw)
        if failure.kind not in OUTAGE and failure.kind != "timeout":
            self._health.answered()
        if failure.kind in OUTAGE and self._health.failed_to_answer(failure.kind):
            raise EndpointError(gone(self._identity, failure))
        wait_s = tries.next_wait_s(failure)
        if wait_s is None:
            if self._health.gave_up():
                raise EndpointError(all_failed(self._identity, failure, self._policy.failed_requests))
            reason = "connection" if failure.kind in OUTAGE else failure.kind
            raise CallFailed("rate_limited" if reason == "busy" else reason, failure.detail, failure.raw)
        if wait_s > self._policy.longest_wait_s:
            raise EndpointError(long_wait(self._identity, failure, wait_s))
        if failure.kind == "busy" and failure.retry_after_s is not None:
            self._limiter.pause(failure.retry_after_s)
        return wait_s

    async def _learn(self, request: ChatRequest, used: Dialect, response: StoredResponse) -> None:
        """Keeps what this success shows of the endpoint."""
        logprobs = None
        if request.top_logprobs and used.logprobs is None:
            logprobs = response.first_token != "[]" or read_completion(response.raw).has_logprobs
        structured = request.schema is not None
        ignored = structured and response.finish_reason == "stop" and not contains_json(response.text)
        await self._dialects.learn(used, structured=structured, logprobs=logprobs, ignored=ignored)

    def _usage(self, request: ModelRequest, answer: Answer) -> tuple[int, int, bool]:
        """Prompt and completion tokens, and whether either of them had to be counted here."""
        prompt, completion = answer.prompt_tokens, answer.completion_tokens
        estimated = prompt is None or completion is None
        if prompt is None:
            prompt = self._prompt_tokens(request)
        if completion is None:
            completion = self._count_tokens(answer.reasoning) + self._count_tokens(answer.text)
        return prompt, completion, estimated

    def _prompt_tokens(self, request: ModelRequest) -> int:
        texts = texts_of(request)
        return sum(self._count_tokens(well_formed(text)) + _TOKENS_PER_MESSAGE for text in texts)

    def _counts(self) -> bool:
        """Whether anything depends on a request's size; counting tokens costs more than all the rest here."""
        return self._budget.limited or self._identity.settings.tpm is not None
