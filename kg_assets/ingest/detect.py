"""The encoding of a text that is in none of those that were named: found by how its bytes are distributed."""

import unicodedata

import chardet

from kg_assets.ingest.decode import encodable, unix_newlines

_SAMPLE_BYTES = 200_000
_BEFORE_BYTES = 2_000
# Fewer bytes outside ASCII fit too many encodings, unless there is ASCII around them that tells the language.
_MIN_FOREIGN_BYTES = 10
_MIN_BYTES = 80
_MIN_WIDE_BYTES = 30
# Encodings and the larger ones that hold all of them.
_WIDER = {"gb2312": "gb18030", "shift_jis": "cp932", "big5": "big5hkscs", "euc_kr": "cp949"}
# ASCII, Latin, punctuation, kana, Chinese characters and full width forms: what is left when UTF-16 is
# read in the wrong order is spread over all of Unicode.
_USUAL = ((0x09, 0x17F), (0x2010, 0x2040), (0x3000, 0x30FF), (0x4E00, 0x9FFF), (0xFF00, 0xFFEF))
_MIN_USUAL = 0.95


def detected(raw: bytes) -> tuple[str, str] | None:
    """The text and the name of its encoding, or None where that is not clear or the bytes are no text."""
    if b"\0" in raw:
        return _utf_16(raw)
    first = next((position for position, byte in enumerate(raw) if byte >= 0x80), None)
    if first is None:
        return None
    sample = raw[max(0, first - _BEFORE_BYTES) :][:_SAMPLE_BYTES]
    if sum(byte >= 0x80 for byte in sample) < _MIN_FOREIGN_BYTES and len(sample) < _MIN_BYTES:
        return None
    name = chardet.detect(sample)["encoding"]
    if name is None:
        return _utf_16(raw)
    encoding = name.lower().replace("-", "_")
    for candidate in (encoding, _WIDER.get(encoding, encoding)):
        if (text := _decoded(raw, candidate)) is not None:
            return text, candidate
    return None


def _utf_16(raw: bytes) -> tuple[str, str] | None:
    """UTF-16 without a byte order mark, in the order that gives usual characters."""
    if len(raw) < _MIN_WIDE_BYTES:
        return None
    for encoding in ("utf-16-le", "utf-16-be"):
        text = _decoded(raw, encoding)
        if text is not None:
            sample = text[:_SAMPLE_BYTES]
            usual = sum(any(low <= ord(character) <= high for low, high in _USUAL) for character in sample)
            if usual >= _MIN_USUAL * len(sample):
                return text, encoding
    return None


def _decoded(raw: bytes, encoding: str) -> str | None:
    try:
        text = raw.decode(encoding)
    except (UnicodeError, LookupError):
        return None
    return unix_newlines(text) if encodable(text) and _is_text(text) else None


def _is_text(text: str) -> bool:
    """No control characters, private or unassigned ones: bytes that were no text would give some."""
    return not any(
        unicodedata.category(character) in ("Cc", "Co", "Cn") and character not in "\t\n\r\f"
        for character in set(text)
    )
