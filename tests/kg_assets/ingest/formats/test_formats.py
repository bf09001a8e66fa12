"""Every kind of file becomes Markdown that keeps what its reader sees, and none of what surrounds it."""

import csv
import datetime
from pathlib import Path

import duckdb
import pytest

from kg_assets.ingest.decode import Rejected
from kg_assets.ingest.formats.named import function_named
from kg_assets.ingest.formats.parsed import Parsed
from kg_assets.ingest.formats.registry import BY_SUFFIX
from kg_assets.ingest.formats.rows import parse_csv_text
from tests.kg_assets.ingest.formats import made_files as made

TABLE = "| Variety | Yield | Year |\n| --- | --- | --- |\n| Agria | 41.5 | 2021 |\n| 宾杰 | 38 | 2022 |"
LIST = "\n".join(f"- {item}" for item in made.ITEMS)
NO_LISTS = {".xlsx"}
NO_CODE = {".docx", ".pptx", ".xlsx"}
NO_CHINESE_PARAGRAPH = {".pptx", ".xlsx"}


def read(path: Path) -> Parsed | Rejected:
    found: Parsed | Rejected = function_named(BY_SUFFIX[path.suffix].function)(path)
    return found


def parsed(path: Path) -> Parsed:
    found = read(path)
    assert isinstance(found, Parsed), found
    assert all(found.text[start:].strip() for start, _ in found.pages)
    return found


def rejected(path: Path) -> str:
    found = read(path)
    assert isinstance(found, Rejected)
    assert found.detail.endswith((".", ")"))
    return found.reason


@pytest.mark.parametrize("suffix", made.MAKERS)
def test_headings_paragraphs_lists_tables_and_code_are_kept(suffix: str, tmp_path: Path) -> None:
    text = parsed(made.MAKERS[suffix](tmp_path / f"a{suffix}")).text
    first = "## Chapter number 1" if suffix in (".pptx", ".xlsx") else "# Chapter number 1"
    assert text.startswith(first)
    assert TABLE in text
    assert (LIST in text) != (suffix in NO_LISTS)
    assert (f"```\n{made.CODE}\n```" in text) != (suffix in NO_CODE)
    if suffix not in NO_CHINESE_PARAGRAPH:
        assert "\n\n## Section of 1\n\n" in text
        assert f"\n\nP1b。{made.CHINESE}\n\n" in text
        assert f"\n\nP1a. {made.ENGLISH}" in text
    for outside in (made.HEADER, "Page 1 of many", "All rights", "alert", "Next page", "hidden", "root:"):
        assert outside not in text


@pytest.mark.parametrize("suffix", [".pdf", ".docx", ".pptx", ".html", ".epub"])
def test_what_a_file_says_of_itself_is_metadata(suffix: str, tmp_path: Path) -> None:
    assert parsed(made.MAKERS[suffix](tmp_path / f"a{suffix}")).metadata["title"] == "Potatoes"


# PDF


def test_pages_of_a_pdf_begin_where_their_first_heading_stands(tmp_path: Path) -> None:
    found = parsed(made.make_pdf(tmp_path / "a.pdf", chapters=4))
    assert [number for _, number in found.pages] == [1, 2, 3, 4]
    for start, number in found.pages:
        assert found.text[start:].startswith(f"# Chapter number {number}\n")


def test_columns_are_read_one_after_the_other(tmp_path: Path) -> None:
    text = parsed(made.make_pdf(tmp_path / "a.pdf", chapters=5, columns=2)).text
    marks = [f"P{chapter}{letter}" for chapter in range(1, 6) for letter in "abcdefgh"]
    places = [text.index(mark) for mark in marks]
    assert places == sorted(places)
    assert text.count(made.ENGLISH) == 5 * (1 + 2 * 6)
    assert text.count(TABLE) == 5


def test_a_paragraph_that_a_page_cuts_is_one_and_both_pages_are_known(tmp_path: Path) -> None:
    found = parsed(made.make_pdf(tmp_path / "a.pdf", chapters=9, columns=2))
    cut = [(start, number) for start, number in found.pages if found.text[start - 1] != "\n" and start]
    assert cut
    assert len(found.pages) == found.metadata["page_count"]


def test_thousands_of_pages_are_read_whole(tmp_path: Path) -> None:
    found = parsed(made.make_long_pdf(tmp_path / "a.pdf", 5000))
    assert [number for _, number in found.pages] == list(range(1, 5001))
    assert found.text.split("\n\n")[4321] == "Sentence 4322 stands on a page of its own."
    assert "The long report" not in found.text


