"""What holds for every chunking, and where chunks end."""

import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from kg_assets.domain import Chunk, Document, fingerprint
from kg_assets.ingest.boundaries import split_sentences
from kg_assets.ingest.chunk import chunk_document
from resources.configuration.settings import ChunkingSettings
from resources.tokenizer import Tokenizer

COUNT = Tokenizer("cl100k_base").count
SMALL = ChunkingSettings(max_tokens=16, overlap_tokens=6)
SENTENCE = "Late blight spreads in cool and wet weather."

FRAGMENTS = st.sampled_from(
    [
        "# Heading\n",
        "\n\nTitle\n=====\n",
        "```\ncode x\n\ny\n```\n",
        "- item one\n",
        "\n\n",
        " ",
        "\u3000",
        "Dr. Lee sprayed copper. ",
        "It rained; then, at 3.5 mm, it stopped. ",
        "致病疫霉引起晚疫病。",
        "“关阀。”他说，然后排气；",
        "马铃薯" * 12,
        "supercalifragilistic" * 6,
        "e\u0301a\u0308",
        "👨\u200d👩\u200d👧\u200d👦",
        "🇩🇪🇨🇳",
        "क्षत्रिय",
        "\n" * 40,
        "。" * 30,
    ]
)
TEXTS = st.one_of(st.lists(FRAGMENTS, max_size=25).map("".join), st.text(max_size=200))


def chunked(text: str, limits: ChunkingSettings = SMALL, language: str = "en") -> list[Chunk]:
    return chunk_document(Document("a.md", fingerprint(text), text, {}, language), limits, COUNT)


def texts(text: str, max_tokens: int, overlap_tokens: int = 0) -> list[str]:
    limits = ChunkingSettings(max_tokens=max_tokens, overlap_tokens=overlap_tokens)
    return [chunk.text for chunk in chunked(text, limits)]


@settings(max_examples=300, deadline=None)
@given(TEXTS, st.sampled_from([(16, 0), (16, 8), (40, 20), (200, 30)]))
def test_chunks_are_exact_slices_within_the_limits_and_lose_nothing(
    text: str, limits: tuple[int, int]
) -> None:
    max_tokens, overlap_tokens = limits
    chunks = chunked(text, ChunkingSettings(max_tokens=max_tokens, overlap_tokens=overlap_tokens))
    covered = [False] * len(text)
    for index, chunk in enumerate(chunks):
        assert chunk.chunk_index == index
        assert chunk.text == text[chunk.start_char : chunk.end_char]
        assert chunk.text.strip() == chunk.text != ""
        assert chunk.tokens == COUNT(chunk.text) <= max_tokens
        covered[chunk.start_char : chunk.end_char] = [True] * len(chunk.text)
    assert all(covered[i] or text[i].isspace() for i in range(len(text)))
    for before, after in pairwise(chunks):
        assert before.start_char <= after.start_char
        assert before.end_char < after.end_char, "a chunk that is only overlap"
        repeated = text[after.start_char : before.end_char]
        assert COUNT(repeated) <= overlap_tokens
    assert len({chunk.chunk_id for chunk in chunks}) == len(chunks)


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_no_chunk_cuts_a_character(text: str) -> None:
    ends = {0, *(match.end() for match in regex.finditer(r"\X", text))}
    for chunk in chunked(text, ChunkingSettings(max_tokens=40, overlap_tokens=0)):
        for cut in (chunk.start_char, chunk.end_char):
            inside_odd = any(
                ord(c) < 32 or c in "\u200c\u200d" or c.isspace() for c in text[cut - 1 : cut + 1]
            )
            long_cluster = any(len(m) > 4 * 5 for m in regex.findall(r"\X", text))
            assert cut in ends or inside_odd or long_cluster or _prepended(text, cut)


def _prepended(text: str, cut: int) -> bool:
    """Rules of UAX #29 that are left out on purpose: prepended marks and conjuncts of Indic scripts."""
    return regex.fullmatch(r"\p{GCB=Prepend}|\p{M}", text[cut - 1]) is not None


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.sampled_from(["Copper kills it.", "雨后喷药。", "Spray early!", "Is it wet?"]), max_size=40)
)
def test_overlap_is_whole_sentences(parts: list[str]) -> None:
    text = " ".join(parts)
    starts = {start for start, _ in split_sentences(text, 0, len(text))}
    for chunk in chunked(text):
        assert chunk.start_char in starts


@settings(max_examples=100, deadline=None)
@given(TEXTS)
def test_chunking_is_deterministic(text: str) -> None:
    assert chunked(text) == chunked(text)


def test_overlap_repeats_the_last_sentences_of_the_chunk_before() -> None:
    text = " ".join(f"Field {n} is wet." for n in range(12))
    chunks = chunked(text, ChunkingSettings(max_tokens=20, overlap_tokens=6))
    assert len(chunks) > 2
    for before, after in pairwise(chunks):
        assert before.text.endswith(after.text.split(".")[0] + ".")


