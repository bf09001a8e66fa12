"""Names of organizations with and without their legal form."""

import re

from kg_assets.entities.spelling import is_chinese, spelling_key

_LEGAL_FORM = re.compile(
    r"[\s,]+(?:incorporated|inc|corporation|corp|company|co|limited|ltd|llc|llp|plc|gmbh|ag|kg|s\.?a\.?s?|s\.?r\.?l|"
    r"n\.?v|b\.?v|a/?b|oy|pty|pte|s\.?p\.?a|k\.?k)\.?$",
    re.IGNORECASE,
)
_CHINESE_LEGAL_FORM = re.compile("(?:股份有限公司|有限责任公司|集团有限公司|有限公司|公司)$")
_MIN_CHARS = 3


def without_form(name: str) -> str:
    """A name without the legal form at its end; the whole name where it is nothing else."""
    bare = name.strip()
    if is_chinese(bare):
        bare = _CHINESE_LEGAL_FORM.sub("", bare)
    else:
        while (shorter := _LEGAL_FORM.sub("", bare)) != bare:
            bare = shorter
    return bare or name


def without_legal_form(name: str) -> str:
    """The spelling key of a name without its legal form; the whole name's where little else is left."""
    key = spelling_key(without_form(name))
    return key if len(key) >= _MIN_CHARS else spelling_key(name)


def has_legal_form(name: str) -> bool:
    """Whether a name ends in a legal form."""
    return without_legal_form(name) != spelling_key(name)
