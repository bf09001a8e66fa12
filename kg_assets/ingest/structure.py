"""The outline of a text: headings, fenced code, paragraphs, list items and table rows, as spans.

Sentences are in `boundaries`; how spans become chunks is in `chunk`. Every text is read as Markdown: plain
text has no marks of its own to confuse it with, and much of it is Markdown by another name. One pass, linear.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

BlockKind = Literal["heading", "code", "text"]
# (level, title) of the headings that a position stands under, outermost first.
Outline = tuple[tuple[int, str], ...]

_Grouped = Literal["list", "table"]

_MAX_SETEXT_CHARS = 200

_ATX = re.compile(r" {0,3}(#{1,6})[ \t]+(\S.*)")
_SETEXT = re.compile(r" {0,3}(=+|-{2,})[ \t]*$")
_RULE = re.compile(r" {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$")
_FENCE = re.compile(r"[ \t]*(`{3,}(?=[^`]*$)|~{3,})")
_ITEM = re.compile(
    r"[ \t\u3000]*(?:[-*+•·●○■□◆▪–][ \t]+|\d{1,3}[.)．][ \t]+|\d{1,3}(?:、|．(?!\d))"
    r"|[一二三四五六七八九十]{1,3}、|[（(](?:\d{1,3}|[一二三四五六七八九十]{1,3}|[a-zA-Z])[)）]|[①-⑳])"
)
_ROW = re.compile(r"[ \t]*\|")
_INDENTED = re.compile(r" {2,}|\t|\u3000")
_QUOTE = re.compile(r"[ \t]*>")


@dataclass(frozen=True, slots=True)
class Block:
    """A span without white space at its ends. Blocks with the same `section` stand under the same heading,
    which is itself the first block of its section; `heading_path` includes it. The items of a list and the
    rows of a table have the same `group`; any other block has one of its own."""

    start: int
    end: int
    kind: BlockKind
    section: int
    outline: Outline
    group: int = 0

    @property
    def heading_path(self) -> tuple[str, ...]:
        return tuple(title for _, title in self.outline)


class _Line(NamedTuple):
    start: int
    text: str

    @property
    def end(self) -> int:
        return self.start + len(self.text)


def parse_blocks(text: str, start: int, end: int, outline: Outline = ()) -> list[Block]:
    """Blocks of `text[start:end]` in order; together they hold every character that is not white space.

    `outline` is what the start stands under. A fence that is never closed is read as text, as otherwise a
    stray one would hide all headings after it.
    """
    parser = _Parser(text, outline)
    lines = list(_lines(text[start:end], start))
    closings = _fence_closings(lines)
    index = _skip_front_matter(lines, parser) if start == 0 else 0
    while index < len(lines):
        closing = closings.get(index)
        if closing is not None:
            parser.finish()
            parser.add(lines[index].start, lines[closing].end, "code")
            index = closing
        else:
            parser.take(lines[index])
        index += 1
    parser.finish()
    return parser.blocks


class _Parser:
    """Groups lines into blocks; `_open` is the text block that the next line may continue."""

    def __init__(self, text: str, outline: Outline) -> None:
        self.blocks: list[Block] = []
        self._text = text
        self._outline = outline
        self._section = 0
        self._group = 0
        self._grouped: _Grouped | None = None
        self._open: list[_Line] = []

    def take(self, line: _Line) -> None:
        if not line.text or line.text.isspace():
            self.finish()
        elif self._underlined(line):
            title = self._open.pop()
            self._heading(title.start, line.end, 1 if "=" in line.text else 2, title.text.strip())
        elif heading := _ATX.match(line.text):
            self.finish()
            self._heading(line.start, line.end, len(heading[1]), _without_closing(heading[2]))
        else:
            if _ITEM.match(line.text) or _ROW.match(line.text) or _RULE.match(line.text):
                self.finish()
            self._open.append(line)
            if _RULE.match(line.text):
                self.finish()

    def finish(self) -> None:
        """Close the open text block, if any."""
        if self._open:
            self.add(self._open[0].start, self._open[-1].end, "text", self._grouped_by(self._open[0].text))
            self._open = []

    def add(self, start: int, end: int, kind: BlockKind, grouped: _Grouped | None = None) -> None:
        text = self._text[start:end]
        start += len(text) - len(text.lstrip())
        end -= len(text) - len(text.rstrip())
        if grouped is None or grouped != self._grouped:
            self._group += 1
        self._grouped = grouped
        self.blocks.append(Block(start, end, kind, self._section, self._outline, self._group))

    def _grouped_by(self, first_line: str) -> _Grouped | None:
        """What the text that begins with this line is part of; an indented paragraph goes on with a list."""
        if _ROW.match(first_line):
            return "table"
        if _RULE.match(first_line):
            return None
        listed = _ITEM.match(first_line) or (self._grouped == "list" and _INDENTED.match(first_line))
        return "list" if listed else None

    def _underlined(self, line: _Line) -> bool:
        """Whether this line makes a setext heading of the one above: a paragraph of one short line."""
        if len(self._open) != 1 or not _SETEXT.match(line.text):
            return False
        above = self._open[0].text
        marked = _ITEM.match(above) or _ROW.match(above) or _QUOTE.match(above) or _RULE.match(above)
        return not marked and len(above) <= _MAX_SETEXT_CHARS

    def _heading(self, start: int, end: int, level: int, title: str) -> None:
        above = tuple(entry for entry in self._outline if entry[0] < level)
        self._outline = (*above, (level, title)) if title else above
        self._section += 1
        self.add(start, end, "heading")


def _without_closing(title: str) -> str:
    """`Title ##` means `Title`; `C#` stays."""
    bare = title.rstrip().rstrip("#")
    return bare.strip() if not bare or bare[-1].isspace() else title.strip()


def _lines(text: str, offset: int) -> Iterator[_Line]:
    for line in text.split("\n"):
        yield _Line(offset, line)
        offset += len(line) + 1


def _skip_front_matter(lines: list[_Line], parser: _Parser) -> int:
    """YAML between `---` lines at the very start: its end would else look like a setext heading."""
    if not lines or lines[0].text.rstrip() != "---":
        return 0
    for index, line in enumerate(lines[1:], start=1):
        if line.text.rstrip() == "---":
            parser.add(lines[0].start, line.end, "code")
            return index + 1
        if not line.text.strip():
            break
    return 0


def _fence_closings(lines: list[_Line]) -> dict[int, int]:
    """For each line that opens fenced code, the line that closes it."""
    fences = [(index, match[1]) for index, line in enumerate(lines) if (match := _FENCE.match(line.text))]
    longest_after = [{"`": 0, "~": 0}]
    for index, mark in reversed(fences):
        after = longest_after[-1]
        length = len(mark) if lines[index].text.strip() == mark else 0
        longest_after.append({**after, mark[0]: max(after[mark[0]], length)})
    longest_after.reverse()
    closings: dict[int, int] = {}
    at = 0
    while at < len(fences):
        index, mark = fences[at]
        at += 1
        # A row of tildes below text is the underline of a reStructuredText heading.
        underlines = mark[0] == "~" and index > 0 and bool(lines[index - 1].text.strip())
        if underlines or longest_after[at][mark[0]] < len(mark):
            continue
        for later in range(at, len(fences)):
            other, closing = fences[later]
            bare = lines[other].text.strip() == closing
            if bare and closing[0] == mark[0] and len(closing) >= len(mark):
                closings[index] = other
                at = later + 1
                break
    return closings
