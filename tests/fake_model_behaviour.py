"""What the fake model server can be told to do, what it refuses, and the body of a completion.

No HTTP here; the text of an answer comes from `fake_model_answers`.
"""

import dataclasses
import hashlib
import json
import re
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.fake_model_answers import chat_answer, judgement_candidates

Json = dict[str, Any]


@dataclass
class Behaviour:
    """What the server does. Everything is JSON, so that `configure` can send it.

    Attributes:
        models: names that /v1/models lists; others get a 404 if `only_listed_models`.
        structured: the most it knows: `json_schema`, `json_object` or `none`; `strict_schemas` False refuses
            `"strict": true`; `unnamed_refusal` refuses without saying what; `ignores_schema` accepts a
            schema and answers in prose, unless the schema stands in the prompt.
        logprobs: `supported`, `rejected`, or `ignored` without a word.
        limit_field: `max_tokens`, `max_completion_tokens` (then the other one is refused), or `both`.
        refused_parameters: names that get a 400.
        reasoning: `think`, `unclosed`, `lone_close`, `reasoning_content`, or empty.
        api_key: what `Authorization` must hold, else 401 with the key echoed in OpenAI's way.
        status: answers every request with this HTTP status and `message`.
        no_chat: 400 or 404 to refuse chat as completion-only models are refused.
        canned: pairs of a regular expression for the whole prompt and the answer text; the first hit is
            taken.
        script: what happens to the next requests, one entry each: `ok`, a fault, or `{"fault": …,
            "retry_after": …}`.
        faulty: pairs of a regular expression for the whole prompt and the fault that such a request always
            meets.
        synonyms: names that mean one thing, by their vectors and for who is asked about pairs.
        most_texts: the most texts that an embeddings request may hold, 0 for any number.
        records: whether requests are kept to be looked at; a benchmark makes too many of them.
        faults: fault -> rate; which request fails depends on `fault_seed`, its body and how often that came.
    """

    models: list[str] = field(default_factory=lambda: ["fake-model"])
    only_listed_models: bool = False
    structured: str = "json_schema"
    strict_schemas: bool = True
    unnamed_refusal: bool = False
    ignores_schema: bool = False
    logprobs: str = "supported"
    top_logprobs_limit: int = 20
    limit_field: str = "both"
    most_tokens: int = 0
    refused_parameters: list[str] = field(default_factory=list)
    reasoning: str = ""
    usage: bool = True
    api_key: str = ""
    status: int = 0
    message: str = "refused"
    no_chat: int = 0
    canned: list[list[str]] = field(default_factory=list)
    script: list[Any] = field(default_factory=list)
    faulty: list[list[str]] = field(default_factory=list)
    faults: dict[str, float] = field(default_factory=dict)
    fault_seed: int = 0
    retry_after: str = ""
    synonyms: list[list[str]] = field(default_factory=list)
    most_texts: int = 0
    latency_s: float = 0.0
    hang_s: float = 30.0
    records: bool = True


