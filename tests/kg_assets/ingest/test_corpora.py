"""Which files belong to which corpus, what corpora are called, and what is passed over."""

import os
import unicodedata
from pathlib import Path

import pytest
from dagster import DagsterInstance
from hypothesis import given
from hypothesis import strategies as st

from kg_assets.ingest.corpora import corpus_name, list_corpora, scan_corpora
from resources.errors import SettingsError


def put(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("text", encoding="utf-8")


def listed(root: Path) -> dict[str, list[str]]:
    return {
        name: [path.relative_to(root).as_posix() for path in files]
        for name, files in list_corpora(root).items()
    }


def test_each_folder_is_a_corpus_and_root_files_are_default(tmp_path: Path) -> None:
    put(tmp_path, "b.md", "a.txt", "farm/z.TXT", "farm/deep/er/y.Md", "医学/x.jsonl", "heat/x.json")
    assert listed(tmp_path) == {
        "default": ["a.txt", "b.md"],
        "farm": ["farm/deep/er/y.Md", "farm/z.TXT"],
        "heat": ["heat/x.json"],
        "医学": ["医学/x.jsonl"],
    }


def test_a_folder_called_default_joins_the_root_files_and_ids_stay_apart(tmp_path: Path) -> None:
    put(tmp_path, "a.txt", "default/a.txt")
    assert listed(tmp_path) == {"default": ["a.txt", "default/a.txt"]}
    assert scan_corpora(tmp_path)["default"].base == tmp_path


def test_ids_are_relative_to_the_corpus_folder(tmp_path: Path) -> None:
    put(tmp_path, "farm/a.txt")
    assert scan_corpora(tmp_path)["farm"].base == tmp_path / "farm"


def test_unsupported_files_are_reported(tmp_path: Path) -> None:
    put(tmp_path, "farm/a.txt", "farm/b.odt", "images/c.png", "noending")
    corpora = scan_corpora(tmp_path)
    skipped = {name: [(f.path.name, f.reason) for f in corpus.skipped] for name, corpus in corpora.items()}
    assert skipped == {
        "default": [("noending", "unsupported")],
        "farm": [("b.odt", "unsupported")],
        "images": [("c.png", "unsupported")],
    }
    assert list(list_corpora(tmp_path)) == ["farm"]


@pytest.mark.parametrize(
    "name",
    [
        ".hidden.txt",
        ".git/a.txt",
        "a.txt~",
        "a.txt.tmp",
        "a.txt.part",
        ".a.txt.swp",
        "a.crdownload",
        "#a.txt#",
        "~$a.md",
    ],
)
def test_hidden_and_temporary_files_are_ignored(tmp_path: Path, name: str) -> None:
    put(tmp_path, name, f"farm/{name}")
    assert scan_corpora(tmp_path) == {}


def test_empty_folders_are_no_corpora(tmp_path: Path) -> None:
    (tmp_path / "farm" / "deep").mkdir(parents=True)
    assert scan_corpora(tmp_path) == {}


def test_links_are_followed_inside_the_root_only(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    put(root, "farm/a.txt", "other/b.txt")
    put(outside, "secret.txt")
    (root / "farm" / "linked.txt").symlink_to(root / "other" / "b.txt")
    (root / "farm" / "folder").symlink_to(root / "other")
    (root / "farm" / "secret.txt").symlink_to(outside / "secret.txt")
    (root / "farm" / "out").symlink_to(outside)
    (root / "leak").symlink_to(outside)
    (root / "farm" / "loop").symlink_to(root / "farm")
    corpora = scan_corpora(root)
    assert listed(root)["farm"] == ["farm/a.txt", "farm/folder/b.txt", "farm/linked.txt"]
    assert [(f.path.name, f.reason) for f in corpora["farm"].skipped] == [
        ("loop", "link_cycle"),
        ("out", "outside_root"),
        ("secret.txt", "outside_root"),
    ]
    assert [f.reason for f in corpora["leak"].skipped] == ["outside_root"]


def test_the_root_may_itself_be_a_link(tmp_path: Path) -> None:
    put(tmp_path / "real", "farm/a.txt")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert listed(tmp_path / "link") == {"farm": ["farm/a.txt"]}


def test_pipes_are_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.txt")
    assert [f.reason for f in scan_corpora(tmp_path)["default"].skipped] == ["unreadable"]


def test_a_missing_root_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="does not exist; create it"):
        list_corpora(tmp_path / "none")
    put(tmp_path, "file.txt")
    with pytest.raises(SettingsError, match="is not a folder"):
        list_corpora(tmp_path / "file.txt")


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("farm", "farm"),
        ("城市 供热-2_b.c", "城市 供热-2_b.c"),
        ("a%b", "a%25b"),
        ("a/b".replace("/", "|"), "a%7Cb"),
        ("a...b", "a.%2E%2Eb"),
        ("end.", "end%2E"),
        (" x ", "%20x%20"),
        ("tab\there", "tab%09here"),
        ("हिन्दी", "हिन्दी"),
        ("e\u0301", "\u00e9"),
        ("bad\udcff", "bad%FF"),
    ],
)
def test_corpus_names(folder: str, name: str) -> None:
    assert corpus_name(folder) == name


def test_a_name_too_long_for_files_is_refused() -> None:
    with pytest.raises(SettingsError, match="rename the folder"):
        corpus_name("长" * 80)


def test_folders_that_only_look_the_same_are_refused(tmp_path: Path) -> None:
    put(tmp_path, "e\u0301/a.txt", "\u00e9/b.txt")
    with pytest.raises(SettingsError, match="look the same"):
        list_corpora(tmp_path)


FOLDERS = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(FOLDERS, FOLDERS)
def test_different_folders_have_different_names(one: str, other: str) -> None:
    same = unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other)
    assert (corpus_name(one) == corpus_name(other)) == same


def test_every_name_is_a_dagster_partition_key(tmp_path: Path) -> None:
    folders = ["a...b", "x\ny", "t\t", "城市 供热", "..a", "a..", "%", "\x07bell"]
    with DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("corpora", [corpus_name(folder) for folder in folders])
        assert len(instance.get_dynamic_partitions("corpora")) == len(folders)


def test_a_corpus_with_documents_elsewhere_needs_neither_files_nor_the_folder(tmp_path: Path) -> None:
    (tmp_path / "farm").mkdir()
    (tmp_path / "farm" / "a.txt").write_text("text")
    assert {name: len(found.files) for name, found in scan_corpora(tmp_path, {"farm", "tea/1"}).items()} == {
        "farm": 1,
        "tea%2F1": 0,
    }
    assert list(scan_corpora(tmp_path / "nowhere", {"tea"})) == ["tea"]
    with pytest.raises(SettingsError):
        scan_corpora(tmp_path / "farm" / "a.txt", {"tea"})
