"""HTML as Markdown: what surrounds the text of a page (menus, banners, scripts) goes, its structure stays.

Word files, books and reStructuredText come through here too, since their libraries give HTML.
"""

import re
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup, Tag
from bs4.element import PageElement
from markdownify import MarkdownConverter

from kg_assets.ingest.decode import Rejected
from kg_assets.ingest.formats.markdown import heading, join_lines, one_line, table
from kg_assets.ingest.formats.parsed import NO_TEXT, Parsed

_NOT_TEXT = [
    "script", "style", "noscript", "template", "svg", "math", "canvas", "iframe", "object", "embed", "form",
    "button", "select", "textarea", "input", "nav", "aside", "dialog", "audio", "video", "head",
]  # fmt: skip
_NOT_TEXT_ROLES = ["navigation", "banner", "contentinfo", "search", "menu", "menubar", "toolbar", "dialog"]
_AROUND = re.compile(
    r"(?:^|[-_\s])(?:nav(?:bar|igation|header|footer)?|menu|breadcrumbs?|toc|cookie(?:s|banner)?|sidebar|"
    r"pagination|banner|share|social|advert(?:isement)?|skip-?link|headerlink|docnav|edit(?:section)?)(?:$|[-_\s])",
    re.IGNORECASE,
)
_TABLE_PARTS = ["tbody", "thead", "tfoot", "tr", "td", "th"]
_BLOCKS_OF_LINKS = ["ul", "ol", "dl", "table", "p", "div"]
_MAX_TEXT_OF_LINKS = 0.1
_LINE_BREAK = re.compile(r"[ \t]*\n\s*")
_BLANK_LINES = re.compile(r"\n{3,}")
_DECLARED = re.compile(rb"""charset\s*=\s*["']?\s*([a-zA-Z0-9_.:-]+)""")


def parse_html(path: Path) -> Parsed | Rejected:
    """A web page that was saved."""
    return parse_html_bytes(path.read_bytes())


def parse_html_bytes(raw: bytes) -> Parsed | Rejected:
    """The main text of a page, with its title and description as metadata."""
    soup = _soup(raw)
    metadata = _metadata(soup)
    text = markdown_of(soup, whole_page=True)
    return Parsed(text, metadata) if text else NO_TEXT


def markdown_of(soup: BeautifulSoup, whole_page: bool = False) -> str:
    """Markdown of a tree, which is changed on the way. Of a whole page only what is its text."""
    _clean(soup, whole_page)
    root: Tag = soup
    if whole_page:
        mains: list[Tag] = list(soup.find_all(["main", "article"])) or soup.select("[role=main]")
        tops = [main for main in mains if _above(main, ("main", "article")) is None]
        if len(tops) == 1 and len(tops[0].get_text()) > 0.3 * len(soup.get_text()):
            root = tops[0]
    _unwrap_lines(root)
    for found in root.find_all("table"):
        if _above(found, ("table",)) is None:
            _flatten_layout(found)
    text = _Converter().convert_soup(root)
    lines = [line.rstrip() for line in text.replace("\u00a0", " ").split("\n")]
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip()


def _unwrap_lines(root: Tag) -> None:
    """Line breaks of the source are no line breaks of the text; in Chinese no spaces either."""
    for string in root.find_all(string=re.compile("\n")):
        if string.strip() and _above(string, ("pre",)) is None:
            lines = _LINE_BREAK.split(str(string))
            whole = lines[0]
            for line in lines[1:]:
                whole = join_lines(whole, line) if whole.strip() and line.strip() else f"{whole} {line}"
            string.replace_with(whole)


def soup_of(markup: str | bytes) -> BeautifulSoup:
    """The tree of a piece of HTML."""
    return BeautifulSoup(markup, "lxml")


def _soup(raw: bytes) -> BeautifulSoup:
    # What the page says of its encoding is right far more often than a guess.
    declared = _DECLARED.search(raw[:4096])
    encoding = declared[1].decode("ascii") if declared else None
    return BeautifulSoup(raw, "lxml", from_encoding=encoding)


def _metadata(soup: BeautifulSoup) -> dict[str, Any]:
    found = {}
    if soup.title and (title := one_line(soup.title.get_text())):
        found["title"] = title
    for name in ("author", "description", "keywords", "date"):
        tag = soup.find("meta", attrs={"name": name})
        if isinstance(tag, Tag) and (content := one_line(str(tag.get("content") or ""))):
            found[name] = content
    return found


def _clean(soup: BeautifulSoup, whole_page: bool) -> None:
    for tag in soup.find_all(_NOT_TEXT[:-1] + (["head"] if whole_page else [])):
        tag.decompose()
    if not whole_page:
        return
    for tag in soup.find_all(_is_around):
        if not tag.decomposed:
            tag.decompose()
    for tag in soup.find_all(["header", "footer"]):
        if not tag.decomposed and _above(tag, ("main", "article")) is None:
            tag.decompose()
    for tag in _menus(soup):
        tag.decompose()


