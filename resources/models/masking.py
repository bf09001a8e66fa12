"""Keeping secrets out of whatever is shown or stored. No request is built here."""

import base64
import json
import re
from urllib.parse import unquote, urlsplit, urlunsplit

MASKED = "[key]"

# A key of fewer characters is a placeholder such as `none` or `EMPTY`: masking it would garble ordinary
# words.
SHORTEST_SECRET = 8

_LOOKS_LIKE_A_KEY = re.compile(r"(?i)(?<=bearer )\S+|\b(?:sk|pk|gsk|xai|hf|key)[-_][\w*.\-]{6,}|\S*\*{3,}\S*")


def public_url(url: str) -> str:
    """`url` without user, password, query and fragment, which can carry secrets."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))


class Mask:
    """Takes one endpoint's key out of texts."""

    def __init__(self, api_key: str | None, base_url: str) -> None:
        parts = urlsplit(base_url)
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        basic = base64.b64encode(f"{user}:{password}".encode()).decode("ascii") if password else ""
        known = {s for s in (api_key, parts.password, password, basic) if s and len(s) >= SHORTEST_SECRET}
        # As JSON writes them, too: some write a slash as \/, and a quote is written in no other way.
        known |= {json.dumps(s)[1:-1] for s in known} | {s.replace("/", "\\/") for s in known}
        self._secrets = tuple(sorted(known, key=lambda s: (-len(s), s)))
        self._pieces = {
            secret[i : i + SHORTEST_SECRET]
            for secret in self._secrets
            for i in range(len(secret) - SHORTEST_SECRET + 1)
        }

    def __repr__(self) -> str:
        return "Mask()"

    def stored(self, text: str) -> str:
        """`text` with every full occurrence of a secret replaced; all other characters stay as they came."""
        for secret in self._secrets:
            text = text.replace(secret, MASKED)
        return text

    def error(self, text: str) -> str:
        """An error text fit to be shown: endpoints echo keys whole, in part, or with stars in the middle."""
        text = _LOOKS_LIKE_A_KEY.sub(MASKED, self.stored(text))
        if not any(piece in text for piece in self._pieces):
            return text
        return re.sub(r"\S+", lambda m: MASKED if any(p in m[0] for p in self._pieces) else m[0], text)
