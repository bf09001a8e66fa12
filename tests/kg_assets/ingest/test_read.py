"""How files become documents, and why some do not."""

import codecs
import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg_assets.domain import Document
from kg_assets.ingest.corpora import file_id, scan_corpora
from kg_assets.ingest.read import Unreadable, read_corpus, read_file
from resources.configuration.settings import DocumentsSettings
from resources.errors import SettingsError

DEFAULTS = DocumentsSettings()


def read(
    folder: Path, name: str, content: bytes | str | Any, limits: DocumentsSettings = DEFAULTS
) -> list[Document | Unreadable]:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if not isinstance(content, bytes):
        content = (content if isinstance(content, str) else json.dumps(content)).encode()
    path.write_bytes(content)
    return list(read_file(path, file_id(path, folder), limits))


def reasons(results: list[Document | Unreadable]) -> list[tuple[str, str]]:
    return [(r.document_id, r.reason if isinstance(r, Unreadable) else "") for r in results]


def one(results: list[Document | Unreadable]) -> Document:
    (document,) = results
    assert isinstance(document, Document)
    return document


def rejected(results: list[Document | Unreadable]) -> Unreadable:
    (unreadable,) = results
    assert isinstance(unreadable, Unreadable)
    assert unreadable.raw_excerpt.encode("utf-8") is not None
    assert "\0" not in unreadable.raw_excerpt
    return unreadable


# Text files


def test_text_is_kept_exactly_but_for_newlines(tmp_path: Path) -> None:
    document = one(read(tmp_path, "deep/a.md", b" # A\r\n\r\nx\ry\n\tz \xc2\xa0"))
    assert document.text == " # A\n\nx\ny\n\tz \xa0"
    assert document.document_id == "deep/a.md"
    assert (document.metadata, document.preset_chunks, document.language) == ({}, (), "en")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_byte_order_marks_are_obeyed_and_removed(tmp_path: Path, encoding: str) -> None:
    assert one(read(tmp_path, "a.txt", ("\ufeff晚疫病 blight").encode(encoding))).text == "晚疫病 blight"


def test_encodings_are_tried_in_order(tmp_path: Path) -> None:
    chinese = DocumentsSettings(encodings=("utf-8", "gb18030"))
    assert one(read(tmp_path, "a.txt", "晚疫病".encode("gb18030"), chinese)).text == "晚疫病"
    assert one(read(tmp_path, "b.txt", "晚疫病".encode(), chinese)).text == "晚疫病"
    two_byte = DocumentsSettings(encodings=("utf-8", "utf-16-le"))
    assert one(read(tmp_path, "c.txt", "ab".encode("utf-16-le"), two_byte)).text == "ab"


def test_names_are_nfc(tmp_path: Path) -> None:
    document = one(read(tmp_path, unicodedata.normalize("NFD", "Knollenfäule.txt"), "x"))
    assert document.document_id == "Knollenfäule.txt"


def test_names_that_are_not_utf8_can_still_be_stored(tmp_path: Path) -> None:
    assert one(read(tmp_path, "a\udcff.txt", "x")).document_id == "a\\xff.txt"


def test_version_changes_with_text_and_metadata_only(tmp_path: Path) -> None:
    first = one(read(tmp_path, "a.txt", "x"))
    assert one(read(tmp_path, "b.txt", "x")).version == first.version
    assert one(read(tmp_path, "c.txt", "y")).version != first.version
    row = one(read(tmp_path, "a.json", {"content": "x", "by": {"name": "Lee"}}))
    assert one(read(tmp_path, "b.json", {"by": {"name": "Lee"}, "content": "x"})).version == row.version
    assert one(read(tmp_path, "c.json", {"content": "x", "by": {"name": "Li"}})).version != row.version
    assert one(read(tmp_path, "d.json", [[{"content": "x"}]])).version != first.version


# Reasons


def test_undecodable_text_says_where_and_how_to_convert_it(tmp_path: Path) -> None:
    result = rejected(read(tmp_path, "a.txt", b"ok\n" + "城市供热".encode("gb18030")))
    assert result.reason == "undecodable"
    assert "line 2" in result.detail
    assert "iconv -f GB18030 -t UTF-8 'a.txt'" in result.detail
    assert "documents.encodings: [utf-8, gb18030]" in result.detail
    assert "cp1252" in rejected(read(tmp_path, "b.txt", "Fäule über".encode("cp1252"))).detail
    assert rejected(read(tmp_path, "c.txt", codecs.BOM_UTF16_LE + b"abc")).reason == "undecodable"


