"""JSON schemas of answers, in the form that every provider's strict mode takes: all fields are required, and
no others are allowed."""

from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]


def object_of(fields: Mapping[str, Schema], title: str = "") -> Schema:
    """An object of these fields; `title` is the name of the whole answer."""
    named = {"title": title} if title else {}
    return named | {
        "type": "object",
        "properties": dict(fields),
        "required": list(fields),
        "additionalProperties": False,
    }


def list_of(items: Schema, least: int = 0, most: int | None = None) -> Schema:
    """A list of so many `items`."""
    bounds = ({"minItems": least} if least else {}) | ({} if most is None else {"maxItems": most})
    return {"type": "array", "items": items} | bounds


def text_of(most_chars: int, least_chars: int = 1) -> Schema:
    """A text of so many characters."""
    least = {"minLength": least_chars} if least_chars else {}
    return {"type": "string"} | least | {"maxLength": most_chars}


def one_of(values: list[str]) -> Schema:
    """One of these words."""
    return {"type": "string", "enum": values}


def whole_number(least: int, most: int) -> Schema:
    """A number from `least` to `most`."""
    return {"type": "integer", "minimum": least, "maximum": most}


def numbered_answers(title: str, count: int, field: str, answer: Schema) -> Schema:
    """A list `answers` that says `field` of each of the things 1 to `count` that a request shows by `id`."""
    each = object_of({"id": whole_number(1, count), field: answer})
    return object_of({"answers": list_of(each, count, count)}, title)
