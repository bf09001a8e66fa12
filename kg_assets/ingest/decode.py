"""From bytes to text and from text to JSON values, strictly: nothing is replaced, nothing guessed.

What the text or the values mean is in `read`.
"""

import codecs
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from resources.errors import SettingsError

_EXCERPT_CHARS = 2000
# UTF-32 first: its little-endian mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class Rejected:
    """Why something was not read: a reason in snake case and a sentence that says what to do."""

    reason: str
    detail: str


# Python's JSON encoder gives up near 1000 levels.
_MAX_DEPTH = 100
_TOO_DEEP = Rejected("invalid_json", f"It is nested more than {_MAX_DEPTH} levels deep; flatten it.")


def decode(raw: bytes, encodings: Sequence[str], name: str) -> str | Rejected:
    """Decode with the byte order mark's encoding if there is one, else the first of `encodings` that fits.

    The mark is removed and newlines are unified. Text with a NUL character does not fit; `name` is for the
    advice.

    Raises:
        SettingsError: `encodings` is empty.
    """
    if not encodings:
        raise SettingsError("documents.encodings names no encoding; name at least one, such as utf-8.")
    marked = next((encoding for mark, encoding in _MARKS if raw.startswith(mark)), None)
    for encoding in encodings if marked is None else (marked,):
        try:
            text = raw.decode(encoding)
        except UnicodeError:
            continue
        if "\0" not in text and encodable(text):
            return unix_newlines(text.removeprefix(_MARK))
    if b"\0" in raw and marked is None:
        return Rejected(
            "binary",
            "It holds NUL bytes, so it is no text file; if it is UTF-16 without a byte order mark, convert "
            f"it with iconv -f UTF-16LE -t UTF-8 {name!r}.",
        )
    if marked is not None:
        return Rejected(
            "undecodable",
            f"Its byte order mark says {marked.upper()}, but the rest is not; save it again as UTF-8.",
        )
    return Rejected("undecodable", _advice(raw, encodings, name))


def unix_newlines(text: str) -> str:
    """The text with `\\r\\n` and `\\r` as `\\n`; nothing else is changed."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def parse_json(text: str) -> Any | Rejected:
    """The value of a JSON text by the letter of the standard: no NaN, no infinities, no number too large.

    Duplicate keys are refused, since all but the last would be lost; so is nesting that could not be written
    again.
    """
    try:
        value = json.loads(
            text, parse_constant=_refuse_constant, parse_float=_finite, object_pairs_hook=_unique_keys
        )
    except RecursionError:
        return _TOO_DEEP
    except ValueError as error:
        return Rejected("invalid_json", f"It is not valid JSON ({error}); mend or remove it.")
    return _TOO_DEEP if _depth(value) > _MAX_DEPTH else value


def _depth(value: Any) -> int:
    depth, level = 0, [value]
    while level := [item for item in level if isinstance(item, dict | list)]:
        depth += 1
        level = [child for item in level for child in (item.values() if isinstance(item, dict) else item)]
    return depth


def encodable(value: Any) -> bool:
    """Whether all strings in a JSON value can be written as UTF-8: no halves of surrogate pairs."""
    try:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def excerpt(raw: str | bytes) -> str:
    """The start of what was read, in a form that any store takes: bytes that are no text as `\\xff`."""
    if isinstance(raw, bytes):
        raw = raw[:_EXCERPT_CHARS].decode("utf-8", "backslashreplace")
    start = raw[:_EXCERPT_CHARS].replace("\0", "\\x00")
    return start.encode("utf-8", "backslashreplace").decode("utf-8")


def _advice(raw: bytes, encodings: Sequence[str], name: str) -> str:
    try:
        raw.decode("utf-8")
        place = ""
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        place = f" (it stops being UTF-8 in line {line})"
    likely = "gb18030" if _looks_like_gb18030(raw) else "cp1252"
    return (
        f"It is not {' or '.join(encodings)}{place}. If it is {likely}, convert it with "
        f"iconv -f {likely.upper()} -t UTF-8 {name!r}, or set documents.encodings: "
        f"[{', '.join([*encodings, likely])}]."
    )


def _looks_like_gb18030(raw: bytes) -> bool:
    try:
        text = raw.decode("gb18030")
    except UnicodeDecodeError:
        return False
    # A single accented letter takes the ASCII letter after it for its second byte; Chinese has two high ones.
    foreign = [character.encode("gb18030") for character in text if not character.isascii()]
    return 2 * sum(len(pair) == 2 and pair[1] >= 0xA1 for pair in foreign) > len(foreign)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError(f"the number {digits[:40]} is too large")
    return number


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(pairs)
    if len(unique) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice!r:.40} occurs twice")
    return unique