@pytest.mark.parametrize("raw", [b"\x89PNG\r\n\x1a\n\0\0\xff", b"text\0text", "ab".encode("utf-16-le")])
def test_nul_means_binary(tmp_path: Path, raw: bytes) -> None:
    assert rejected(read(tmp_path, "a.txt", raw)).reason == "binary"


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.json", "a.jsonl"])
@pytest.mark.parametrize("raw", [b"", b" \n\t\xe3\x80\x80", codecs.BOM_UTF8])
def test_white_space_is_empty(tmp_path: Path, name: str, raw: bytes) -> None:
    assert reasons(read(tmp_path, name, raw)) == [(name, "empty")]


def test_files_over_the_limit_are_too_large(tmp_path: Path) -> None:
    limits = DocumentsSettings(max_megabytes=0.001)
    assert one(read(tmp_path, "a.txt", b"x" * 1000, limits))
    result = rejected(read(tmp_path, "b.txt", b"x" * 1001, limits))
    assert (result.reason, "0.001 MB" in result.detail) == ("too_large", True)


def test_what_cannot_be_opened_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "folder.txt").mkdir()
    (tmp_path / "broken.txt").symlink_to(tmp_path / "gone.txt")
    for name in ("folder.txt", "broken.txt", "vanished.txt"):
        assert rejected(list(read_file(tmp_path / name, name, DEFAULTS))).reason == "unreadable"


def test_no_encoding_at_all_is_a_settings_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="names no encoding"):
        read(tmp_path, "a.txt", "x", DocumentsSettings.model_construct(encodings=(), max_megabytes=1.0))


# JSON lines


def test_each_line_is_a_document_with_its_other_keys_as_metadata(tmp_path: Path) -> None:
    lines = '{"content": "One.", "source": {"page": 3}}\n\n{"content": "Two\\r\\nlines."}\r\n'
    documents = read(tmp_path, "a.jsonl", lines)
    assert [d.document_id for d in documents] == ["a.jsonl#1", "a.jsonl#3"]
    assert [d.text for d in documents if isinstance(d, Document)] == ["One.", "Two\nlines."]
    assert [d.metadata for d in documents if isinstance(d, Document)] == [{"source": {"page": 3}}, {}]


def test_unique_ids_name_documents_and_repeated_ones_do_not(tmp_path: Path) -> None:
    ids: list[Any] = [
        {"id": "x"},
        {"_id": 7},
        {"id": "y"},
        {"id": "y"},
        {"id": None, "_id": "z"},
        {"id": True},
        {"id": ""},
    ]
    lines = "\n".join(json.dumps({"content": f"Text {n}.", **own}) for n, own in enumerate(ids))
    assert reasons(read(tmp_path, "a.jsonl", lines)) == [
        ("a.jsonl#x", ""),
        ("a.jsonl#7", ""),
        ("a.jsonl#3", ""),
        ("a.jsonl#4", ""),
        ("a.jsonl#z", ""),
        ("a.jsonl#6", ""),
        ("a.jsonl#line 7", ""),
    ]


def test_a_bad_line_costs_only_itself(tmp_path: Path) -> None:
    lines = [
        '{"content": "Good."}',
        '{"content": "cut off',
        '"a string"',
        '{"text": "wrong key"}',
        '{"content": 5}',
        '{"content": "x", "type": "image"}',
        '{"content": " "}',
        '{"content": "half \\ud83d pair"}',
        '{"content": "x", "by": "\\udc00"}',
        '{"content": "a\\u0000b"}',
        '{"content": "x", "n": NaN}',
        '{"content": "x", "n": 1e999}',
        '{"content": "x", "content": "y"}',
        "[" * 100_000,
        '{"content": "x", "deep": ' + "[" * 200 + "]" * 200 + "}",
        '{"content": "whole \\ud83d\\ude00 pair\\u2028"}',
    ]
    results = read(tmp_path, "a.jsonl", "\n".join(lines))
    assert [reason for _, reason in reasons(results)] == [
        "",
        "invalid_json",
        "no_content",
        "no_content",
        "no_content",
        "no_content",
        "empty",
        "undecodable",
        "undecodable",
        "binary",
        *["invalid_json"] * 5,
        "",
    ]
    assert isinstance(results[1], Unreadable)
    assert results[1].raw_excerpt == lines[1]
    assert results[-1] == one(results[-1:])
    assert one(results[-1:]).text == "whole 😀 pair\u2028"


