"""A text is called foreign only beyond doubt: names in other languages are no other language."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg_assets.quality.gates.language import foreign_language

IN_ITS_OWN_LANGUAGE = [
    ("en", "Which disease does Phytophthora infestans cause?"),
    ("en", "Which enzyme does Clostridium acetobutylicum use to make acetone?"),
    ("en", "Bacillus subtilis, Escherichia coli, Listeria monocytogenes"),
    ("en", "Who composed Le nozze di Figaro, La clemenza di Tito and Così fan tutte?"),
    (
        "en",
        "What is the relationship between Jean-Baptiste Lamarck and Muséum national d'Histoire naturelle?",
    ),
    ("en", "What does Bundesamt für Sicherheit in der Informationstechnik certify?"),
    ("en", "Johann Sebastian Bach, Georg Friedrich Händel, Antonio Vivaldi"),
    ("en", "E = mc^2; F = ma; pV = nRT"),
    ("en", "What does 红隼二号泵是哈罗机械厂制造的 mean?"),
    ("en", "毕昇"),
    ("en", "42"),
    ("en", "La Marseillaise"),
    ("en", "Amoxicillin/clavulanic acid 875 mg/125 mg b.i.d."),
    ("en", "Gnothi seauton"),
    ("en", "Mozart wrote Eine kleine Nachtmusik in Vienna."),
    ("zh", "NASA"),
    ("zh", "Phytophthora infestans"),
    ("zh", "TCP/IP, HTTP/2 and QUIC"),
    ("zh", "Gone with the Wind"),
    ("zh", "SARS-CoV-2引起什么疾病？"),
    ("zh", "git rebase --onto main feature~3 feature"),
    ("zh", "“The quick brown fox jumps over the lazy dog”这句话有什么特点？"),
    ("zh", "NVIDIA H100 GPU的显存是多少GB？"),
    ("zh", "1987年"),
    ("de", 'Wer schrieb "The Catcher in the Rye"?'),
    ("de", "Was ist das Ziel von The Art of Computer Programming und wer schrieb es?"),
    ("fr", "Qui a composé Die Zauberflöte et Così fan tutte à Vienne ?"),
    ("no", "Hva heter hovedstaden i Norge og hvor mange bor der?"),
    ("sr", "Glavni grad Hrvatske je Zagreb i ima oko 800 tisuća stanovnika."),
    ("ja", "東京の首都は何ですか？"),
    ("ja", "毕昇"),
    ("ko", "세종대왕은 누구인가?"),
    ("ru", "Кто написал «Войну и мир»?"),
    ("ru", "SARS-CoV-2 вызывает COVID-19."),
]
IN_ANOTHER_LANGUAGE = [
    ("zh", "en", "The capital is Paris."),
    ("zh", "en", "What is TCP?"),
    ("zh", "en", "Harrow Works built the Kestrel-2 pump in Leeds in 1987."),
    ("zh", "en", "Which salt plant relies on a pump built by Harrow Works?"),
    ("zh", "ja", "東京はどこにありますか？これはひらがなです。"),
    ("en", "zh", "红隼二号泵由哈罗机械厂制造。"),
    ("en", "de", "Die Kestrel-2 Pumpe wurde im Jahre 1987 von der Firma Harrow in Leeds gebaut."),
    ("en", "fr", "La pompe Kestrel-2 a été construite à Leeds en 1987 par la société Harrow Works."),
    ("en", "ru", "Столица России — Москва, и в ней живёт много людей."),
    ("de", "en", "Which salt plant relies on a pump that was built by Harrow Works?"),
    ("fr", "en", "The Kestrel-2 pump was built in Leeds, and it moves 40 litres of brine a minute."),
    ("de", "fr", "La pompe Kestrel-2 a été construite à Leeds en 1987 par la société Harrow Works."),
    ("fr", "zh", "哈罗机械厂在哪里？"),
    ("ru", "en", "Which country is the largest in the world by area?"),
    ("ar", "en", "Which country is the largest in the world by area?"),
    ("ja", "zh", "红隼二号泵由哈罗机械厂于一九八七年在利兹制造，每分钟输送盐水。"),
    ("ko", "zh", "红隼二号泵由哈罗机械厂制造。"),
]


@pytest.mark.parametrize(("source", "text"), IN_ITS_OWN_LANGUAGE)
def test_names_titles_and_formulas_do_not_make_a_text_foreign(source: str, text: str) -> None:
    assert foreign_language(text, source) == ""


@pytest.mark.parametrize(("source", "found", "text"), IN_ANOTHER_LANGUAGE)
def test_a_sentence_in_another_language_is_found(source: str, found: str, text: str) -> None:
    assert foreign_language(text, source) == found


@given(st.text(max_size=80), st.sampled_from(["en", "zh", "ja", "ko", "de", "ru", "ar", "xx"]))
def test_any_text_gets_an_answer_and_never_its_own_language(text: str, source: str) -> None:
    assert foreign_language(text, source) != source
