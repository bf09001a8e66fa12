"""What it means when an HTTP request brought no usable completion: wait, give this request up, or stop the
run.

What is done about it is in `retry` and `calling`.
"""

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from resources.models.endpoint import NoReply, Reply
from resources.models.masking import Mask

Kind = Literal[
    "fatal",  # the endpoint will refuse every request: the key, the model, the address
    "busy",  # rate limit
    "unreachable",  # no connection
    "dropped",  # the connection broke
    "unavailable",  # a proxy in front of it has no server behind it (502, 503)
    "timeout",
    "server_error",
    "empty",
    "bad_vectors",  # embeddings that are of no use
    "bad_request",  # may be about how the request was written
    "refused",
]

_DETAIL_CHARS = 500
_OUT_OF_MONEY = re.compile(
    r"insufficient_quota|insufficient balance|billing_hard_limit|billing_not_active"
    r"|exceeded your current quota|credit balance|payment required"
)
_NO_SUCH_MODEL = re.compile(
    r"model_not_found|model_not_exist|model.{0,80}(does not exist|not found|not exist)|unknown model"
    r"|invalid model|no such model"
)
_NO_CHAT = re.compile(
    r"not a chat model|(doesn'?t|does not|not) support(ed)?.{0,30}\bchat|chat template|operationnotsupported"
)
_CONTENT_FILTER = re.compile(
    r"content_filter|content_policy|content management policy|data_inspection_failed"
)
_TITLE = re.compile(r"<title>(.*?)</title>", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Failure:
    """One request that failed. `words` is the endpoint's text for matching, in lower case; `detail` the
    same for people, masked; `status` is None where no answer came. Tokens and cost are what it was billed
    for."""

    kind: Kind
    detail: str
    status: int | None = None
    words: str = ""
    raw: str = ""
    retry_after_s: float | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = None


def failure_of_no_reply(no_reply: NoReply, mask: Mask) -> Failure:
    """A request that no answer came to."""
    kind: Kind = "fatal" if no_reply.kind == "misconfigured" else no_reply.kind
    return Failure(kind, mask.error(no_reply.detail))


def failure_of_reply(reply: Reply, mask: Mask) -> Failure | None:
    """An answer that reports an error, by its status or, as some proxies do, in a body of status 200; else
    None."""
    status = reply.status
    if status < 300 and '"error"' not in reply.body:
        return None
    body = _json(reply.body)
    if status < 300:
        error = body.get("error") if isinstance(body, Mapping) and not body.get("choices") else None
        if not error:
            return None
        code = error.get("code") if isinstance(error, Mapping) else None
        status = code if isinstance(code, int) and 400 <= code < 600 else 500
    text = _error_text(body, reply.body)
    words = text.casefold()
    return Failure(
        kind=_kind(status, words),
        detail=mask.error(text)[:_DETAIL_CHARS] or f"HTTP status {status}",
        status=status,
        words=words,
        raw=mask.error(reply.body),
        retry_after_s=retry_after_s(reply.headers, time.time()),
    )


def retry_after_s(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds the endpoint asks to wait, from `retry-after-ms` or `Retry-After` (seconds or an HTTP date).

    `now` is the Unix time. None where it does not say, or not in a way that can be read.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return max(milliseconds / 1000, 0.0)
    value = headers.get("retry-after")
    seconds = _number(value)
    if seconds is not None:
        return max(seconds, 0.0)
    if value is None:
        return None
    try:
        return max(parsedate_to_datetime(value).timestamp() - now, 0.0)
    except ValueError:
        return None


def _kind(status: int, words: str) -> Kind:
    if status == 429:
        return "fatal" if _OUT_OF_MONEY.search(words) else "busy"
    if status in (401, 402, 403, 404, 405, 501):
        return "fatal"
    if status in (502, 503, 529):
        return "unavailable"
    if status >= 500 or status in (408, 409, 425):
        # llama.cpp reports a schema that it cannot turn into a grammar as an error of its own.
        return "bad_request" if "grammar" in words or "response_format" in words else "server_error"
    if _NO_SUCH_MODEL.search(words) or _NO_CHAT.search(words) or _OUT_OF_MONEY.search(words):
        return "fatal"
    return "refused" if _CONTENT_FILTER.search(words) else "bad_request"


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _error_text(body: Any, raw: str) -> str:
    """All the words of an error body that are the endpoint's own, not an echo of the request."""
    if not isinstance(body, Mapping):
        title = _TITLE.search(raw)
        return " ".join((title[1] if title else raw).split())
    error = body.get("error", body)
    if not isinstance(error, Mapping):
        return str(error)
    words = [error.get(name) for name in ("message", "code", "type", "param")]
    detail = error.get("detail")
    if isinstance(detail, list):
        for entry in detail:
            if isinstance(entry, Mapping):
                place = ".".join(str(part) for part in entry.get("loc", ()))
                words.append(f"{place}: {entry.get('msg', '')}")
    elif detail:
        words.append(detail)
    nested = error.get("metadata")
    if isinstance(nested, Mapping):
        words.append(nested.get("raw"))
    return "; ".join(str(word) for word in words if word not in (None, ""))


def _number(value: str | None) -> float | None:
    try:
        return None if value is None else float(value)
    except ValueError:
        return None