# JSON


def test_graphgens_chunked_format_gives_the_chunks(tmp_path: Path) -> None:
    chunks = [{"content": " One. \r\n", "chunk_id": "c1"}, {"content": "二。", "type": "text"}]
    document = one(read(tmp_path, "a.json", [chunks]))
    assert document.text == " One. \n\n\n二。"
    assert [document.text[s:e] for s, e in document.preset_chunks] == [" One. \n", "二。"]
    assert document.metadata == {"chunks": [{"chunk_id": "c1"}, {"type": "text"}]}
    assert document.document_id == "a.json#1"


def test_bad_chunks_cost_only_themselves(tmp_path: Path) -> None:
    content = [
        [{"content": "A."}, {"content": ""}, "x", {"type": "table", "content": "t"}],
        [],
        [[]],
        [{"content": "B."}],
    ]
    assert reasons(read(tmp_path, "a.json", content)) == [
        ("a.json#1/2", "empty"),
        ("a.json#1/3", "no_content"),
        ("a.json#1/4", "no_content"),
        ("a.json#1", ""),
        ("a.json#2", "empty"),
        ("a.json#3/1", "no_content"),
        ("a.json#4", ""),
    ]


def test_flat_lists_and_single_objects_are_documents(tmp_path: Path) -> None:
    flat = [
        {"content": "A.", "type": "text"},
        {"content": "B.", "id": "b"},
        {"type": "image", "img_path": "x.png"},
        5,
    ]
    assert reasons(read(tmp_path, "a.json", flat)) == [
        ("a.json#1", ""),
        ("a.json#b", ""),
        ("a.json#3", "no_content"),
        ("a.json#4", "no_content"),
    ]
    assert one(read(tmp_path, "b.json", {"content": "Only."})).document_id == "b.json#1"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "invalid_json"),
        ('{"content": "a"}\n{"content": "b"}', "invalid_json"),
        ("[]", "empty"),
        ("3", "no_content"),
    ],
)
def test_json_files_without_documents(tmp_path: Path, content: str, reason: str) -> None:
    result = rejected(read(tmp_path, "a.json", content))
    assert result.reason == reason
    if reason == "invalid_json":
        assert ".jsonl" in result.detail


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["content", "type", "id", "_id", "x"]), inner, max_size=4)
    ),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None)
@given(JSON | st.binary(max_size=200), st.sampled_from(["a.json", "a.jsonl", "a.txt"]))
def test_whatever_a_file_holds_each_result_can_be_stored(
    tmp_path_factory: pytest.TempPathFactory, content: Any, name: str
) -> None:
    folder = tmp_path_factory.getbasetemp() / "any"
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    results = read(folder, name, raw)
    assert results
    for result in results:
        result.document_id.encode("utf-8")
        if isinstance(result, Document):
            assert result.text.strip()
            result.text.encode("utf-8")
            json.dumps(result.metadata, ensure_ascii=False, allow_nan=False).encode("utf-8")
            assert all(result.text[s:e] for s, e in result.preset_chunks)
        else:
            assert result.detail.endswith((".", "]."))
            result.raw_excerpt.encode("utf-8")


# Corpora


def test_a_corpus_is_read_in_stable_order_with_unique_ids(tmp_path: Path) -> None:
    farm = tmp_path / "farm"
    for name in (
        "b.txt",
        "a.jsonl",
        unicodedata.normalize("NFD", "ä.txt"),
        unicodedata.normalize("NFC", "ä.txt"),
    ):
        read(farm, name, json.dumps({"content": ascii(name)}))
    read(farm, "c.odt", b"PK")
    corpus = scan_corpora(tmp_path)["farm"]
    assert reasons(list(read_corpus(corpus, DEFAULTS))) == [
        ("a.jsonl#1", ""),
        ("b.txt", ""),
        ("ä.txt", ""),
        ("ä.txt (2)", "duplicate_id"),
    ]
