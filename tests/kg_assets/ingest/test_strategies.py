"""What holds for every chunking strategy, and what each of them does with the same text."""

from itertools import pairwise

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from kg_assets.domain import Chunk, Document, fingerprint
from kg_assets.ingest.chunk import chunk_document
from resources.configuration.settings import ChunkingSettings
from resources.tokenizer import Tokenizer

COUNT = Tokenizer("cl100k_base").count
SENTENCE = "Late blight spreads in cool and wet weather."
STRATEGIES = [
    {"strategy": "structure"},
    {"strategy": "recursive"},
    {"strategy": "tokens"},
    {"strategy": "separator", "separator": "\n\n"},
    {"strategy": "separator", "separator": "。"},
]

# Random Unicode knows no lists, tables and long gaps: pieces of such text are mixed in.
PIECES = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        [
            "# Heading\n",
            "\n\n",
            "| a | b |\n|---|---|\n| 1 | 2 |\n",
            "- item one\n  more of it\n",
            "```\ncode x\n\ny\n```\n",
            "「止めろ。」と言った。",
            "致病疫霉引起晚疫病。",
            "It rained; then, at 3.5 mm, it stopped. ",
            "word" * 30,
            "雨" * 60,
            " \u3000\t",
            "\n" * 40,
            "👨\u200d👩\u200d👧",
        ]
    ),
)
TEXTS = st.lists(PIECES, max_size=20).map("".join)


def chunked(text: str, **limits: object) -> list[Chunk]:
    limits = {"max_tokens": 16, "overlap_tokens": 0} | limits
    return chunk_document(
        Document("a.md", fingerprint(text), text, {}, "en"), ChunkingSettings.model_validate(limits), COUNT
    )


def texts(text: str, **limits: object) -> list[str]:
    return [chunk.text for chunk in chunked(text, **limits)]


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda chosen: "-".join(chosen.values()))
@settings(max_examples=150, deadline=None)
@given(TEXTS, st.sampled_from([(16, 0), (16, 8), (40, 12), (200, 30)]))
def test_spans_are_exact_ordered_within_the_limit_and_lose_nothing(
    strategy: dict[str, str], text: str, limits: tuple[int, int]
) -> None:
    chunks = chunked(text, **strategy, max_tokens=limits[0], overlap_tokens=limits[1])
    covered = [False] * len(text)
    for index, chunk in enumerate(chunks):
        assert chunk.chunk_index == index
        assert chunk.text == text[chunk.start_char : chunk.end_char]
        assert chunk.text.strip() == chunk.text != ""
        assert chunk.tokens == COUNT(chunk.text) <= limits[0]
        covered[chunk.start_char : chunk.end_char] = [True] * len(chunk.text)
    assert all(covered[i] or text[i].isspace() for i in range(len(text)))
    for before, after in pairwise(chunks):
        assert before.start_char <= after.start_char
        assert before.end_char < after.end_char
        assert COUNT(text[after.start_char : before.end_char]) <= limits[1]
    assert len({chunk.chunk_id for chunk in chunks}) == len(chunks)
    assert chunks == chunked(text, **strategy, max_tokens=limits[0], overlap_tokens=limits[1])


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda chosen: "-".join(chosen.values()))
@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from([SENTENCE, "致病疫霉引起晚疫病。", "e\u0301a\u0308", "👍🏽🇩🇪"]), max_size=30))
def test_no_strategy_cuts_a_character(strategy: dict[str, str], parts: list[str]) -> None:
    text = " ".join(parts)
    ends = {0, *(match.end() for match in regex.finditer(r"\X", text))}
    for chunk in chunked(text, **strategy):
        assert {chunk.start_char, chunk.end_char} <= ends


@pytest.mark.parametrize("strategy", STRATEGIES[:2] + STRATEGIES[3:4], ids=lambda chosen: chosen["strategy"])
def test_an_edit_leaves_chunks_further_on_as_they_are(strategy: dict[str, str]) -> None:
    paragraphs = [f"Field {n} is wet. " + f"{SENTENCE} " * (n % 4) + f"Row {n} dries." for n in range(60)]
    text = "\n\n".join(paragraphs)
    edited = text.replace("Field 9 is wet.", "Field 9 is wet after the rain of Monday.")
    before = set(texts(text, **strategy, max_tokens=64, overlap_tokens=12))
    after = texts(edited, **strategy, max_tokens=64, overlap_tokens=12)
    changed = [index for index, chunk in enumerate(after) if chunk not in before]
    assert 0 < len(changed) <= 4
    assert max(changed) - min(changed) < 4


