"""One page as PDFium sees it: runs of characters with place and font, ruling lines, whether it is a picture.

Coordinates are points (1/72 inch) from the lower left corner. What the runs mean is not decided here.
"""

import ctypes
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

import pypdfium2
import pypdfium2.raw as pdfium

_MAX_OBJECTS = 20_000
_LINE_ENDS = (10, 13)
# PDFium's sign for a hyphen at the end of a line whose word goes on.
_SOFT_HYPHEN = 2
# A gap of this many font sizes parts two runs: columns, cells of a table, a number and its heading.
_GAP = 1.2
_BOLD_NAME = re.compile(r"bold|black|heavy|demi|semibd|-bd\b", re.IGNORECASE)
_BOLD_WEIGHT = 600
_MONO_NAME = re.compile(r"mono|courier|consol|typewriter|cmtt|[a-z0-9]tt\b|code\b", re.IGNORECASE)
_FIXED_PITCH, _FORCE_BOLD = 1, 1 << 18


@dataclass(slots=True)
class Run:
    """Characters on one base line without a wide gap; `size` in points. A hyphen that only breaks a word is
    kept as U+00AD at the end."""

    text: str
    x0: float
    x1: float
    y: float
    top: float
    size: float
    bold: bool
    mono: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """A thin line: from `start` to `end` along its direction, at `at` across."""

    at: float
    start: float
    end: float


@dataclass(slots=True)
class Page:
    """What is on one page; `number` counts from 1."""

    number: int
    width: float
    height: float
    runs: list[Run]
    across: list[Rule]
    upright: list[Rule]
    has_image: bool


def read_page(document: pypdfium2.PdfDocument, index: int) -> Page:
    """The page with this index from 0.

    Raises:
        pypdfium2.PdfiumError: the page is damaged.
    """
    page = document[index]
    try:
        across, upright, has_image = _drawn(page)
        text = page.get_textpage()
        try:
            runs = list(_Runs(text, upright).all())
        finally:
            text.close()
        width, height = page.get_size()
        return Page(index + 1, width, height, runs, across, upright, has_image)
    finally:
        page.close()


