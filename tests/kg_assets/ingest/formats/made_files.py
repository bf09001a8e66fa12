"""Files of every kind with the same content, made by the libraries that people's programs are like."""

import zipfile
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import docx
import openpyxl
from PIL import Image, ImageDraw
from pptx import Presentation
from pptx.util import Inches
from pypdf import PdfReader, PdfWriter
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle, getSampleStyleSheet
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Frame,
    ListFlowable,
    ListItem,
    PageBreak,
    PageTemplate,
    Paragraph,
    Preformatted,
    Table,
)

ENGLISH = (
    "Late blight of potato spreads in cool and wet weather. Its spores travel with the wind for miles, and a "
    "field that was green on Monday can be brown on Friday."
)
CHINESE = "马铃薯晚疫病在凉爽潮湿的天气里传播很快，孢子随风飘散，一周之内整块田地就会枯黄。"
CELLS = (("Variety", "Yield", "Year"), ("Agria", "41.5", "2021"), ("宾杰", "38", "2022"))
ITEMS = ("Remove infected plants", "Spray copper in time", "轮作三年以上")
CODE = "if wet > 10:\n    spray()"
HEADER, FOOTER = "Annual potato report 2024", "Page {} of many"
RIGHT_COLUMN = 310

pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
_STYLES = getSampleStyleSheet()
_CHINESE = ParagraphStyle("zh", parent=_STYLES["Normal"], fontName="STSong-Light", wordWrap="CJK")


def _styled(text: str) -> Paragraph:
    return Paragraph(text, _STYLES["Normal"] if text.isascii() else _CHINESE)


def make_pdf(path: Path, chapters: int = 3, columns: int = 1, **protection: str) -> Path:
    """Chapters with headings, paragraphs, a list, a table and code, between running headers and footers."""

    def running(canvas: Canvas, document: Any) -> None:
        canvas.setFont("Helvetica", 8)
        canvas.drawString(60, A4[1] - 22, HEADER)
        canvas.drawCentredString(A4[0] / 2, 20, FOOTER.format(document.page))

    width = 480 if columns == 1 else 230
    frames = [Frame(left, 50, width, 740) for left in (50, RIGHT_COLUMN)[:columns]]
    document = BaseDocTemplate(str(path), pagesize=A4, title="Potatoes", author="A. Grower")
    document.addPageTemplates(PageTemplate("page", frames, onPage=running))
    story: list[Any] = []
    for chapter in range(1, chapters + 1):
        story += [
            Paragraph(f"Chapter number {chapter}", _STYLES["Heading1"]),
            Paragraph(f"P{chapter}a. {ENGLISH}", _STYLES["Normal"]),
            Paragraph(f"Section of {chapter}", _STYLES["Heading2"]),
            Paragraph(f"P{chapter}b。{CHINESE}", _CHINESE),
            ListFlowable([ListItem(_styled(item)) for item in ITEMS], bulletType="bullet", start="•"),
            Table(
                [[_styled(cell) for cell in row] for row in CELLS], style=[("GRID", (0, 0), (-1, -1), 0.5, 0)]
            ),
            Preformatted(CODE, _STYLES["Code"]),
            *(Paragraph(f"P{chapter}{letter}. {ENGLISH * 2}", _STYLES["Normal"]) for letter in "cdefgh"),
        ]
        if columns == 1:
            story.append(PageBreak())
    document.build(story)
    if protection:
        writer = PdfWriter(clone_from=PdfReader(path))
        writer.encrypt(protection["password"], algorithm="AES-256")
        writer.write(path)
    return path


def make_scanned_pdf(path: Path, text: str = "LATE BLIGHT OF POTATO") -> Path:
    """A page that is a picture of text."""
    image = Image.new("RGB", (1240, 600), "white")
    ImageDraw.Draw(image).text((80, 200), text, fill="black", font_size=64)
    image.save(path, "PDF", resolution=150)
    return path


def make_long_pdf(path: Path, pages: int) -> Path:
    """Many pages, each with a sentence that says which it is."""
    canvas = Canvas(str(path), pagesize=A4)
    for number in range(1, pages + 1):
        canvas.drawString(60, 820, "The long report")
        canvas.drawString(60, 700, f"Sentence {number} stands on a page of its own.")
        canvas.drawString(290, 20, str(number))
        canvas.showPage()
    canvas.save()
    return path


def make_docx(path: Path) -> Path:
    """Word: heading styles, lists, a table, a header and a footer."""
    document = docx.Document()
    document.core_properties.title, document.core_properties.author = "Potatoes", "A. Grower"
    document.sections[0].header.paragraphs[0].text = HEADER
    document.sections[0].footer.paragraphs[0].text = FOOTER
    document.add_heading("Chapter number 1", level=1)
    document.add_paragraph(f"P1a. {ENGLISH}")
    document.add_heading("Section of 1", level=2)
    document.add_paragraph(f"P1b。{CHINESE}")
    for item in ITEMS:
        document.add_paragraph(item, style="List Bullet")
    made = document.add_table(rows=0, cols=3)
    for row in CELLS:
        for cell, text in zip(made.add_row().cells, row, strict=True):
            cell.text = text
    document.save(str(path))
    return path


def make_pptx(path: Path) -> Path:
    """Two slides: bullets with notes, and a table."""
    slides = Presentation()
    slides.core_properties.title = "Potatoes"
    first = slides.slides.add_slide(slides.slide_layouts[1])
    first.shapes.title.text = "Chapter number 1"
    first.placeholders[1].text = "\n".join(ITEMS)
    first.notes_slide.notes_text_frame.text = ENGLISH
    second = slides.slides.add_slide(slides.slide_layouts[5])
    second.shapes.title.text = "Section of 1"
    made = second.shapes.add_table(3, 3, Inches(1), Inches(2), Inches(6), Inches(2)).table
    for row, texts in enumerate(CELLS):
        for column, text in enumerate(texts):
            made.cell(row, column).text = text
    slides.save(str(path))
    return path


