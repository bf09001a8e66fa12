"""The pages of *Extend* show the examples that run, and name files that are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "tests" / "extension"
PAGES = {page.name: page.read_text("utf-8") for page in sorted((ROOT / "docs" / "extend").glob("*.md"))}
SHOWN = {
    path for page in PAGES.values() for path in re.findall(r"^<!-- file: (\S+) -->$", page, re.MULTILINE)
}
GENERATED = "<!-- generated: "
WITH_GENERATED = {
    page.relative_to(ROOT).as_posix(): text
    for page in sorted((ROOT / "docs").rglob("*.md"))
    if GENERATED in (text := page.read_text("utf-8"))
}
ADDED = re.compile(r"^\w+\.[A-Z]+ = \(\*.+\)$", re.MULTILINE)
"""A line that adds to a table."""


@pytest.mark.parametrize(
    "example",
    sorted(
        path.relative_to(ROOT).as_posix()
        for path in EXAMPLES.rglob("*")
        if path.suffix in (".py", ".txt") and not path.name.startswith("__")
    ),
)
def test_every_example_is_shown_on_a_page_as_it_is(example: str) -> None:
    assert example in SHOWN


@pytest.mark.parametrize("name", PAGES)
def test_above_each_example_a_link_leads_to_its_file_for_who_reads_the_page_in_the_repository(
    name: str,
) -> None:
    lines = PAGES[name].splitlines()
    for number, line in enumerate(lines):
        if found := re.fullmatch(r"<!-- file: (\S+) -->", line):
            assert lines[number - 2] == f"[`{found[1]}`](../../{found[1]}):"


@pytest.mark.parametrize("name", WITH_GENERATED)
def test_above_what_is_generated_a_sentence_says_which_command_fills_it_in(name: str) -> None:
    first = WITH_GENERATED[name].partition(GENERATED)[0]
    assert "`make docs`" in first.rstrip().splitlines()[-1]


def test_the_lines_of_tables_are_those_with_which_the_examples_run() -> None:
    lines = sorted(line for page in PAGES.values() for line in ADDED.findall(page))
    assert lines == sorted(ADDED.findall((EXAMPLES / "__main__.py").read_text("utf-8")))


@pytest.mark.parametrize("name", PAGES)
def test_what_a_page_names_of_the_repository_is_there(name: str) -> None:
    in_repository = r"`((?:kg_assets|resources|dagster_project|sensors|tests|docs|benchmarks)/[\w./-]+)`"
    for path in [*SHOWN, *re.findall(in_repository, PAGES[name])]:
        assert (ROOT / path).exists(), path