class _Runs:
    """Splits the characters of a page, which come in the order of the file, into runs."""

    def __init__(self, text: pypdfium2.PdfTextPage, upright: list[Rule]) -> None:
        self._text = text
        self._upright = sorted(upright, key=lambda rule: rule.at)
        self._places = [rule.at for rule in self._upright]
        self._box = [ctypes.c_double() for _ in range(4)]
        self._origin = [ctypes.c_double() for _ in range(2)]
        self._name = ctypes.create_string_buffer(128)
        self._flags = ctypes.c_int()
        self._characters: list[str] = []
        self._indices: list[int] = []
        self._x0 = self._x1 = self._y = self._top = self._size = 0.0

    def all(self) -> Iterator[Run]:
        get_unicode, get_box, get_origin = (
            pdfium.FPDFText_GetUnicode,
            pdfium.FPDFText_GetCharBox,
            pdfium.FPDFText_GetCharOrigin,
        )
        left, right, bottom, top = self._box
        x, y = self._origin
        for index in range(pdfium.FPDFText_CountChars(self._text)):
            code = get_unicode(self._text, index)
            if code in _LINE_ENDS:
                yield from self._finish()
                continue
            character = _character(code)
            if character == " ":
                if self._characters:
                    self._characters.append(character)
                continue
            if not character:
                continue
            get_box(self._text, index, left, right, bottom, top)
            get_origin(self._text, index, x, y)
            if self._characters and self._parts(left.value, y.value):
                yield from self._finish()
            if not self._indices:
                self._x0, self._y, self._top = left.value, y.value, top.value
                self._x1 = right.value
                self._size = self._font_size(index)
            self._characters.append(character)
            self._indices.append(index)
            self._x1 = max(self._x1, right.value)
            self._top = max(self._top, top.value)
        yield from self._finish()

    def _parts(self, left: float, y: float) -> bool:
        """Whether a character here belongs to another run than the one before it."""
        size = self._size or 10.0
        if not -2 * size < left - self._x1 < _GAP * size or abs(y - self._y) > 0.6 * size:
            return True
        middle = self._y + size / 4
        first, last = bisect_left(self._places, self._x1 - 1), bisect_right(self._places, left + 1)
        return any(rule.start <= middle <= rule.end for rule in self._upright[first:last])

    def _finish(self) -> Iterator[Run]:
        text = "".join(self._characters).strip()
        if text and self._indices:
            last = len(self._indices) - 1
            fonts = [self._font(self._indices[at]) for at in {0, last // 3, 2 * last // 3, last}]
            # A word in bold or typewriter does not make the line so.
            bold, mono = (all(marks) for marks in zip(*fonts, strict=True))
            size = self._font_size(self._indices[last // 2])
            yield Run(text, self._x0, self._x1, self._y, self._top, size, bold, mono)
        self._characters, self._indices = [], []

    def _font_size(self, index: int) -> float:
        """The size as it is seen, which the text's matrix may have changed."""
        matrix = pdfium.FS_MATRIX()
        pdfium.FPDFText_GetMatrix(self._text, index, matrix)
        scale = abs(matrix.d) or abs(matrix.b) or 1.0
        return round(float(pdfium.FPDFText_GetFontSize(self._text, index)) * scale, 1) or 1.0

    def _font(self, index: int) -> tuple[bool, bool]:
        self._name.value, self._flags.value = b"", 0
        pdfium.FPDFText_GetFontInfo(self._text, index, self._name, len(self._name), self._flags)
        name, flags = self._name.value.decode("utf-8", "replace"), self._flags.value
        weight = pdfium.FPDFText_GetFontWeight(self._text, index)
        bold = bool(_BOLD_NAME.search(name)) or bool(flags & _FORCE_BOLD) or weight >= _BOLD_WEIGHT
        return bold, bool(flags & _FIXED_PITCH) or bool(_MONO_NAME.search(name))


def _character(code: int) -> str:
    """The character, a space for all kinds of white space, nothing for what cannot be text."""
    if code == _SOFT_HYPHEN:
        return "\u00ad"
    if code in (0, 0xFFFE, 0xFFFF) or 0xD800 <= code <= 0xDFFF:
        return ""
    character = chr(code)
    if character.isspace():
        return " "
    return character if character.isprintable() or code >= 0xE000 else ""


def _drawn(page: pypdfium2.PdfPage) -> tuple[list[Rule], list[Rule], bool]:
    """Level and upright lines on the page, edges of rectangles too, and whether it has images."""
    across: dict[Rule, None] = {}
    upright: dict[Rule, None] = {}
    has_image = False
    for index in range(min(pdfium.FPDFPage_CountObjects(page), _MAX_OBJECTS)):
        drawn = pdfium.FPDFPage_GetObject(page, index)
        kind = pdfium.FPDFPageObj_GetType(drawn)
        has_image = has_image or kind == pdfium.FPDF_PAGEOBJ_IMAGE
        if kind != pdfium.FPDF_PAGEOBJ_PATH:
            continue
        for (x0, y0), (x1, y1) in _edges(drawn):
            if abs(y0 - y1) < 1.5 < abs(x0 - x1):
                across[Rule(round((y0 + y1) / 2, 1), round(min(x0, x1), 1), round(max(x0, x1), 1))] = None
            elif abs(x0 - x1) < 1.5 < abs(y0 - y1):
                upright[Rule(round((x0 + x1) / 2, 1), round(min(y0, y1), 1), round(max(y0, y1), 1))] = None
    return list(across), list(upright), has_image


Point = tuple[float, float]


def _edges(path: object) -> Iterator[tuple[Point, Point]]:
    """The straight parts of a path, in coordinates of the page."""
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    pdfium.FPDFPath_GetDrawMode(path, fill, stroke)
    if not fill.value and not stroke.value:
        return
    matrix = pdfium.FS_MATRIX()
    pdfium.FPDFPageObj_GetMatrix(path, matrix)
    x, y = ctypes.c_float(), ctypes.c_float()
    first = last = (0.0, 0.0)
    for index in range(min(pdfium.FPDFPath_CountSegments(path), _MAX_OBJECTS)):
        segment = pdfium.FPDFPath_GetPathSegment(path, index)
        pdfium.FPDFPathSegment_GetPoint(segment, x, y)
        here = (
            matrix.a * x.value + matrix.c * y.value + matrix.e,
            matrix.b * x.value + matrix.d * y.value + matrix.f,
        )
        kind = pdfium.FPDFPathSegment_GetType(segment)
        if kind == pdfium.FPDF_SEGMENT_MOVETO:
            first = here
        elif kind == pdfium.FPDF_SEGMENT_LINETO:
            yield last, here
        if pdfium.FPDFPathSegment_GetClose(segment):
            yield here, first
        last = here
