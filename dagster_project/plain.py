"""Text of documents and models as a terminal may show it: nothing in it moves the cursor or sets a title."""

import json
import re
from typing import Any

# Control characters without tab and newline: an escape sequence begins with one of them.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def plain(text: str) -> str:
    """`text` with U+FFFD for every control character."""
    return _CONTROL.sub("\ufffd", text)


def plain_json(value: Any) -> str:
    """JSON in which every control character is written as an escape, which changes nothing of its meaning."""
    text = json.dumps(value, ensure_ascii=False)
    return _CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