def test_pdfs_that_cannot_be_read_say_why(tmp_path: Path) -> None:
    assert rejected(made.make_pdf(tmp_path / "a.pdf", password="secret")) == "encrypted"
    whole = made.make_pdf(tmp_path / "b.pdf").read_bytes()
    (tmp_path / "b.pdf").write_bytes(whole[: len(whole) // 10])
    assert rejected(tmp_path / "b.pdf") == "corrupt"


def test_a_pdf_without_its_end_gives_what_is_left_or_says_that_it_is_damaged(tmp_path: Path) -> None:
    whole = made.make_pdf(tmp_path / "a.pdf").read_bytes()
    (tmp_path / "a.pdf").write_bytes(whole[:-400])
    found = read(tmp_path / "a.pdf")
    assert isinstance(found, Parsed) or found.reason == "corrupt"


# Sheets, tables


def test_cells_are_shown_as_people_write_them(tmp_path: Path) -> None:
    day = datetime.datetime(2024, 5, 1)
    rows = [
        ["when", "n", "x", "ok", "a|b"],
        [day, 3, 2.5, True, "two\nlines"],
        [None, None, None, None, None],
    ]
    text = parsed(made.make_xlsx(tmp_path / "a.xlsx", rows)).text
    assert text.endswith(
        "| when | n | x | ok | a\\|b |\n"
        + "|"
        + " --- |" * 5
        + "\n| 2024-05-01 | 3 | 2.5 | true | two lines |"
    )


def test_long_tables_repeat_their_header(tmp_path: Path) -> None:
    text = parsed(made.make_xlsx(tmp_path / "a.xlsx", [["name", "n"], *(["x", n] for n in range(100))])).text
    assert text.count("| name | n |\n| --- | --- |\n") == 3
    assert [line for line in text.splitlines() if line.startswith("| x")] == [
        f"| x | {n} |" for n in range(100)
    ]


def test_a_title_above_a_table_is_not_its_header(tmp_path: Path) -> None:
    text = parsed(made.make_xlsx(tmp_path / "a.xlsx", [["Yields", None, None], *made.CELLS])).text
    assert text == f"## Chapter number 1\n\nYields\n\n{TABLE}"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_of_csv_is_found(delimiter: str, tmp_path: Path) -> None:
    with (tmp_path / "a.csv").open("w", newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows([*made.CELLS, ("Be, or; not", 'a "b"', "x\ny")])
    found = parse_csv_text((tmp_path / "a.csv").read_text())
    assert isinstance(found, Parsed)
    assert found.text == f'{TABLE}\n| Be, or; not | a "b" | x y |'


def test_rows_with_a_column_content_are_documents(tmp_path: Path) -> None:
    found = parse_csv_text("id,content,by\n7,One.,Lee\n8,,Li\n")
    assert isinstance(found, Parsed)
    assert found.rows == ({"id": "7", "content": "One.", "by": "Lee"}, {"id": "8", "content": "", "by": "Li"})
    path = tmp_path / "a.parquet"
    duckdb.sql(f"COPY (SELECT 'One.' AS content, DATE '2024-05-01' AS day, [1, 2] AS n) TO '{path}'")
    assert parsed(path).rows == ({"content": "One.", "day": "2024-05-01", "n": [1, 2]},)
    duckdb.sql(f"COPY (SELECT 'x' AS name, 2.0 AS n) TO '{path}'")
    assert parsed(path).text == "| name | n |\n| --- | --- |\n| x | 2.0 |"


# XML, HTML


def test_records_of_xml_are_a_table_or_a_list_of_fields(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    record = "<r><name>Agria</name><n>1</n></r>"
    path.write_text(f"<all>{record}{record}</all>")
    assert parsed(path).text == "| name | n |\n| --- | --- |\n| Agria | 1 |\n| Agria | 1 |"
    path.write_text(f"<all>{record}<note>Some <b>words</b>.</note></all>")
    assert parsed(path).text == "- name: Agria\n- n: 1\n\nSome words."


def test_entities_of_xml_neither_grow_nor_read_files(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    doubling = "".join(
        f'<!ENTITY l{n} "{"&l" + str(n - 1) + ";" * 1}{"&l" + str(n - 1) + ";"}">' for n in range(1, 40)
    )
    path.write_text(f'<!DOCTYPE x [<!ENTITY l0 "lol">{doubling}]><x>&l39;</x>')
    assert rejected(path) == "corrupt"
    path.write_text('<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><x>&f;</x>')
    assert rejected(path) == "corrupt"


def test_a_page_in_the_encoding_that_it_declares(tmp_path: Path) -> None:
    page = made.html_page().replace("<head>", '<head><meta charset="gbk">')
    (tmp_path / "a.html").write_bytes(page.encode("gbk"))
    assert made.CHINESE in parsed(tmp_path / "a.html").text


def test_spans_of_cells_leave_no_hole(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        "<table><tr><th rowspan=2>a</th><th colspan=2>b</th></tr><tr><td>c</td><td>d</td></tr></table>"
    )
    assert parsed(tmp_path / "a.html").text == "| a | b |  |\n| --- | --- | --- |\n|  | c | d |"


@pytest.mark.parametrize("suffix", [".docx", ".pptx", ".xlsx", ".epub", ".pdf", ".parquet", ".xml"])
def test_what_is_not_of_its_kind_is_corrupt(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"PK\x03\x04 no archive, no anything")
    assert rejected(path) == "corrupt"


@pytest.mark.parametrize("suffix", [".docx", ".pptx", ".xlsx"])
def test_office_files_with_a_password_say_so(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 1000)
    assert rejected(path) == "encrypted"


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    assert rejected(made.make_zip_bomb(tmp_path / "a.docx")) == "zip_bomb"