class State:
    """Behaviour and record, shared by the threads of the server."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        with self.lock:
            self.behaviour = Behaviour()
            self.requests: list[Json] = []
            self.seen: Counter[str] = Counter()
            self.in_flight = 0
            self.most_in_flight = 0

    def configure(self, changes: Json) -> None:
        with self.lock:
            self.behaviour = dataclasses.replace(self.behaviour, **changes)

    def begin(self, headers: Json, body: Json) -> Json:
        """Records a request and decides what happens to it."""
        digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
        with self.lock:
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
            self.seen[digest] += 1
            script = self.behaviour.script
            chosen = (
                script.pop(0)
                if script
                else self._by_prompt(body) or self._by_rate(f"{digest}|{self.seen[digest]}")
            )
            fate = {"fault": chosen} if isinstance(chosen, str) else dict(chosen)
            if not self.behaviour.records:
                return fate | {"number": -1}
            arrived = {"headers": headers, "body": body, "digest": digest, "fault": fate["fault"]}
            self.requests.append(arrived | {"at": time.time(), "answered_at": None})
            return fate | {"number": len(self.requests) - 1}

    def answered(self, number: int) -> None:
        """The answer to the request of this number has been sent whole."""
        with self.lock:
            if 0 <= number < len(self.requests):
                self.requests[number]["answered_at"] = time.time()

    def _by_prompt(self, body: Json) -> str:
        prompt = "\n".join(
            [*(str(message["content"]) for message in body.get("messages", ())), *body.get("input", ())]
        )
        return next((f for pattern, f in self.behaviour.faulty if re.search(pattern, prompt)), "")

    def _by_rate(self, what: str) -> str:
        seeded = hashlib.sha256(f"{self.behaviour.fault_seed}|{what}".encode()).hexdigest()
        share = int(seeded[:12], 16) / 16**12
        for fault, rate in self.behaviour.faults.items():
            if share < rate:
                return fault
            share -= rate
        return "ok"

    def end(self) -> None:
        with self.lock:
            self.in_flight -= 1


class Refused(Exception):
    """An HTTP error answer."""

    def __init__(self, status: int, message: str, **error: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"message": message, "type": "invalid_request_error", **error}}


def check_access(behaviour: Behaviour, body: Json, authorization: str) -> None:
    """Raises Refused for a wrong key, a forced status, an unknown model, or a model that cannot chat."""
    given = authorization.removeprefix("Bearer ")
    if behaviour.api_key and given != behaviour.api_key:
        echo = f"{given[:12]}{'*' * 12}{given[-4:]}"
        raise Refused(
            401, f"Incorrect API key provided: {echo}. Full header: {given}", code="invalid_api_key"
        )
    if behaviour.status:
        raise Refused(behaviour.status, behaviour.message)
    name = body.get("model")
    if behaviour.only_listed_models and name not in behaviour.models:
        raise Refused(404, f"The model `{name}` does not exist", code="model_not_found")
    if behaviour.no_chat:
        raise Refused(behaviour.no_chat, "This is not a chat model. Did you mean to use v1/completions?")


def check_parameters(behaviour: Behaviour, body: Json) -> None:
    """Raises Refused for what this endpoint does not understand, in the words of real ones."""
    texts = body.get("input", ())
    if behaviour.most_texts and len(texts) > behaviour.most_texts:
        raise Refused(
            400, f"batch size {len(texts)} is invalid, it should not be larger than {behaviour.most_texts}"
        )
    wanted = body.get("response_format", {}).get("type", "none")
    ranks = ("none", "json_object", "json_schema")
    strict = body.get("response_format", {}).get("json_schema", {}).get("strict", False)
    if ranks.index(wanted) > ranks.index(behaviour.structured) or (strict and not behaviour.strict_schemas):
        if behaviour.unnamed_refusal:
            raise Refused(400, "Bad request")
        raise Refused(400, f"Invalid parameter: 'response_format' of type '{wanted}' is not supported")
    if behaviour.limit_field == "max_completion_tokens" and "max_tokens" in body:
        words = "'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
        raise Refused(
            400, f"Unsupported parameter: {words}", param="max_tokens", code="unsupported_parameter"
        )
    if behaviour.limit_field == "max_tokens" and "max_completion_tokens" in body:
        raise Refused(400, "Unrecognized request argument supplied: max_completion_tokens")
    limit = body.get("max_tokens") or body.get("max_completion_tokens") or 0
    if behaviour.most_tokens and limit > behaviour.most_tokens:
        most = f"This model supports at most {behaviour.most_tokens} completion tokens"
        raise Refused(400, f"max_tokens is too large: {limit}. {most}.")
    if body.get("logprobs") and behaviour.logprobs == "rejected":
        raise Refused(400, "This model does not support logprobs", param="logprobs")
    if int(body.get("top_logprobs") or 0) > behaviour.top_logprobs_limit:
        raise Refused(
            400, f"top_logprobs must be at most {behaviour.top_logprobs_limit}", param="top_logprobs"
        )
    for name in behaviour.refused_parameters:
        if name in body:
            raise Refused(400, f"Unsupported value: '{name}' is not supported with this model.", param=name)


def completion(behaviour: Behaviour, body: Json) -> Json:
    """The body of a successful answer."""
    prompt = "\n".join(str(message["content"]) for message in body["messages"])
    in_schema_mode = body.get("response_format", {}).get("type") == "json_schema"
    text = next((answer for pattern, answer in behaviour.canned if re.search(pattern, prompt)), None)
    if text is None:
        prose = behaviour.ignores_schema and in_schema_mode
        text = "I would rather talk about the weather." if prose else chat_answer(body, behaviour.synonyms)
    message: Json = {"role": "assistant", "content": text}
    thought = 'Let me think. Perhaps {"entities": []}? yes.'
    if behaviour.reasoning == "think":
        message["content"] = f"<think>\n{thought}\n</think>\n\n{text}"
    elif behaviour.reasoning == "unclosed":
        message["content"] = f"<think>\n{thought}"
    elif behaviour.reasoning == "lone_close":
        message["content"] = f"{thought}\n</think>\n\n{text}"
    elif behaviour.reasoning == "reasoning_content":
        message["reasoning_content"] = thought
    choice: Json = {"index": 0, "finish_reason": "stop", "message": message, "logprobs": None}
    if behaviour.reasoning == "unclosed":
        choice["finish_reason"] = "length"
    if body.get("logprobs") and behaviour.logprobs == "supported":
        choice["logprobs"] = {"content": _token_logprobs(body, message["content"], text)}
    answer: Json = {"id": "chatcmpl-fake", "object": "chat.completion", "created": 0, "choices": [choice]}
    answer["model"] = body.get("model")
    if behaviour.usage:
        used = {"prompt_tokens": len(prompt) // 4 + 1, "completion_tokens": len(message["content"]) // 4 + 1}
        answer["usage"] = used | {"total_tokens": sum(used.values())}
    return answer


def _token_logprobs(body: Json, content: str, text: str) -> list[Json]:
    """Tokens are words; the answer's first one has the candidates of the judgement."""
    before, _, _ = content.partition(text)
    tokens = [(word, [(word, -0.1)]) for word in re.findall(r"\S+\s*", before)]
    candidates = judgement_candidates(body)
    tokens.append((text, [(text if i == 0 else word, p) for i, (word, p) in enumerate(candidates)]))
    return [
        {
            "token": token,
            "logprob": top[0][1],
            "top_logprobs": [{"token": word, "logprob": logprob} for word, logprob in top],
        }
        for token, top in tokens
    ]