def _is_around(tag: Tag) -> bool:
    if tag.attrs is None or tag.name in ("html", "body", "main", "article"):
        return False
    if tag.get("role") in _NOT_TEXT_ROLES or tag.has_attr("hidden") or tag.get("aria-hidden") == "true":
        return True
    if "display:none" in str(tag.get("style") or "").replace(" ", "").lower():
        return True
    names = " ".join([*(tag.get("class") or []), str(tag.get("id") or "")])
    return bool(names.strip()) and bool(_AROUND.search(names)) and tag.find("h1") is None


def _menus(soup: BeautifulSoup) -> list[Tag]:
    """Blocks that are two or more links inside the site and next to nothing else: menus, contents. Only the
    outermost of each."""
    links: dict[int, list[int]] = {}
    blocks: dict[int, Tag] = {}
    for link in soup.find_all("a", href=True):
        inside = not re.match(r"[a-z]+:", str(link["href"]))
        length = len("".join(link.get_text().split())) if inside else -1
        for block in link.parents:
            if block.name in _BLOCKS_OF_LINKS:
                blocks[id(block)] = block
                links.setdefault(id(block), []).append(length)
    found: list[Tag] = []
    for key, lengths in links.items():
        if len(lengths) >= 2 and min(lengths) >= 0:
            text = len("".join(blocks[key].get_text().split()))
            if text - sum(lengths) <= _MAX_TEXT_OF_LINKS * text + 4 * len(lengths):
                found.append(blocks[key])
    chosen = set(map(id, found))
    return [tag for tag in found if not any(id(parent) in chosen for parent in tag.parents)]


def _above(element: PageElement, names: tuple[str, ...]) -> Tag | None:
    """The nearest element around this one with one of these names."""
    return next((parent for parent in element.parents if parent.name in names), None)


def _flatten_layout(found: Tag) -> None:
    """A table that only places things on the page becomes what it places: one that holds tables, headings or
    lists, or that has one column or row with something in it."""
    cells = _grid(found)
    used = {column for row in cells for column, text in enumerate(row) if text.strip()}
    filled = sum(any(text.strip() for text in row) for row in cells)
    holds = found.find(["table", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "ul", "ol", "dl"]) is not None
    if len(used) > 1 and filled > 1 and not holds:
        return
    if holds and len(used) > 1 and filled > 1 and found.find("table") is None and found.find("th"):
        return
    parts = [tag for tag in found.find_all(_TABLE_PARTS) if _above(tag, ("table",)) is found]
    for tag in [found, *parts]:
        tag.name = "div"
    for inner in found.find_all("table"):
        if _above(inner, ("table",)) is None:
            _flatten_layout(inner)


class _Converter(MarkdownConverter):
    """What differs from markdownify: links and pictures are their text, tables are regular, numbers stay."""

    def __init__(self) -> None:
        super().__init__(
            heading_style="ATX", bullets="-", escape_underscores=False, escape_asterisks=False, strip=[]
        )

    def convert_a(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return "" if text.strip() in ("#", "¶", "🔗", "§") else text

    def convert_img(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        described = one_line(str(el.get("alt") or ""))
        return described if len(described) > 20 else ""

    def convert_b(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return text

    convert_strong = convert_em = convert_i = convert_u = convert_b

    def convert_hN(self, n: int, el: Tag, text: str, parent_tags: set[str]) -> str:
        title = one_line(text)
        if "_inline" in parent_tags:
            return f" {title} "
        return f"\n\n{heading(n, title)}\n\n" if title else ""

    def convert_table(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        caption = el.find("caption")
        title = one_line(caption.get_text()) if isinstance(caption, Tag) else ""
        rows = _grid(el)
        return "\n\n" + (f"{title}\n\n" if title else "") + table(rows) + "\n\n"

    def convert_sup(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return f"^{text}" if text.strip().isdigit() and el.find("a") is None else text


def _grid(found: Tag) -> list[list[str]]:
    """Texts of cells; one that spans columns or rows stands in the first, the others are empty."""
    rows: list[list[str]] = []
    taken: dict[int, int] = {}
    for row in (r for r in found.find_all("tr") if _above(r, ("table",)) is found):
        texts: list[str] = []
        for cell in (c for c in row.find_all(["td", "th"]) if _above(c, ("tr",)) is row):
            while taken.get(len(texts), 0) > 0:
                taken[len(texts)] -= 1
                texts.append("")
            text = cell.get_text(" ") if cell.find(["p", "div", "br", "li", "pre"]) else cell.get_text()
            down, right = _span(cell, "rowspan"), _span(cell, "colspan")
            for offset in range(right):
                taken[len(texts)] = down - 1
                texts.append(text if offset == 0 else "")
        while taken.get(len(texts), 0) > 0:
            taken[len(texts)] -= 1
            texts.append("")
        rows.append(texts)
    return rows


def _span(cell: Tag, name: str) -> int:
    value = str(cell.get(name) or "1")
    return min(max(int(value), 1), 100) if value.isdigit() else 1
