"""The encoding of a text that is in none of those that were named: found by how its bytes are distributed."""

import unicodedata

import chardet

from kg_assets.ingest.decode import encodable, unix_newlines

_SAMPLE_BYTES = 200_000
_BEFORE_BYTES = 2_000
# Fewer bytes outside ASCII fit too many encodings: three Chinese characters, one French word.
_MIN_FOREIGN_BYTES = 10
_MIN_WIDE_BYTES = 40
# Encodings and the larger ones that hold all of them.
_WIDER = {"gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932", "big5": "big5hkscs", "euc_kr": "cp949"}


def detected(raw: bytes) -> tuple[str, str] | None:
    """The text and the name of its encoding, or None where that is not clear or the bytes are no text."""
    foreign = next((position for position, byte in enumerate(raw) if byte >= 0x80), None)
    wide = b"\0" in raw
    if wide:
        sample = raw[:_SAMPLE_BYTES]
        enough = len(raw) >= _MIN_WIDE_BYTES
    else:
        # UTF-16 of Chinese has no NUL bytes, but it begins at the beginning.
        start = max(0, (foreign or 0) - _BEFORE_BYTES) & ~3
        sample = raw[start : start + _SAMPLE_BYTES]
        enough = sum(byte >= 0x80 for byte in sample) >= _MIN_FOREIGN_BYTES
    if not enough:
        return None
    name = chardet.detect(sample)["encoding"]
    if name is None:
        return None
    encoding = name.lower().replace("-", "_")
    for candidate in (encoding, _WIDER.get(encoding)):
        text = None if candidate is None else _decoded(raw, candidate)
        if candidate is not None and text is not None:
            return text, candidate
    return None


def _decoded(raw: bytes, encoding: str) -> str | None:
    try:
        text = raw.decode(encoding)
    except (UnicodeError, LookupError):
        return None
    return unix_newlines(text) if encodable(text) and _is_text(text[:_SAMPLE_BYTES]) else None


def _is_text(text: str) -> bool:
    """No control characters, private or unassigned ones: bytes that were no text would give some."""
    return not any(
        unicodedata.category(character) in ("Cc", "Co", "Cn") and character not in "\t\n\r\f"
        for character in set(text)
    )
