"""A model's quote found in the text, or not at all: positions always index the text itself."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg_assets.claims.align import align_quote

QUOTES = dict.fromkeys("“”„«»＂「」『』", '"') | dict.fromkeys("‘’‚`´＇", "'") | dict.fromkeys("‐–—－", "-")


def comparable(text: str) -> str:
    """What is held equal, written down once more: quotes, dashes, full width, case; no white space."""
    plain = "".join(QUOTES.get(character, character) for character in text).replace("。", ".")
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", plain).casefold())
    return re.sub(r"\s+", "", folded)


@pytest.mark.parametrize(
    ("quote", "text", "found"),
    [
        ("moves brine", "It moves brine.", "moves brine"),
        (" moves brine ", "It moves brine.", "moves brine"),
        ("moves  brine\n", "It moves\n  brine.", "moves\n  brine"),
        ("Moves Brine", "It moves brine.", "moves brine"),
        ('called "Kestrel"', "It is called “Kestrel” today.", "called “Kestrel"),
        ("the “new” pump", "the 'new' pump 'the \"new\" pump'", 'the "new" pump'),
        ("O'Brien's pump", "It was O’Brien’s pump.", "O’Brien’s pump"),
        ("1987-1990", "from 1987–1990", "1987–1990"),
        ("moves brine.", "It moves brine, always", "moves brine"),
        ("… moves brine …", "It moves brine.", "moves brine"),
        ("“moves brine”", "It moves brine.", "moves brine"),
        ("制造,输送40升", "1987年制造，输送40升盐水。", "制造，输送40升"),
        ("制造（利兹）", "由其制造(利兹)的泵", "制造(利兹)"),
        ("每分钟输送", "每分钟\n输送盐水", "每分钟\n输送"),
        ("ＡＢＣ泵", "这是abc泵。", "abc泵"),
        ("fine", "a ﬁne pump", "ﬁne"),
        ("café", "the cafe\u0301 here", "cafe\u0301"),
        ("soft-ware", "soft\u2010ware", "soft\u2010ware"),
        ("software", "soft\u00adware", "soft\u00adware"),
        ("STRASSE", "die Straße", "Straße"),
    ],
)
def test_a_quote_is_found_whatever_its_spaces_quotes_dashes_width_and_case(
    quote: str, text: str, found: str
) -> None:
    span = align_quote(quote, text)
    assert span is not None
    assert text[span[0] : span[1]] == found


@pytest.mark.parametrize(
    ("quote", "text"),
    [
        ("moves water", "It moves brine."),
        ("moves brine quickly", "It moves brine."),
        ("", "text"),
        ("   ", "text"),
        ("...", "text. text"),
        ("brine", ""),
        ("输送五十升", "输送四十升盐水"),
        ("AI", "the rain in Spain"),
        ("Pump 1", "pump 12 and PUMP 13"),
        ("cafe", "the café"),
        ("S", "Maß"),
    ],
)
def test_a_quote_with_other_words_is_no_evidence(quote: str, text: str) -> None:
    assert align_quote(quote, text) is None


def test_a_whole_word_is_preferred_to_a_piece_of_an_earlier_one() -> None:
    assert align_quote("ion", "the region of an ion") == (17, 20)
    assert align_quote("Ion", "the region of an ion") == (17, 20)


def test_a_literal_piece_of_a_word_is_evidence_where_nothing_better_is() -> None:
    assert align_quote("pump", "two pumps") == (4, 8)


TEXTS = st.text(
    alphabet=st.sampled_from("abcXYZ äßéİ0129 \n\t　“”\"'’«»（），。、；–-茶经泵ﬁ²…\u00ad\u0301"),
    min_size=1,
    max_size=60,
)


@st.composite
def quoted(draw: st.DrawFn) -> tuple[str, str]:
    """A text, and a piece of it with other spaces, quotes, dashes and case."""
    text = draw(TEXTS)
    start = draw(st.integers(0, len(text) - 1))
    end = draw(st.integers(start + 1, len(text)))
    changed = []
    for character in text[start:end]:
        if character.isspace():
            changed.append(draw(st.sampled_from([" ", "\n ", "", "\t\t"])))
        elif QUOTES.get(character, character) in "\"'-":
            plain = QUOTES.get(character, character)
            changed.append(draw(st.sampled_from([plain, *(c for c, p in QUOTES.items() if p == plain)])))
        else:
            changed.append(draw(st.sampled_from([character, character.upper(), character + " "])))
    return "".join(changed), text


@given(quoted())
def test_what_is_aligned_says_the_same_as_the_quote(sample: tuple[str, str]) -> None:
    quote, text = sample
    span = align_quote(quote, text)
    if span is not None:
        start, end = span
        assert 0 <= start < end <= len(text)
        trimmed = quote.strip().strip(" .。…\"'“”‘’「」")
        said = comparable(text[start:end]).replace("\u00ad", "")
        assert said in (comparable(quote).replace("\u00ad", ""), comparable(trimmed).replace("\u00ad", ""))


@given(
    st.lists(
        st.sampled_from(["Leeds", "pump", "“built”", "1987,", "茶经", "it's", "well-known"]), min_size=1
    ),
    st.data(),
)
def test_any_run_of_whole_words_is_found_however_it_is_spaced_and_quoted(
    tokens: list[str], data: st.DataObject
) -> None:
    text = "  ".join(tokens)
    first = data.draw(st.integers(0, len(tokens) - 1))
    last = data.draw(st.integers(first, len(tokens) - 1))
    piece = tokens[first : last + 1]
    quote = "\n".join(piece).translate(str.maketrans("“”'-", '""’–')).upper()
    span = align_quote(quote, text)
    assert span is not None
    assert comparable(text[span[0] : span[1]]).strip('"') == comparable(quote).strip('"')
