"""Which parser reads which kind of file. A version is part of the key of all that the parser reads."""

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import cast

from kg_assets.ingest.decode import Rejected
from kg_assets.ingest.formats.ocr import ocr_is_installed
from kg_assets.ingest.formats.parsed import Parsed


@dataclass(frozen=True, slots=True)
class Parser:
    """Where the function is that reads a kind of file; its libraries are imported on first use."""

    function: str
    version: str

    def __call__(self, path: Path) -> Parsed | Rejected:
        module, name = self.function.rsplit(".", 1)
        function = getattr(import_module(f"kg_assets.ingest.formats.{module}"), name)
        return cast("Parsed | Rejected", function(path))


PARSERS = {
    ".pdf": Parser("pdf.parse.parse_pdf", "1"),
    ".docx": Parser("word.parse_docx", "1"),
    ".pptx": Parser("slides.parse_pptx", "1"),
    ".xlsx": Parser("sheets.parse_xlsx", "1"),
    ".html": Parser("web.parse_html", "1"),
    ".htm": Parser("web.parse_html", "1"),
    ".xhtml": Parser("web.parse_html", "1"),
    ".epub": Parser("book.parse_epub", "1"),
    ".rst": Parser("restructured.parse_rst", "1"),
    ".xml": Parser("markup.parse_xml", "1"),
    ".parquet": Parser("rows.parse_parquet", "1"),
}
"""By suffix, in lower case."""


def parser_identity(suffix: str) -> tuple[object, ...]:
    """What a parser's results depend on besides the file: its version, and what is installed."""
    return (PARSERS[suffix].version, suffix == ".pdf" and ocr_is_installed())


def parsers_identity() -> tuple[object, ...]:
    """The same of all parsers."""
    return tuple((suffix, *parser_identity(suffix)) for suffix in sorted(PARSERS))
