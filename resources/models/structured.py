"""JSON from a model's text, and answers of a checked shape with one chance of repair. Makes no requests
itself: it is given `ask`."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from json_repair import repair_json

from resources.errors import CallFailed
from resources.models.reading import well_formed
from resources.models.types import Ask, ChatRequest, ChatResponse, Message

T = TypeVar("T")

# An opening bracket that can begin JSON: prose has brackets too.
_JSON_START = re.compile(r"""\{\s*(?:["'}]|[A-Za-z_]\w*\s*:)|\[\s*(?:[\[{"'\]]|-?\d)""")
_CJK = re.compile(r"[\u3400-\u9fff]")
_MOST_ERROR_CHARS = 500
_MOST_ECHO_CHARS = 12_000
# At temperature 0 small models answer a complaint with the very same words (seen with Qwen2.5-Coder 0.5B).
_REPAIR_TEMPERATURE = 0.7

_REPAIR = {
    "en": "Your answer could not be used: $error. Answer again with JSON only, in the form that was asked "
    "for, without any explanation.",
    "zh": "你的回答无法使用：$error。请重新回答，只输出所要求格式的 JSON，不要任何解释。",
}
_CUT_OFF = {
    "en": "it was cut off because it was too long; write less",
    "zh": "内容太长而被截断，请写得更短",
}
_SEPARATOR = "\n\n----- second answer -----\n\n"


def contains_json(text: str) -> bool:
    """Whether something in `text` looks like the beginning of a JSON object or array."""
    return _JSON_START.search(text) is not None


def parse_json(text: str) -> Any:
    """The JSON object or array in a model's answer.

    Code fences and prose around it are ignored; trailing commas, single quotes, unescaped quotes and a
    missing end are mended. Of several values the longest is taken.

    Raises:
        ValueError: there is none; nothing is made up from prose.
    """
    try:
        value = json.loads(text)
    except ValueError:
        value = _longest_json(text)
    if not isinstance(value, dict | list):
        raise ValueError("the answer contains no JSON object or array")
    return _well_formed(value) if "\\u" in text else value


async def ask_structured(
    ask: Ask, request: ChatRequest, validate: Callable[[Any], T]
) -> tuple[T, tuple[ChatResponse, ...]]:
    """Asks, parses and validates; shows the model its error and asks once more if need be.

    Args:
        ask: the way to the model.
        request: with the schema of the answer.
        validate: gets the parsed JSON, returns what the stage needs, and raises ValueError (or TypeError or
            LookupError) with a text that tells the model what is wrong.

    Returns:
        What `validate` returned, and the responses, the last of which is the one that was used.

    Raises:
        CallFailed: `invalid_json`, `invalid_shape` or `truncated` after the second answer, with both raw
            answers; or whatever `ask` raised.
    """
    responses = [await ask(request)]
    value, problem = _examined(responses[0], validate)
    if problem is None:
        return value[0], tuple(responses)
    responses.append(await ask(_repair_request(request, responses[0].text, problem)))
    value, problem = _examined(responses[1], validate)
    if problem is None:
        return value[0], tuple(responses)
    reason, detail = problem
    raise CallFailed(reason, f"Unusable twice; {detail}", _SEPARATOR.join(r.text for r in responses))


def _examined(
    response: ChatResponse, validate: Callable[[Any], T]
) -> tuple[tuple[T, ...], tuple[str, str] | None]:
    """The value in a 1-tuple, or the reason and text of what is wrong."""
    cut_off = response.finish_reason == "length"
    try:
        # A mended end would pass off half an answer as a whole one.
        parsed = json.loads(response.text) if cut_off else parse_json(response.text)
    except ValueError as error:
        return (), ("truncated", "the answer was cut off at max_tokens") if cut_off else (
            "invalid_json",
            str(error),
        )
    try:
        return (validate(parsed),), None
    except (ValueError, TypeError, LookupError) as error:
        text = " ".join(str(error).split())
        if isinstance(error, KeyError):
            text = f"the field {text} is missing"
        return (), ("invalid_shape", text[:_MOST_ERROR_CHARS])


def _repair_request(request: ChatRequest, answer: str, problem: tuple[str, str]) -> ChatRequest:
    reason, error = problem
    asked = "".join(message.content for message in request.messages if message.role == "user")
    language = "zh" if len(_CJK.findall(asked)) > len(asked) / 5 else "en"
    if reason == "truncated":
        error = _CUT_OFF[language]
    own = request.temperature or 0.0
    return replace(
        request,
        temperature=max(own, _REPAIR_TEMPERATURE),
        messages=(
            *request.messages,
            Message("assistant", answer[:_MOST_ECHO_CHARS]),
            Message("user", _REPAIR[language].replace("$error", error.rstrip("."))),
        ),
    )


def _longest_json(text: str) -> Any:
    decoder = json.JSONDecoder()
    longest, value = 0, None
    position = 0
    while start := _JSON_START.search(text, position):
        begin = start.start()
        try:
            candidate, end = decoder.raw_decode(text, begin)
        except ValueError:
            # Broken or cut off: all that follows may belong to it, so it is mended as a whole.
            mended = repair_json(text[begin:], return_objects=True)
            if isinstance(mended, dict | list) and len(text) - begin > longest:
                return mended
            break
        if end - begin > longest:
            longest, value = end - begin, candidate
        position = end
    return value


def _well_formed(value: Any) -> Any:
    """`value` without lone surrogates, which a model can write as escapes."""
    if isinstance(value, str):
        return well_formed(value)
    if isinstance(value, list):
        return [_well_formed(entry) for entry in value]
    if isinstance(value, dict):
        return {well_formed(name): _well_formed(entry) for name, entry in value.items()}
    return value
