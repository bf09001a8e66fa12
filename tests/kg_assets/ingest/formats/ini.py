"""A kind of document that graphtutor does not know: its reader, and its line of the table."""

import os
from configparser import ConfigParser, Error
from pathlib import Path

from kg_assets.ingest.decode import Rejected
from kg_assets.ingest.formats.parsed import CORRUPT, NO_TEXT, Parsed
from kg_assets.ingest.formats.table import Reader

INI = Reader("INI", (".ini",), ("text/x-ini",), f"{__name__}.parse_ini", "1", is_text=True)


def parse_ini(path: Path) -> Parsed | Rejected:
    """A heading for each section, an item for each option."""
    parser = ConfigParser()
    try:
        parser.read_string(path.read_text("utf-8-sig"))
    except Error:
        return CORRUPT
    sections = [
        "\n".join([f"# {name}", "", *(f"- {option}: {value}" for option, value in parser.items(name))])
        for name in parser.sections()
    ]
    return Parsed("\n\n".join(sections), {"process": os.getpid()}) if sections else NO_TEXT
