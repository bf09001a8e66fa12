"""Rows of JSON files are made one by one, and there may be none."""

import json
from collections.abc import Iterator

from kg_assets.export.formats.json_rows import Row, array, json_files, lines


def test_no_rows_are_an_empty_array_and_no_line() -> None:
    assert json.loads(b"".join(array([]))) == []
    assert list(lines([])) == []


def test_a_row_is_made_when_it_is_written() -> None:
    made = []

    def row(number: int) -> Row:
        made.append(number)
        return {"number": number}

    files = json_files("numbers", range(1_000_000), row)
    parts: Iterator[bytes] = iter(files["numbers.jsonl"].parts)
    assert [next(parts), next(parts)] == [b'{"number":0}\n', b'{"number":1}\n']
    assert made == [0, 1]
    assert {content.rows for content in files.values()} == {1_000_000}
