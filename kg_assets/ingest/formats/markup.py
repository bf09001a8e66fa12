"""XML of any kind: titles become headings, records lists of their fields, the rest paragraphs and tables."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree

from kg_assets.ingest.decode import Rejected
from kg_assets.ingest.formats.markdown import heading, one_line, table
from kg_assets.ingest.formats.parsed import CORRUPT, NO_TEXT, Parsed
from kg_assets.ingest.formats.safe_xml import parse_xml_bytes
from kg_assets.ingest.formats.web import parse_html_bytes

_TITLES = frozenset({"title", "head", "heading", "caption"})
_ROWS = frozenset({"row", "tr"})
_CODE = frozenset({"programlisting", "screen", "code-block", "pre", "literallayout", "codeblock"})
_ITEMS = frozenset({"listitem", "item", "li"})
_MAX_DEPTH = 200
# Text beside elements, as in <p>some <b>words</b></p>.
_WORD = re.compile(r"\w")


def parse_xml(path: Path) -> Parsed | Rejected:
    """One document for a file; XHTML is read as a web page."""
    raw = path.read_bytes()
    try:
        root = parse_xml_bytes(raw)
    except etree.XMLSyntaxError:
        return CORRUPT
    if _name(root) == "html":
        return parse_html_bytes(raw)
    if any(isinstance(node, etree._Entity) for node in root.iter(etree.Entity)):
        return Rejected("corrupt", "It defines entities of its own, which are not followed; write them out.")
    text = "\n\n".join(part for part in _parts(root, 0, 1) if part.strip())
    return Parsed(re.sub(r"(?m)^(- .*)\n\n(?=- )", r"\1\n", text), {"root": _name(root)}) if text else NO_TEXT


def _parts(element: Any, depth: int, level: int) -> Iterator[str]:
    name, children = _name(element), list(element)
    if name in _CODE:
        yield f"```\n{''.join(element.itertext()).strip()}\n```"
    elif not children:
        if text := one_line(element.text or ""):
            yield heading(level, text) if name in _TITLES else _item(element, text)
    elif _is_mixed(element) or depth > _MAX_DEPTH:
        yield _item(element, one_line(" ".join("".join(element.itertext()).split())))
    elif rows := _rows(element):
        yield table(rows)
    elif name not in _ITEMS and _is_record(children):
        yield _record(children)
    else:
        inner = level + 1 if any(_name(child) in _TITLES for child in children) else level
        for child in children:
            yield from _parts(child, depth + 1, level if _name(child) in _TITLES else inner)


def _item(element: Any, text: str) -> str:
    """A paragraph, or an item of a list if it stands in one."""
    parent = element.getparent()
    first = parent is not None and (parent.index(element) == 0)
    in_item = _name(element) in _ITEMS or (parent is not None and _name(parent) in _ITEMS and first)
    return f"- {text}" if in_item else text


def _is_mixed(element: Any) -> bool:
    return bool(_WORD.search(element.text or "")) or any(_WORD.search(child.tail or "") for child in element)


def _rows(element: Any) -> list[list[str]]:
    """Cells of a table, or of two or more records with the same flat fields."""
    if any(_name(child) in _ROWS for child in element.iter()) and _name(element) in (
        "table",
        "informaltable",
        "tgroup",
    ):
        return [[_text(cell) for cell in row] for row in element.iter() if _name(row) in _ROWS]
    children = list(element)
    fields = [_name(field) for field in children[0]]
    if len(children) < 2 or len(fields) < 2 or len(set(fields)) < len(fields):
        return []
    if all(_name(c) == _name(children[0]) and [_name(f) for f in c] == fields for c in children) and all(
        len(field) == 0 and len(_text(field)) <= 200 for child in children for field in child
    ):
        return [fields] + [[_text(field) for field in child] for child in children]
    return []


def _is_record(children: list[Any]) -> bool:
    return (
        len(children) >= 2
        and all(
            len(child) == 0 and _name(child) not in _TITLES and len(_text(child)) <= 200 for child in children
        )
        and len({_name(child) for child in children}) == len(children)
    )


def _record(children: list[Any]) -> str:
    return "\n".join(f"- {_name(child)}: {text}" for child in children if (text := _text(child)))


def _text(element: Any) -> str:
    return one_line(" ".join("".join(element.itertext()).split()))


def _name(element: Any) -> str:
    return etree.QName(element).localname.lower() if isinstance(element.tag, str) else ""
