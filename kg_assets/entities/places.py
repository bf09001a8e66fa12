"""Names of places with and without the word for their kind, as 北京 and 北京市."""

from kg_assets.entities.spelling import is_chinese, spelling_key

_KINDS = ("特别行政区", "自治区", "省", "市", "县")
_MIN_CHARS = 2


def without_kind_of_place(name: str) -> str:
    """The spelling key of a Chinese name without the kind at its end; empty for any other."""
    if not is_chinese(name):
        return ""
    key = spelling_key(name)
    kind = next((kind for kind in _KINDS if key.endswith(kind)), "")
    bare = key.removesuffix(kind)
    return bare if len(bare) >= _MIN_CHARS else key
