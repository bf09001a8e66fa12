"""Where sentences, clauses, words and characters end."""

from itertools import pairwise
from pathlib import Path

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from kg_assets.ingest.boundaries import (
    split_characters,
    split_clauses,
    split_lines,
    split_sentences,
    split_words,
)

MIXED = st.text(
    st.sampled_from(list("aB1.!?…。！？；，、,:;\"'“”（）()*# \n\t-é中文\u0301\u200d\ufe0f👩🏽🇩🇪")),
    max_size=80,
)


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in split_sentences(text, 0, len(text))]


@pytest.mark.parametrize(
    "parts",
    [
        ["It rained.", "Blight spread."],
        ["Is it blight?", "Yes!", "Spray now."],
        ['He said "Stop."', "She did."],
        ["(See below.)", "Then go on."],
        ["It starts at 5 p.m.", "The pump stops."],
        ["The answer is no.", "Nothing grows."],
        ["Read https://example.org/a.b?c=d.e for more.", "Then act."],
        ["**Stop.**", "Then go."],
        ["第一句。", "第二句！", "第三句？"],
        ["病斑呈褐色；", "叶背有白霉。"],
        ["他说：“停机。”", "然后离开。"],
        ["（见附录。）", "下一步。"],
        ["他走了……", "天黑了。"],
        ["真的吗？！", "是的。"],
        ["打开阀门!", "再关闭."],
        ["**关闭。**", "然后检查。"],
        ['说“好。"', '"再见。"'],
        ["यह एक वाक्य है।", "दूसरा वाक्य।"],
        ["Wow!\ufe0f", "Next one."],
        ["Line one goes\non here.", "Second."],
    ],
)
def test_sentences_end_after_their_closing_marks(parts: list[str]) -> None:
    assert sentences(" ".join(parts)) == parts


@pytest.mark.parametrize(
    "parts", [["病斑呈褐色；", "叶背有白霉。"], ["打开阀门!", "再关闭."], ["“走。”", "他说。"]]
)
def test_chinese_sentences_need_no_white_space(parts: list[str]) -> None:
    assert sentences("".join(parts)) == parts


@pytest.mark.parametrize(
    "text",
    [
        "Dr. Smith and Prof. Lee met.",
        "Use a fungicide, e.g. Mancozeb, or i.e. Copper.",
        "See Fig. 2 and No. 5 in Vol. 3.",
        "J. R. R. Tolkien wrote it.",
        "The U.S. Army came.",
        "Pressure is 3.5 bar at 1.6 MPa.",
        "Wait... then go on!",
        "1. Close the valve",
        "2.4. Scope of use",
        "他说：“好。”，然后离开。",
        "Is it? or not, he asked.",
        "А. С. Пушкин родился.",
        "Version v1.2.3 of example.com works",
        "３．５毫米",
    ],
)
def test_abbreviations_numbers_and_names_end_no_sentence(text: str) -> None:
    assert sentences(text) == [text]


def test_clauses_keep_their_marks_and_numbers_stay_whole() -> None:
    text = "Water, 1,000 litres: use less；开阀，排气、关阀"
    assert [text[s:e] for s, e in split_clauses(text, 0, len(text))] == [
        "Water,",
        "1,000 litres:",
        "use less；",
        "开阀，",
        "排气、",
        "关阀",
    ]


@pytest.mark.parametrize(
    "cluster",
    [
        "e\u0301\u0323",
        "👨\u200d👩\u200d👧",
        "👍🏽",
        "🇩🇪",
        "❤\ufe0f",
        "क्षि",
        "\u1100\u1161\u11a8",
        "🏴\U000e0067\U000e007f",
    ],
)
def test_what_a_reader_sees_as_one_character_is_not_cut(cluster: str) -> None:
    text = cluster * 20
    for start, end in split_characters(text, 0, len(text), max(3, len(cluster))):
        assert (end - start) % len(cluster) == 0


@given(MIXED, st.integers(1, 9))
def test_character_pieces_are_contiguous_and_cut_between_clusters(text: str, size: int) -> None:
    pieces = split_characters(text, 0, len(text), size)
    assert "".join(text[start:end] for start, end in pieces) == text
    ends = {match.end() for match in regex.finditer(r"\X", text)}
    for start, end in pieces:
        assert end in ends or end - start >= 4 * size or "\u200d" in text[end - 1 : end + 1]


@given(MIXED, st.data())
def test_every_split_keeps_all_but_white_space(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    wanted = "".join(text[start:end].split())
    for split in (split_sentences, split_lines, split_clauses, split_words):
        spans = split(text, start, end)
        assert all(start <= s < e <= end for s, e in spans)
        assert all(text[s:e] == text[s:e].strip() for s, e in spans)
        assert all(left[1] <= right[0] for left, right in pairwise(spans))
        assert "".join("".join(text[s:e].split()) for s, e in spans) == wanted


def _labelled(language: str) -> list[list[str]]:
    """Texts of `labelled_sentences.txt` as their sentences; the white space between two stays with either."""
    lines = (Path(__file__).parent / "labelled_sentences.txt").read_text("utf-8").splitlines()
    return [line.partition("\t")[2].split("|") for line in lines if line.startswith(f"{language}\t")]


@pytest.mark.parametrize(("language", "most_wrong"), [("en", 1), ("zh", 3), ("ja", 1)])
def test_labelled_texts_are_split_as_people_do(language: str, most_wrong: int) -> None:
    labelled = _labelled(language)
    wrong = [parts for parts in labelled if sentences("".join(parts)) != [part.strip() for part in parts]]
    assert len(labelled) >= 24
    assert len(wrong) <= most_wrong, wrong


def test_a_quotation_near_enough_is_not_cut_inside() -> None:
    assert sentences("他喊道：“快跑！危险！”大家都跑了。") == ["他喊道：“快跑！危险！”", "大家都跑了。"]
    far = "“" + "雨" * 600 + "。" + "雨" * 600 + "。”"
    assert len(sentences(far)) == 2
