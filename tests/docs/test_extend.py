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


def test_the_lines_of_tables_are_those_with_which_the_examples_run() -> None:
    lines = sorted(line for page in PAGES.values() for line in ADDED.findall(page))
    assert lines == sorted(ADDED.findall((EXAMPLES / "__main__.py").read_text("utf-8")))


@pytest.mark.parametrize("name", PAGES)
def test_what_a_page_names_of_the_repository_is_there(name: str) -> None:
    in_repository = r"`((?:kg_assets|resources|dagster_project|sensors|tests|docs|benchmarks)/[\w./-]+)`"
    for path in [*SHOWN, *re.findall(in_repository, PAGES[name])]:
        assert (ROOT / path).exists(), path
