"""The table of formats. A new format is a module and a line here."""

from kg_assets.export.formats.alpaca import ALPACA
from kg_assets.export.formats.chatml import CHATML
from kg_assets.export.formats.format import Format
from kg_assets.export.formats.sharegpt import SHAREGPT

FORMATS: tuple[Format, ...] = (ALPACA, SHAREGPT, CHATML)
