"""Tables for the Dagster UI: what stands in them cannot become markup, and reads as it was written."""

from html import unescape

import pandas as pd

from kg_assets.stage.shown import SHOWN_CHARS, markdown_table

SIGNS = "\\`*_{}[]()#!<>|"


def test_signs_of_markdown_are_written_as_references_once() -> None:
    table = markdown_table(pd.DataFrame({"reason": ["invalid_shape"], "rows": [SIGNS]}))
    cells = table.splitlines()[2].removeprefix("| ").removesuffix(" |").split(" | ")
    assert [unescape(cell) for cell in cells] == ["invalid_shape", SIGNS]
    assert not set(SIGNS) - {"#"} & set("".join(cells))


def test_cells_are_cut_until_the_table_is_shown_in_place() -> None:
    table = markdown_table(pd.DataFrame({"text": ["word " * 100] * 5, "number": [0.123456] * 5}))
    assert len(table) < SHOWN_CHARS
    assert "… | 0.1235 |" in table