def test_overlap_stops_at_headings() -> None:
    text = f"# A\n{SENTENCE} {SENTENCE}\n# B\n{SENTENCE} {SENTENCE}"
    chunks = chunked(text, ChunkingSettings(max_tokens=24, overlap_tokens=12))
    assert [chunk.text[:3] for chunk in chunks] == ["# A", "# B"]
    assert [chunk.heading_path for chunk in chunks] == [("A",), ("B",)]


def test_heading_path_is_that_of_what_is_new() -> None:
    text = "# Guide\n## Blight\n" + " ".join([SENTENCE] * 6)
    chunks = chunked(text, ChunkingSettings(max_tokens=32, overlap_tokens=16))
    assert chunks[0].heading_path == ("Guide",)
    assert {chunk.heading_path for chunk in chunks[1:]} == {("Guide", "Blight")}


def test_a_half_full_chunk_ends_at_the_last_heading() -> None:
    text = f"# A\n{SENTENCE} {SENTENCE}\n\n# B\n{SENTENCE} {SENTENCE}"
    assert texts(text, 36) == [f"# A\n{SENTENCE} {SENTENCE}", f"# B\n{SENTENCE} {SENTENCE}"]


def test_a_chunk_less_than_half_full_goes_on_over_headings() -> None:
    text = f"# A\nShort.\n\n# B\n{SENTENCE}\n\n# C\n{SENTENCE}"
    assert len(texts(text, 100)) == 1
    assert texts(text, 24)[0].endswith(SENTENCE)


def test_a_nearly_full_chunk_ends_at_a_paragraph() -> None:
    text = f"{SENTENCE} {SENTENCE}\n\nOne. Two. Three. {SENTENCE}"
    assert texts(text, 24)[0] == f"{SENTENCE} {SENTENCE}"


