"""The real tokenizer, and a way to make documents from text."""

from collections.abc import Callable

import pytest

from kg_assets.domain import Document, fingerprint
from resources.tokenizer import Tokenizer


@pytest.fixture(scope="session")
def count_tokens() -> Callable[[str], int]:
    return Tokenizer("cl100k_base").count


@pytest.fixture(scope="session")
def make_document() -> Callable[..., Document]:
    def make(
        text: str, language: str = "en", preset_chunks: tuple[tuple[int, int], ...] = (), name: str = "a.md"
    ) -> Document:
        return Document(name, fingerprint(text), text, {}, language, preset_chunks)

    return make
