"""reStructuredText through docutils: its HTML becomes Markdown. Nothing outside the file is read."""

from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.core import publish_string
from docutils.parsers.rst import Directive, directives, roles
from docutils.utils import SystemMessage

from kg_assets.ingest.decode import Rejected
from kg_assets.ingest.formats.parsed import CORRUPT, NO_TEXT, Parsed
from kg_assets.ingest.formats.web import markdown_of, soup_of

_SETTINGS = {
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "report_level": 5,
    "halt_level": 5,
    "doctitle_xform": True,
    "initial_header_level": 2,
    "embed_stylesheet": False,
    "stylesheet_path": None,
    "syntax_highlight": "none",
    "input_encoding": "unicode",
    "output_encoding": "unicode",
    "toc_backlinks": False,
    "smart_quotes": False,
}
# Sphinx's directives that hold no text of the document.
_WITHOUT_TEXT = frozenset({"toctree", "index", "highlight", "currentmodule", "module", "contents", "sectnum"})
_CODE = frozenset({"code-block", "sourcecode", "code", "prompt", "parsed-literal", "literalinclude"})


def parse_rst(path: Path) -> Parsed | Rejected:
    """The text in the encoding UTF-8; Sphinx's own directives and roles keep what they hold."""
    from kg_assets.ingest.decode import decode

    text = decode(path.read_bytes(), ("utf-8",), path.name)
    if isinstance(text, Rejected):
        return text
    directives.directive = _directive  # type: ignore[assignment]
    roles.role = _role  # type: ignore[assignment]
    try:
        html = publish_string(text, writer="html5", settings_overrides=_SETTINGS)
    except (SystemMessage, RecursionError):
        return CORRUPT
    soup = soup_of(html)
    for tag in soup.find_all(class_=["contents", "topic-title", "docinfo", "system-message"]):
        tag.decompose()
    markdown = markdown_of(soup, whole_page=True)
    return Parsed(markdown) if markdown else NO_TEXT


_own_directive, _own_role = directives.directive, roles.role


class _Held(Directive):
    """A directive of which only the content is kept."""

    has_content = True
    optional_arguments = 100
    final_argument_whitespace = True
    option_spec = None

    def run(self) -> list[nodes.Node]:
        if self.name in _WITHOUT_TEXT:
            return []
        text = "\n".join(self.content)
        if self.name in _CODE:
            return [nodes.literal_block(text, text)]
        held = nodes.container()
        if self.arguments:
            held += nodes.paragraph("", " ".join(self.arguments))
        self.state.nested_parse(self.content, self.content_offset, held)
        return [held]


def _directive(name: str, *arguments: Any) -> Any:
    if name in _WITHOUT_TEXT or name in _CODE:
        return _Held, []
    found, messages = _own_directive(name, *arguments)
    return (_Held, []) if found is None else (found, messages)


def _role(name: str, *arguments: Any) -> Any:
    found, messages = _own_role(name, *arguments)
    return (_kept_role, []) if found is None else (found, messages)


def _kept_role(_name: str, _raw: str, text: str, *_rest: Any, **_more: Any) -> Any:
    shown = text.split("<")[0].strip() if text.endswith(">") and "<" in text else text.lstrip("~!")
    return [nodes.inline("", shown or text)], []
