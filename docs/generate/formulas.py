"""Formulas as MathML, which browsers draw themselves: no script and no font from elsewhere."""

import re
from html import unescape

from latex2mathml.converter import convert

FORMULA = re.compile(r'<(span|div) class="arithmatex">(?:\\\((.*?)\\\)|\\\[(.*?)\\\])</\1>', re.DOTALL)


def as_mathml(html: str) -> str:
    """The page with each formula that the extension arithmatex has marked in LaTeX as MathML."""
    return FORMULA.sub(_one, html)


def _one(found: re.Match[str]) -> str:
    inline, block = found.group(2), found.group(3)
    if inline is not None:
        return str(convert(unescape(inline)))
    return f'<div class="formula">{convert(unescape(block), display="block")}</div>'
