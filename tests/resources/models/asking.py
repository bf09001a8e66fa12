"""Requests as the stages make them, and what all gateways of the tests have in common."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from resources.models.gateway import Gateway
from resources.models.retry import RetryPolicy
from resources.models.types import ChatRequest, Message

CANARY_KEY = "sk-canary-7f3a9b2c4d5e6f708192a3b4c5d6e7f8"
QUICK = RetryPolicy(scale=0.01, gone_after_s=1.5)

T = TypeVar("T")
MakeGateway = Callable[..., Gateway]


def collect(results: Iterable[T]) -> tuple[list[T], Exception | None]:
    """What an iterator yields, and the exception that ends it."""
    collected: list[T] = []
    try:
        for result in results:
            collected.append(result)
    except Exception as error:
        return collected, error
    return collected, None


def chat(text: str = "Hello", **changes: Any) -> ChatRequest:
    """A request for free text."""
    arguments: dict[str, Any] = {"messages": (Message("user", text),), "max_tokens": 100, "stage": "claims"}
    return ChatRequest(**arguments | changes)


STATEMENTS_SCHEMA: dict[str, Any] = {
    "title": "Statements",
    "type": "object",
    "properties": {
        "paraphrases": {"type": "array", "items": {"type": "string"}},
        "negations": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["paraphrases", "negations"],
    "additionalProperties": False,
}


def statements(fact: str = "Snow is white.", **changes: Any) -> ChatRequest:
    """A request with a schema."""
    text = f'<input>\n{{"statement": "{fact}", "n_true": 1, "n_false": 1}}\n</input>'
    return chat(text, schema=STATEMENTS_SCHEMA, **changes)


def judgement(statement: str = "Snow is white.", **changes: Any) -> ChatRequest:
    """A request for yes or no with the first token's candidates."""
    text = f"<input>\n{statement}\n</input>"
    return chat(text, **{"max_tokens": 1, "top_logprobs": 20} | changes)
