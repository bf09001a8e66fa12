"""Tokens are counted without a network, in every language, whatever a document contains."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
import tiktoken.registry

import resources
from resources import tokenizer
from resources.errors import SettingsError
from resources.tokenizer import Tokenizer

CL100K = "9b5ad71b2ce5302211f9c61530b329a4922fc6a4"
CODE_ROOT = Path(resources.__file__).resolve().parents[1]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty cache, a process that has read no ranks yet, and no network."""

    def refuse(*_: object) -> NoReturn:
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setenv("GRAPHTUTOR_CACHE", str(tmp_path))
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", "")
    monkeypatch.setattr(tiktoken.registry, "ENCODINGS", {})
    tokenizer._encoding.cache_clear()
    yield tmp_path / "tokenizer"
    tokenizer._encoding.cache_clear()


@pytest.mark.parametrize(
    ("name", "text", "tokens"),
    [
        ("cl100k_base", "", 0),
        ("cl100k_base", "The quick brown fox jumps over the lazy dog.", 10),
        ("cl100k_base", "知识图谱由实体和关系组成。", 15),
        ("o200k_base", "The quick brown fox jumps over the lazy dog.", 10),
        ("o200k_base", "知识图谱由实体和关系组成。", 9),
    ],
)
@pytest.mark.usefixtures("cache")
def test_tokens_are_counted_without_a_network(name: str, text: str, tokens: int) -> None:
    assert Tokenizer(name).count(text) == tokens
    assert tiktoken.get_encoding(name).decode(Tokenizer(name).encode(text)) == text


@pytest.mark.usefixtures("cache")
def test_special_tokens_in_a_document_are_text() -> None:
    assert Tokenizer("cl100k_base").count("<|endoftext|><|fim_prefix|>") > 2
    assert tiktoken.get_encoding("cl100k_base").eot_token not in Tokenizer("cl100k_base").encode(
        "<|endoftext|>"
    )


@pytest.mark.usefixtures("cache")
def test_half_a_character_is_counted_too() -> None:
    assert Tokenizer("cl100k_base").count("broken \ud83d emoji") > 0


def test_a_damaged_rank_file_is_replaced(cache: Path) -> None:
    cache.mkdir()
    (cache / CL100K).write_bytes(b"damaged")
    assert Tokenizer("cl100k_base").count("hello world") == 2


@pytest.mark.usefixtures("cache")
def test_the_users_own_folder_is_kept_and_filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path / "mine"))
    assert Tokenizer("cl100k_base").count("hello world") == 2
    assert os.environ["TIKTOKEN_CACHE_DIR"] == str(tmp_path / "mine")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == [CL100K]


@pytest.mark.usefixtures("cache")
def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way", "utf-8")
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path / "file" / "mine"))
    with pytest.raises(SettingsError, match="TIKTOKEN_CACHE_DIR"):
        Tokenizer("cl100k_base").count("hello world")


def test_an_unknown_tokenizer_is_refused() -> None:
    with pytest.raises(SettingsError, match="cl100k_base"):
        Tokenizer("p50k_base").count("hello world")


def test_two_processes_may_unpack_at_once(tmp_path: Path) -> None:
    code = "from resources.tokenizer import Tokenizer; print(Tokenizer('o200k_base').count('hello world'))"
    environment = {key: value for key, value in os.environ.items() if key != "TIKTOKEN_CACHE_DIR"}
    environment |= {"GRAPHTUTOR_CACHE": str(tmp_path), "PYTHONPATH": str(CODE_ROOT)}
    both = [
        subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    assert [process.communicate(timeout=60)[0].strip() for process in both] == [b"2", b"2"]
    assert len(list((tmp_path / "tokenizer").iterdir())) == 1