def test_a_list_a_table_and_a_paragraph_that_fit_a_chunk_are_whole_in_one() -> None:
    intro = " ".join([SENTENCE] * 3)
    items = "\n".join(f"- Step {n}: close valve {n}." for n in range(6))
    rows = "| part | mass |\n|---|---|\n" + "\n".join(f"| valve {n} | {n} kg |" for n in range(8))
    text = f"{intro}\n\n{items}\n\n{rows}\n\n{intro}"
    chunks = texts(text, max_tokens=96, overlap_tokens=20)
    assert len(chunks) > 2
    for whole in (items, rows, intro):
        assert any(whole in chunk for chunk in chunks)


def test_an_indented_paragraph_belongs_to_the_list_above_it() -> None:
    items = "\n".join(f"- Close valve {n}.\n\n  It is red." for n in range(5))
    chunks = texts(f"{' '.join([SENTENCE] * 4)}\n\n{items}", max_tokens=64)
    assert chunks[-1] == items


def test_a_table_too_long_for_a_chunk_is_cut_between_rows() -> None:
    rows = "\n".join(f"| valve {n} | {n} kg | tested. Ready. |" for n in range(30))
    for chunk in texts(rows, max_tokens=64):
        assert all(line.startswith("|") and line.endswith("|") for line in chunk.splitlines())


def test_recursive_keeps_paragraphs_and_knows_no_headings() -> None:
    text = f"# A\n\n{SENTENCE} {SENTENCE}\n\n# B\n\n{SENTENCE} {SENTENCE}"
    chunks = chunked(text, strategy="recursive", max_tokens=30)
    assert [chunk.text for chunk in chunks] == [
        f"# A\n\n{SENTENCE} {SENTENCE}\n\n# B",
        f"{SENTENCE} {SENTENCE}",
    ]
    assert [chunk.heading_path for chunk in chunks] == [("A",), ("B",)]


def test_recursive_cuts_a_paragraph_that_is_too_long_at_sentences() -> None:
    chunks = texts(" ".join([SENTENCE] * 10), strategy="recursive", max_tokens=24)
    assert all(chunk.endswith(SENTENCE) for chunk in chunks)


def test_tokens_fills_chunks_and_repeats_as_much_as_asked_for() -> None:
    for text in (" ".join([SENTENCE] * 60), "致病疫霉引起晚疫病，在阴雨天传播很快。" * 40):
        chunks = chunked(text, strategy="tokens", max_tokens=64, overlap_tokens=16)
        assert all(chunk.tokens > 50 for chunk in chunks[:-1])
        for before, after in pairwise(chunks):
            assert 8 < COUNT(text[after.start_char : before.end_char]) <= 16


def test_a_separator_ends_every_chunk_and_nothing_else_does() -> None:
    text = f"One. Two.\n---\n{SENTENCE}\n\n{SENTENCE}---Three."
    assert texts(text, strategy="separator", separator="---", max_tokens=64) == [
        "One. Two.\n---",
        f"{SENTENCE}\n\n{SENTENCE}---",
        "Three.",
    ]


def test_a_separator_that_begins_with_a_line_break_begins_the_chunk_after_it() -> None:
    text = "# Guide\nIntro.\n## Scope\nAll valves.\n## Use\nClose them."
    chunks = chunked(text, strategy="separator", separator="\n## ")
    assert [chunk.text for chunk in chunks] == [
        "# Guide\nIntro.",
        "## Scope\nAll valves.",
        "## Use\nClose them.",
    ]
    assert chunks[1].heading_path == ("Guide", "Scope")


def test_a_part_between_separators_that_is_too_long_is_cut_at_sentences() -> None:
    chunks = texts(" ".join([SENTENCE] * 6) + " @@ End.", strategy="separator", separator="@@", max_tokens=24)
    assert len(chunks) == 4
    assert all(chunk.endswith((SENTENCE, f"{SENTENCE} @@", "End.")) for chunk in chunks)


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda chosen: "-".join(chosen.values()))
def test_given_chunks_stay_as_they_are_under_every_strategy(strategy: dict[str, str]) -> None:
    text = "# One\nFirst part.\n\nSecond。part. And more."
    spans = ((0, 17), (19, len(text)))
    document = Document("a", "1", text, {}, "en", spans)
    chunks = chunk_document(document, ChunkingSettings.model_validate(strategy), COUNT)
    assert [(chunk.start_char, chunk.end_char) for chunk in chunks] == list(spans)
