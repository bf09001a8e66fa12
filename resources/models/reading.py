"""Reading the JSON of a chat completion: the answer without its reasoning, the first token's candidates,
usage.

Only what is in the body; whether it is good enough is decided where the call is made.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from resources.models.types import TokenCandidate

_THINK_BLOCK = re.compile(r"<(think|thinking)>(.*?)</\1>", re.DOTALL)
_THINK_OPEN = re.compile(r"\s*<(?:think|thinking)>(.*)", re.DOTALL)
_THINK_CLOSE = re.compile(r"</(?:think|thinking)>")


@dataclass(frozen=True, slots=True)
class Completion:
    """What a completion says. Token counts are None where the endpoint did not bill them; `has_logprobs`
    tells whether it returned any; `refusal` is the endpoint's own text when the model declines."""

    text: str
    reasoning: str
    finish_reason: str
    refusal: str
    first_token: tuple[TokenCandidate, ...]
    has_logprobs: bool
    prompt_tokens: int | None
    completion_tokens: int | None


def read_completion(raw: str) -> Completion:
    """Reads the body of an answer.

    Raises:
        ValueError: not the JSON of a chat completion; the message says what it is instead.
    """
    body = parsed(raw)
    choices = body.get("choices") if isinstance(body, Mapping) else None
    if not isinstance(choices, list) or not all(isinstance(choice, Mapping) for choice in choices):
        raise ValueError("the answer is JSON, but not a chat completion")
    choice: Mapping[str, Any] = choices[0] if choices else {}
    message = choice.get("message")
    message = message if isinstance(message, Mapping) else {}
    reasoning, text = split_reasoning(_content(message.get("content")))
    aside = message.get("reasoning_content") or message.get("reasoning")
    tokens = _logprobs(choice)
    usage = body.get("usage") if isinstance(body.get("usage"), Mapping) else {}
    return Completion(
        text=well_formed(text),
        reasoning=well_formed(aside if isinstance(aside, str) else reasoning),
        finish_reason=str(choice.get("finish_reason") or ""),
        refusal=well_formed(_content(message.get("refusal"))),
        first_token=_first_token(tokens, text, reasoned=bool(reasoning)),
        has_logprobs=bool(tokens),
        prompt_tokens=count_of(usage.get("prompt_tokens")),
        completion_tokens=count_of(usage.get("completion_tokens")),
    )


def parsed(raw: str) -> Any:
    """The JSON of an answer.

    Raises:
        ValueError: it is none.
    """
    try:
        return orjson.loads(raw)
    except ValueError:
        # NaN and half a surrogate pair are no JSON for it, and are to be read as what they are.
        try:
            return json.loads(raw)
        except ValueError as error:
            raise ValueError(f"the answer is not JSON ({error})") from error


def split_reasoning(content: str) -> tuple[str, str]:
    """Reasoning and answer of a content that may hold both; each stripped.

    A block that never closes is all reasoning: the answer was cut off before it began. A closing tag alone
    ends reasoning whose opening tag stood in the prompt. In JSON such tags are somebody's words.
    """
    if content.lstrip().startswith(("{", "[")):
        return "", content.strip()
    blocks = [match[2] for match in _THINK_BLOCK.finditer(content)]
    text = _THINK_BLOCK.sub("", content)
    if unclosed := _THINK_OPEN.match(text):
        return "\n".join([*blocks, unclosed[1]]).strip(), ""
    closings = list(_THINK_CLOSE.finditer(text))
    if closings:
        blocks.append(text[: closings[-1].start()])
        text = text[closings[-1].end() :]
    return "\n".join(blocks).strip(), text.strip()


def well_formed(text: str) -> str:
    """`text` with lone surrogates, which no UTF-8 file or database takes, replaced by U+FFFD."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _content(content: Any) -> str:
    """Text of a content, which is a string or a list of parts of which only the text parts are the answer."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = [part for part in content if isinstance(part, Mapping) and part.get("type") == "text"]
        return "".join(part["text"] for part in parts if isinstance(part.get("text"), str))
    return ""


def count_of(value: Any) -> int | None:
    """A number of tokens as billed, None for what is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _logprobs(choice: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    logprobs = choice.get("logprobs")
    tokens = logprobs.get("content") if isinstance(logprobs, Mapping) else None
    if not isinstance(tokens, list):
        return []
    return [token for token in tokens if isinstance(token, Mapping) and isinstance(token.get("token"), str)]


def _first_token(
    tokens: Sequence[Mapping[str, Any]], text: str, *, reasoned: bool
) -> tuple[TokenCandidate, ...]:
    """Candidates of the token with which the answer `text` begins; reasoning has tokens of its own before
    it."""
    start = "".join(token["token"] for token in tokens).rfind(text) if text else -1
    if start < 0:
        return () if reasoned or not tokens else _candidates(tokens[0])
    end = 0
    for token in tokens:
        end += len(token["token"])
        if end > start:
            return _candidates(token)
    return ()


def _candidates(token: Mapping[str, Any]) -> tuple[TokenCandidate, ...]:
    found: dict[str, float] = {}
    top = token.get("top_logprobs")
    for entry in [*(top if isinstance(top, list) else []), token]:
        if isinstance(entry, Mapping) and isinstance(entry.get("token"), str):
            logprob = entry.get("logprob")
            if isinstance(logprob, int | float) and not isinstance(logprob, bool) and math.isfinite(logprob):
                found.setdefault(well_formed(entry["token"]), float(logprob))
    ordered = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return tuple(TokenCandidate(text, logprob) for text, logprob in ordered)
