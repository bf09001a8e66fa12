"""A span grows to the sentences that hold it, and not beyond its paragraph, item, heading or row."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg_assets.claims.sentences import whole_sentences


@pytest.mark.parametrize(
    ("text", "quote", "sentences"),
    [
        ("Late blight kills. *P. infestans* also infects tomato. It spreads.", "infects tomato",
         "*P. infestans* also infects tomato."),
        ("It was built in Leeds. It moves brine. It is old.", "Leeds. It moves",
         "It was built in Leeds. It moves brine."),
        ("番茄晚疫病由致病疫霉引起，在叶片湿润十小时以上时传播最快。波尔多液不能治愈病叶。", "由致病疫霉引起",
         "番茄晚疫病由致病疫霉引起，在叶片湿润十小时以上时传播最快。"),
        ("# Pumps\n\nDr. Harrow built it at 5 p.m. on a Monday.\nIt moves brine.", "built it",
         "Dr. Harrow built it at 5 p.m. on a Monday."),
        ("Parts:\n\n- a seal of rubber\n- a shaft of steel", "shaft", "- a shaft of steel"),
        ("| part | of |\n|---|---|\n| seal | rubber |\n| shaft | steel |", "rubber", "| seal | rubber |"),
        ("The pump\nmoves 40 litres\nof brine. It is old.", "40 litres",
         "The pump\nmoves 40 litres\nof brine."),
    ],
)  # fmt: skip
def test_a_quote_grows_to_its_sentences(text: str, quote: str, sentences: str) -> None:
    start = text.index(quote)
    begin, end = whole_sentences(text, start, start + len(quote))
    assert text[begin:end] == sentences


@given(st.text(alphabet="ab .。！\n#-|“”", max_size=60), st.data())
def test_the_span_is_inside_and_growing_again_changes_nothing(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    begin, stop = whole_sentences(text, start, end)
    assert 0 <= begin <= start <= end <= stop <= len(text)
    if start < end:
        assert whole_sentences(text, begin, stop) == (begin, stop)
