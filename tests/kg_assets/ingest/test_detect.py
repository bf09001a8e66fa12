"""Texts of several languages and lengths are decoded without being told how."""

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg_assets.domain import Document
from kg_assets.ingest.detect import detected
from kg_assets.ingest.read import read_file
from resources.configuration.settings import DocumentsSettings

SIMPLIFIED = (
    "马铃薯晚疫病是一种由致病疫霉引起的病害，在凉爽潮湿的天气里传播很快。十九世纪四十年代，它在爱尔兰"
    "造成了严重的饥荒，许多人离开了故乡。今天，农民用铜制剂和抗病品种来防治它，并且在收获之前割去病株"
    "的叶子，以免块茎受到感染。"
)
TRADITIONAL = (
    "馬鈴薯晚疫病是一種由致病疫黴引起的病害，在涼爽潮濕的天氣裡傳播很快。十九世紀四十年代，它在愛爾蘭"
    "造成了嚴重的饑荒，許多人離開了故鄉。今天，農民用銅製劑和抗病品種來防治它，並且在收穫之前割去病株"
    "的葉子，以免塊莖受到感染。"
)
JAPANESE = (
    "ジャガイモ疫病は、涼しく湿った天候のもとで急速に広がる病害である。十九世紀の四十年代にはアイルラ"
    "ンドで大きな飢饉を引き起こし、多くの人々が故郷を離れた。今日では農家は銅剤と抵抗性品種によってこ"
    "れを防いでいる。"
)
FRENCH = (
    "Le mildiou de la pomme de terre se propage très vite par temps frais et humide. Dans les années "
    "1840, il provoqua une grave famine en Irlande, où beaucoup de gens quittèrent leur pays. "
    "Aujourd'hui, les cultivateurs s'en protègent grâce à des préparations à base de cuivre et à des "
    "variétés résistantes, récoltées plus tôt."
)
GERMAN = (
    "Die Kraut- und Knollenfäule breitet sich bei kühlem und nassem Wetter schnell aus. Um 1845 löste "
    "sie in Irland eine große Hungersnot aus, und viele Menschen verließen ihre Heimat. Heute schützen "
    "sich Bäuerinnen und Bauern mit Kupfermitteln und widerstandsfähigen Sorten; vor der Ernte wird "
    "das Kraut gemäht, damit die Knollen gesund bleiben."
)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (SIMPLIFIED, "gb18030"),
        (SIMPLIFIED, "utf-16-le"),
        (SIMPLIFIED + "\nAnd English.", "utf-16-be"),
        (TRADITIONAL, "big5"),
        (JAPANESE, "shift_jis"),
        (JAPANESE, "euc_jp"),
        (FRENCH, "latin-1"),
        (GERMAN, "cp1252"),
    ],
)
@pytest.mark.parametrize("length", [40, 100, 10_000])
def test_texts_are_read_whole_or_not_at_all(text: str, encoding: str, length: int) -> None:
    part = (text * (1 + length // len(text)))[:length]
    raw = part.encode(encoding)
    found = detected(raw)
    enough = sum(byte >= 0x80 for byte in raw) >= 10 or (len(raw) >= 80 and not part.isascii())
    assert (None if found is None else found[0]) == (part if enough else None)


@pytest.mark.parametrize(
    "raw", [b"", b"plain", "晚疫".encode("gb18030"), "Fäule über".encode("cp1252"), b"\x89PNG\0"]
)
def test_too_little_is_not_guessed(raw: bytes) -> None:
    assert detected(raw) is None


@pytest.mark.parametrize("size", [100, 5_000, 300_000])
def test_bytes_that_are_no_text_stay_undecodable(size: int) -> None:
    assert detected(random.Random(size).randbytes(size)) is None


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_what_is_detected_can_be_stored(raw: bytes) -> None:
    found = detected(raw)
    if found is not None:
        found[0].encode("utf-8")
        assert "\0" not in found[0]


def test_a_guessed_encoding_is_told_and_a_named_one_goes_first(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(SIMPLIFIED.encode("gb18030"))

    def read(*encodings: str) -> Document:
        (found,) = read_file(tmp_path / "a.txt", "a.txt", DocumentsSettings(encodings=encodings))
        assert isinstance(found, Document)
        return found

    assert (read("utf-8").text, read("utf-8").metadata) == (SIMPLIFIED, {"encoding": "gb18030"})
    assert (read("utf-8", "gb18030").text, read("utf-8", "gb18030").metadata) == (SIMPLIFIED, {})
