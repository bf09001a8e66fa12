"""Which language a text is in."""

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg_assets.language import detect_language, language_name


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Late blight is caused by Phytophthora infestans.", "en"),
        ("马铃薯晚疫病由致病疫霉引起。", "zh"),
        ("馬鈴薯晚疫病由致病疫黴引起，應及時噴藥。", "zh"),
        ("佢哋唔知點解會噉樣。", "zh"),
        ("东京", "zh"),
        ("ジャガイモ疫病は卵菌によって起こる。", "ja"),
        ("这家店名叫“の物语”，主要销售茶叶和茶具，价格合理。", "zh"),
        ("Die Kraut- und Knollenfäule breitet sich aus.", "de"),
        ("Le mildiou de la pomme de terre est une maladie.", "fr"),
        ("감자 역병은 난균류에 의해 발생한다.", "ko"),
        ("Фитофтороз картофеля вызывает оомицет.", "ru"),
        ("यह आलू की एक बीमारी है।", "hi"),
        ("Siehe https://example.org/the/late/blight/of/potato und dann weiter lesen.", "de"),
        ("Europa orbits Jupiter. Io orbits Jupiter.", "en"),
        ("Luzern ass eng Stad an der Schwäiz.", "lb"),
        ("Esperanto estas internacia planlingvo kiu estas facile lernebla.", "eo"),
        ("THE PUMP MUST BE CLOSED BEFORE THE VALVE IS OPENED.", "en"),
    ],
)
def test_common_languages(text: str, code: str) -> None:
    assert detect_language(text) == code


@pytest.mark.parametrize("text", ["", " \n", "42", "😀", "BX-40", "\0", "\ud800", "https://example.org"])
def test_text_that_tells_nothing_gives_the_fallback(text: str) -> None:
    assert detect_language(text) == "en"
    assert detect_language(text, fallback="de") == "de"


def test_han_alone_in_a_japanese_document_is_japanese() -> None:
    assert detect_language("東京都庁", fallback="ja") == "ja"


def test_long_texts_are_judged_by_start_and_middle() -> None:
    text = "\n" * 100_000 + "马铃薯晚疫病由致病疫霉引起。" * 50_000 + "The end is English. " * 10_000
    assert detect_language(text) == "zh"


def test_nothing_is_downloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert detect_language("This is an English sentence.") == "en"


@given(st.text(max_size=300))
def test_any_text_gives_the_same_code_each_time(text: str) -> None:
    assert detect_language(text) == detect_language(text) != ""


def test_names_for_prompts() -> None:
    assert [language_name(code) for code in ("en", "zh", "ja", "vi", "xx")] == [
        "English",
        "Chinese",
        "Japanese",
        "Vietnamese",
        "xx",
    ]
