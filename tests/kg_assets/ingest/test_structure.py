"""Which lines are headings, code, list items and paragraphs."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kg_assets.ingest.structure import parse_blocks


def outline(text: str) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(b.kind, text[b.start : b.end], b.heading_path) for b in parse_blocks(text, 0, len(text))]


def test_headings_nest_by_level() -> None:
    text = "# A\nintro\n## B ##\nb\n### C#\nc\n## D\nd\n# E\ne"
    assert [(block[1], block[2]) for block in outline(text) if block[0] == "text"] == [
        ("intro", ("A",)),
        ("b", ("A", "B")),
        ("c", ("A", "B", "C#")),
        ("d", ("A", "D")),
        ("e", ("E",)),
    ]


def test_underlined_lines_are_headings() -> None:
    text = "Manual\n======\n\nScope\n-----\nAll valves."
    assert outline(text)[-1] == ("text", "All valves.", ("Manual", "Scope"))


def test_rules_below_paragraphs_lists_and_tables_are_no_headings() -> None:
    for text in (
        "one\ntwo\n---\nx",
        "- item\n---\nx",
        "| a |\n---\nx",
        "> quote\n---\nx",
        "\n---\nx",
        "***\nx",
    ):
        assert all(kind == "text" and path == () for kind, _, path in outline(text)), text


def test_hash_signs_that_are_no_headings() -> None:
    for text in ("#tag", "####### seven", "C# is", "    # indented code", "#", "# "):
        assert [kind for kind, _, _ in outline(text)] == ["text"], text


def test_code_is_one_block_and_its_comments_are_no_headings() -> None:
    text = "# A\n```py\n# not a heading\n\nx = 1\n```\nafter"
    assert [block[:2] for block in outline(text)] == [
        ("heading", "# A"),
        ("code", "```py\n# not a heading\n\nx = 1\n```"),
        ("text", "after"),
    ]


def test_longer_fences_hold_shorter_ones() -> None:
    text = "````\n```\n# x\n```\n````\n# Y"
    assert [block[0] for block in outline(text)] == ["code", "heading"]


def test_an_unclosed_fence_hides_nothing() -> None:
    assert outline("```\ntext\n# Heading\nmore")[-1] == ("text", "more", ("Heading",))


def test_a_row_of_tildes_below_a_title_is_no_fence() -> None:
    text = "Title\n~~~~~\ntext\n\nOther\n~~~~~\n# H"
    assert outline(text)[-1][0] == "heading"


def test_front_matter_is_no_heading() -> None:
    text = "---\ntitle: Blight\nlang: en\n---\n# A\nx"
    assert [block[0] for block in outline(text)] == ["code", "heading", "text"]


def test_list_items_and_table_rows_are_blocks_of_their_own() -> None:
    items = [
        "Do:",
        "- one\n  more of one",
        "* two",
        "1. three",
        "2) four",
        "一、五",
        "（二）六",
        "3、七",
        "①八",
        "| a | b |",
        "| c | d |",
    ]
    assert [block[1] for block in outline("\n".join(items))] == items


def test_blank_lines_part_paragraphs() -> None:
    assert [block[1] for block in outline("one\nstill one\n \t\ntwo")] == ["one\nstill one", "two"]


@given(
    st.lists(
        st.sampled_from(["# A", "## B", "text", "", " ", "===", "---", "```", "~~~", "- x", "|", "中。"]),
        max_size=20,
    )
)
def test_blocks_hold_every_line_once_and_in_order(lines: list[str]) -> None:
    text = "\n".join(lines)
    blocks = parse_blocks(text, 0, len(text))
    assert "".join("".join(text[b.start : b.end].split()) for b in blocks) == "".join(text.split())
    assert all(text[b.start : b.end].strip() == text[b.start : b.end] for b in blocks)
    assert all(left.end <= right.start for left, right in pairwise(blocks))
    assert all((b.section != a.section) == (b.kind == "heading") for a, b in pairwise(blocks))