def test_a_heading_is_never_left_at_the_end() -> None:
    text = f"{SENTENCE} Yes.\n\n# A\n\n## B\n{SENTENCE}"
    assert texts(text, 20) == [f"{SENTENCE} Yes.", f"# A\n\n## B\n{SENTENCE}"]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["# A", "## B", "# A\n\n## B", "A\n==="]),
            st.lists(
                st.sampled_from([SENTENCE, "Copper kills it.", "- 雨后喷药。", "```\nx\n```"]), min_size=1
            ),
        ),
        max_size=8,
    ),
    st.sampled_from([16, 24, 60]),
)
def test_no_chunk_ends_with_a_heading(sections: list[tuple[str, list[str]]], limit: int) -> None:
    text = "\n\n".join("\n\n".join([heading, *parts]) for heading, parts in sections)
    for chunk in texts(text, limit, limit // 3):
        assert chunk.splitlines()[-1] not in ("# A", "## B", "===")


def test_a_heading_takes_part_of_a_sentence_that_does_not_fit_beside_it() -> None:
    long = "Late blight spreads fast in cool and wet weather, and it kills leaves, stems, and tubers."
    chunks = texts(f"# The late blight of potato and tomato\n{long}", 24)
    assert chunks[0].startswith("# The late blight of potato and tomato\nLate blight")


def test_code_that_fits_is_not_cut() -> None:
    code = "```py\nvalve = open()\n\n# wait. Then go.\nvalve.close()\n```"
    text = f"{SENTENCE} {SENTENCE}\n\n{code}\n\n{SENTENCE}"
    assert any(code in chunk for chunk in texts(text, 32))


def test_code_that_is_too_long_is_cut_at_lines() -> None:
    lines = [f"valve_{n}.close(now=True)" for n in range(20)]
    chunks = texts("```\n" + "\n".join(lines) + "\n```", 40)
    assert [line for chunk in chunks for line in chunk.splitlines() if "valve" in line] == lines


def test_a_long_sentence_is_cut_at_clauses_then_words_then_characters() -> None:
    clauses = "雨水过多的地块要及时排水，病株要尽快拔除并深埋，发病初期要喷施代森锰锌，每隔七天再喷一次药剂"
    assert all(chunk.endswith("，") for chunk in texts(clauses, 40)[:-1])
    words = " ".join(["overwintering"] * 30)
    assert all(set(chunk.split()) == {"overwintering"} for chunk in texts(words, 16))
    assert "".join(texts("x" * 500, 16)) == "x" * 500


def test_english_and_chinese_chunks_end_with_sentences() -> None:
    for sentence, joint in ((SENTENCE, " "), ("致病疫霉在阴雨天传播很快。", "")):
        chunks = texts(joint.join([sentence] * 20), 50)
        assert len(chunks) > 3
        assert all(chunk.endswith(sentence) for chunk in chunks)


def test_a_gap_longer_than_any_chunk_parts_two() -> None:
    assert texts("a" + "\n" * 5000 + "b", 16) == ["a", "b"]


@pytest.mark.parametrize("text", ["", " \n\t\u3000", "\n" * 100])
def test_white_space_gives_no_chunk(text: str) -> None:
    assert chunked(text) == []


def test_given_chunks_stay_as_they_are(make_document: Callable[..., Document]) -> None:
    text = "# One\nFirst part.\n\nSecond part. And more."
    spans = ((0, 17), (19, len(text)))
    chunks = chunk_document(make_document(text, preset_chunks=spans), ChunkingSettings(), COUNT)
    assert [(chunk.start_char, chunk.end_char) for chunk in chunks] == list(spans)
    assert chunks[1].heading_path == ("One",)


def test_given_chunks_that_are_too_long_are_cut(make_document: Callable[..., Document]) -> None:
    first = " ".join([SENTENCE] * 4)
    document = make_document(
        f"{first}\n\nShort.", preset_chunks=((0, len(first)), (len(first) + 2, len(first) + 8))
    )
    chunks = chunk_document(document, ChunkingSettings(max_tokens=24, overlap_tokens=0), COUNT)
    assert [chunk.text for chunk in chunks] == [f"{SENTENCE} {SENTENCE}", f"{SENTENCE} {SENTENCE}", "Short."]


def test_a_chunk_keeps_its_id_when_an_edit_moves_it() -> None:
    text = f"# A\n{SENTENCE} {SENTENCE}\n# B\n{SENTENCE} {SENTENCE} Yes."
    limits = ChunkingSettings(max_tokens=28, overlap_tokens=0)
    before, after = chunked(text, limits), chunked(text.replace("# A", "# Another A"), limits)
    assert before[-1].chunk_id == after[-1].chunk_id
    assert before[-1].start_char != after[-1].start_char


def test_equal_texts_in_one_document_have_different_ids_as_have_equal_texts_in_two() -> None:
    text = f"{SENTENCE}\n\n" * 6
    document = Document("a.md", "1", text, {}, "en")
    limits = ChunkingSettings(max_tokens=16, overlap_tokens=0)
    here = chunk_document(document, limits, COUNT)
    there = chunk_document(replace(document, document_id="b.md"), limits, COUNT)
    assert len({chunk.text for chunk in here}) == 1
    assert len({chunk.chunk_id for chunk in here + there}) == len(here) + len(there) > 2


def test_each_chunk_has_its_own_language_and_short_ones_that_of_the_document() -> None:
    german, chinese = "Die Kraut- und Knollenfäule breitet sich aus.", "致病疫霉引起晚疫病。" * 3
    text = f"# Deutsch\n{german}\n\n# 中文\n{chinese}\n\n# X\nBX-40."
    spans = (text.index("\n\n# 中"), text.index("\n\n# X"))
    document = Document("a", "1", text, {}, "de", ((0, spans[0]), spans, (spans[1], len(text))))
    assert [chunk.language for chunk in chunk_document(document, ChunkingSettings(), COUNT)] == [
        "de",
        "zh",
        "de",
    ]


def test_a_tokenizer_that_needs_more_than_the_limit_for_a_character_is_refused() -> None:
    with pytest.raises(ValueError, match="more than 16 tokens"):
        chunk_document(Document("a", "1", "ab", {}, "en"), SMALL, lambda text: 100 * len(text))


@settings(max_examples=100, deadline=None)
@given(TEXTS)
def test_limits_hold_for_tokenizers_that_do_not_add_up(text: str) -> None:
    def count(part: str) -> int:
        return len(part) + len(part) // 7 + 2 * (len(part) % 3)

    for chunk in chunk_document(Document("a", "1", text, {}, "en"), SMALL, count):
        assert chunk.tokens == count(chunk.text) <= SMALL.max_tokens


@pytest.mark.parametrize(
    "text",
    [
        "a" * 300_000,
        "x" + "\n" * 300_000 + "y",
        "。" * 300_000,
        " " * 300_000 + "# a" + " " * 100_000 + "#",
        'a。",' * 100_000,
        "```py\n" * 50_000,
        "e" + "\u0301" * 300_000,
        "🇩🇪" * 150_000,
        "a\n\n" * 50_000,
    ],
    ids=["letters", "newlines", "stops", "spaces", "quotes", "fences", "accents", "flags", "paragraphs"],
)
def test_pathological_text_takes_seconds_at_most(text: str) -> None:
    counted = 0

    def count(part: str) -> int:
        nonlocal counted
        counted += len(part)
        return COUNT(part)

    began = time.monotonic()
    chunks = chunk_document(Document("a", "1", text, {}, "en"), ChunkingSettings(), count)
    assert time.monotonic() - began < 20
    assert counted <= 8 * len(text)
    assert all(chunk.tokens <= 1024 for chunk in chunks)