def make_xlsx(path: Path, rows: Sequence[Sequence[Any]] = CELLS) -> Path:
    """Two sheets, the second hidden."""
    workbook = openpyxl.Workbook()
    workbook.active.title = "Chapter number 1"
    for row in rows:
        workbook.active.append(list(row))
    hidden = workbook.create_sheet("secret")
    hidden.append(["hidden"])
    hidden.sheet_state = "hidden"
    workbook.save(path)
    return path


def html_page() -> str:
    """A page with a menu, a footer, scripts, and a table that only places things."""
    rows = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in CELLS)
    items = "".join(f"<li>{item}</li>" for item in ITEMS)
    return f"""<!DOCTYPE html><html><head><title>Potatoes</title><meta name="author" content="A. Grower">
<style>p {{}}</style></head><body><nav><ul><li><a href="/">Home</a></li></ul></nav>
<ul class="x"><li><a href="a.html">Previous page</a></li><li><a href="b.html">Next page</a></li></ul>
<h1>Chapter number 1</h1><p>P1a. {ENGLISH.replace("weather.", "weather." + chr(10))}</p><h2>Section of 1</h2>
<p>P1b。{CHINESE.replace("，", "，" + chr(10), 1)}</p><ul>{items}</ul><table>{rows}</table><pre>{CODE}</pre>
<table><tr><td><img src="note.png"></td><th>Note</th></tr><tr><td></td><td>Mind the wind.</td></tr></table>
<script>alert("x")</script><footer>All rights reserved</footer></body></html>"""


def make_html(path: Path) -> Path:
    """The page in UTF-8."""
    path.write_text(html_page(), encoding="utf-8")
    return path


def make_epub(path: Path) -> Path:
    """A book of two chapters and a list of contents."""
    container = (
        '<?xml version="1.0"?><container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" '
        'version="1.0"><rootfiles><rootfile full-path="OEBPS/book.opf" '
        'media-type="application/oebps-package+xml"/></rootfiles></container>'
    )
    package = (
        '<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Potatoes</dc:title>'
        "<dc:creator>A. Grower</dc:creator></metadata><manifest>"
        '<item id="n" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
        '<item id="b" href="second%20one.xhtml" media-type="application/xhtml+xml"/>'
        '<item id="a" href="first.xhtml" media-type="application/xhtml+xml"/></manifest>'
        '<spine><itemref idref="n"/><itemref idref="a"/><itemref idref="b"/></spine></package>'
    )
    last = "<html><body><h1>The last chapter</h1><p>It ends here.</p></body></html>"
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("mimetype", "application/epub+zip")
        book.writestr("META-INF/container.xml", container)
        book.writestr("OEBPS/book.opf", package)
        book.writestr("OEBPS/nav.xhtml", "<html><body><nav>Contents</nav></body></html>")
        book.writestr("OEBPS/second one.xhtml", last)
        book.writestr("OEBPS/first.xhtml", html_page())
    return path


def make_rst(path: Path) -> Path:
    """reStructuredText as Sphinx reads it."""
    rows = "\n".join("   * - " + "\n     - ".join(row) for row in CELLS)
    items = "\n".join(f"* {item}" for item in ITEMS)
    code = CODE.replace("\n", "\n   ")
    path.write_text(
        f"Chapter number 1\n================\n\nP1a. {ENGLISH} See :ref:`the section <s1>`.\n\n"
        f"Section of 1\n------------\n\nP1b。{CHINESE}\n\n{items}\n\n"
        f".. list-table::\n   :header-rows: 1\n\n{rows}\n\n"
        f".. code-block:: python\n   :linenos:\n\n   {code}\n\n.. versionadded:: 2.0\n   Copper sprays.\n\n"
        ".. toctree::\n\n   other\n\n.. include:: /etc/passwd\n",
        encoding="utf-8",
    )
    return path


def make_xml(path: Path) -> Path:
    """DocBook-like XML."""
    rows = "".join("<row>" + "".join(f"<entry>{cell}</entry>" for cell in row) + "</row>" for row in CELLS)
    items = "".join(f"<listitem><para>{item}</para></listitem>" for item in ITEMS)
    path.write_text(
        '<?xml version="1.0" encoding="utf-8"?><book><title>Chapter number 1</title>'
        f"<para>P1a. {ENGLISH}</para>"
        f"<section><title>Section of 1</title><para>P1b。<emphasis>{CHINESE}</emphasis></para>"
        f"<itemizedlist>{items}</itemizedlist><informaltable><tgroup><tbody>{rows}</tbody></tgroup></informaltable>"
        f"<programlisting>{CODE.replace('>', '&gt;')}</programlisting></section></book>",
        encoding="utf-8",
    )
    return path


def make_zip_bomb(path: Path) -> Path:
    """A Word file that unpacks to 400 MB."""
    make_docx(path)
    inner = BytesIO(path.read_bytes())
    with zipfile.ZipFile(inner) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name == "word/document.xml":
                with new.open(name, "w") as member:
                    for _ in range(400):
                        member.write(b" " * 1_000_000)
            else:
                new.writestr(name, old.read(name))
    return path


MAKERS: dict[str, Callable[[Path], Path]] = {
    ".pdf": make_pdf,
    ".docx": make_docx,
    ".pptx": make_pptx,
    ".xlsx": make_xlsx,
    ".html": make_html,
    ".epub": make_epub,
    ".rst": make_rst,
    ".xml": make_xml,
}
