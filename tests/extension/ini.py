"""A reader of INI files: a heading for each section, an item for each option."""

from configparser import ConfigParser, Error
from pathlib import Path

from kg_assets.ingest.decode import Rejected, decode
from kg_assets.ingest.formats.parsed import CORRUPT, NO_TEXT, Parsed
from kg_assets.ingest.formats.table import Reader


def parse_ini(path: Path) -> Parsed | Rejected:
    """The file as Markdown; the sections are named in the metadata."""
    text = decode(path.read_bytes(), ("utf-8",), path.name)
    if isinstance(text, Rejected):
        return text
    parser = ConfigParser()
    try:
        parser.read_string(text)
    except Error:
        return CORRUPT
    sections = [
        "\n".join([f"# {name}", "", *(f"- {option}: {value}" for option, value in parser.items(name))])
        for name in parser.sections()
    ]
    return Parsed("\n\n".join(sections), {"sections": parser.sections()}) if sections else NO_TEXT


INI = Reader(
    name="INI",
    suffixes=(".ini",),
    mime_types=("text/x-ini",),
    function="tests.extension.ini.parse_ini",
    version="1",
    is_text=True,
)
