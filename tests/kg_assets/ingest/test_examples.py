"""The example corpus: readable, small, in two languages, and joined by shared names."""

from collections import Counter
from pathlib import Path

import pytest

from kg_assets.domain import Document
from kg_assets.ingest.chunk import chunk_document
from kg_assets.ingest.corpora import scan_corpora
from kg_assets.ingest.read import read_corpus
from resources.configuration.settings import ChunkingSettings, DocumentsSettings
from resources.tokenizer import Tokenizer

EXAMPLES = Path(__file__).parents[3] / "examples" / "documents"


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    corpora = scan_corpora(EXAMPLES)
    assert list(corpora) == ["fields"]
    assert corpora["fields"].skipped == ()
    found = list(read_corpus(corpora["fields"], DocumentsSettings()))
    assert all(isinstance(document, Document) for document in found), found
    return [document for document in found if isinstance(document, Document)]


def test_every_example_is_read_in_its_language(documents: list[Document]) -> None:
    languages = Counter(document.language for document in documents)
    assert set(languages) == {"en", "zh"}
    assert min(languages.values()) >= 2
    assert {Path(document.document_id.split("#")[0]).suffix for document in documents} == {
        ".md",
        ".txt",
        ".jsonl",
    }


def test_every_example_is_one_chunk_a_small_model_can_read(documents: list[Document]) -> None:
    for document in documents:
        chunks = chunk_document(document, ChunkingSettings(), Tokenizer("cl100k_base").count)
        assert len(chunks) == 1
        assert chunks[0].tokens < 300, document.document_id
        assert chunks[0].language == document.language


def test_documents_share_entities(documents: list[Document]) -> None:
    for name in ("致病疫霉", "绿源合作社", "红珠六号"):
        assert sum(name in document.text for document in documents) == 2
