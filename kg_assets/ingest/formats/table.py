"""The table of all kinds of documents. A new kind is a module with a function, and a line here.

What is read of folders, of web pages and of object stores, the keys of rows and what users are told of kinds
are derived from it.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reader:
    """A kind of document, and the function that reads it.

    `suffixes` are in lower case with their dot; an answer of the web with one of `mime_types` is stored under
    the first. `function` is a full dotted name, imported on first use: it gets the path of a file, in a child
    process, and gives a `Parsed` or a `Rejected`. With another `version` all files of the kind are read anew.

    `is_text`: a file need not say its encoding. Where only the server names it, a page is stored as UTF-8.
    `of_rows`: how many documents a file holds only its rows say, so it is parsed while files are listed.
    `uses_ocr`: what it gives depends on whether the extra `ocr` is installed.
    `in_child`: without it the function is one of `kg_assets.ingest.texts`, which get text that was decoded.
    """

    name: str
    suffixes: tuple[str, ...]
    mime_types: tuple[str, ...]
    function: str
    version: str
    is_text: bool = False
    of_rows: bool = False
    uses_ocr: bool = False
    in_child: bool = True


_TEXTS = "kg_assets.ingest.texts"
_FORMATS = "kg_assets.ingest.formats"
_OFFICE = "application/vnd.openxmlformats-officedocument"

READERS: tuple[Reader, ...] = (
    Reader(
        "Plain text", (".txt",), ("text/plain",), f"{_TEXTS}.read_plain", "1", is_text=True, in_child=False
    ),
    Reader(
        "Markdown", (".md",), ("text/markdown",), f"{_TEXTS}.read_plain", "1", is_text=True, in_child=False
    ),
    Reader(
        "JSON", (".json",), ("application/json",), f"{_TEXTS}.read_json", "1", is_text=True, in_child=False
    ),
    Reader(
        "JSON Lines",
        (".jsonl",),
        ("application/x-ndjson", "application/jsonl"),
        f"{_TEXTS}.read_jsonl",
        "1",
        is_text=True,
        in_child=False,
    ),
    Reader("CSV", (".csv",), ("text/csv",), f"{_TEXTS}.read_csv", "1", is_text=True, in_child=False),
    Reader(
        "Parquet",
        (".parquet",),
        ("application/vnd.apache.parquet",),
        f"{_FORMATS}.rows.parse_parquet",
        "1",
        of_rows=True,
    ),
    Reader("PDF", (".pdf",), ("application/pdf",), f"{_FORMATS}.pdf.parse.parse_pdf", "1", uses_ocr=True),
    Reader("Word", (".docx",), (f"{_OFFICE}.wordprocessingml.document",), f"{_FORMATS}.word.parse_docx", "1"),
    Reader(
        "PowerPoint",
        (".pptx",),
        (f"{_OFFICE}.presentationml.presentation",),
        f"{_FORMATS}.slides.parse_pptx",
        "1",
    ),
    Reader("Excel", (".xlsx",), (f"{_OFFICE}.spreadsheetml.sheet",), f"{_FORMATS}.sheets.parse_xlsx", "1"),
    Reader("HTML", (".html", ".htm"), ("text/html",), f"{_FORMATS}.web.parse_html", "1", is_text=True),
    Reader("XHTML", (".xhtml",), ("application/xhtml+xml",), f"{_FORMATS}.web.parse_html", "1"),
    Reader("EPUB", (".epub",), ("application/epub+zip",), f"{_FORMATS}.book.parse_epub", "1"),
    Reader("reStructuredText", (".rst",), (), f"{_FORMATS}.restructured.parse_rst", "1"),
    Reader("XML", (".xml",), ("application/xml", "text/xml"), f"{_FORMATS}.markup.parse_xml", "1"),
)
