"""There is one table for each kind of thing: no other list in the code names stages, forms, gates or formats,
which whoever adds one would have to find."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from kg_assets.export.formats.table import FORMATS
from kg_assets.ingest.formats.table import READERS
from kg_assets.quality.gates.table import GATES
from kg_assets.stages import NAMES
from kg_assets.synthesis.forms.table import FORMS

ROOT = Path(__file__).parents[1]
SOURCES = sorted(
    path
    for folder in ("kg_assets", "resources", "dagster_project", "sensors")
    for path in (ROOT / folder).rglob("*.py")
)
TABLES = {
    "stages": ("kg_assets/stages.py", set(NAMES)),
    "forms": ("kg_assets/synthesis/forms/table.py", {form.name for form in FORMS}),
    "gates": ("kg_assets/quality/gates/table.py", {gate.name for gate in GATES}),
    "formats": ("kg_assets/export/formats/table.py", {format.name for format in FORMATS}),
    "kinds of documents": (
        "kg_assets/ingest/formats/table.py",
        {each for reader in READERS for each in (*reader.suffixes, *reader.mime_types)},
    ),
}

OTHER_THINGS = {
    ("comprehension", "statements"),  # a prompt, by its folder and task
    ("taxonomy", "topics"),
    ("taxonomy", "chunk_tags"),
    ("application/xhtml+xml", "text/html"),  # what chapters of a book are
    ("text/plain", "application/json"),  # what servers say that do not know
}
"""Words that mean something else where they stand together."""


def lists(code: ast.AST) -> Iterator[tuple[int, list[str]]]:
    """Line and texts of each tuple, list, set, mapping or `Literal` that stands outside a function."""
    for node in ast.iter_child_nodes(code):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.Tuple | ast.List | ast.Set):
            yield node.lineno, [each.value for each in node.elts if _is_text(each)]  # type: ignore[attr-defined]
        if isinstance(node, ast.Dict):
            yield node.lineno, [each.value for each in node.keys if each is not None and _is_text(each)]  # type: ignore[attr-defined]
        yield from lists(node)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


@pytest.mark.parametrize("kind", TABLES)
def test_no_other_list_names_them(kind: str) -> None:
    table, names = TABLES[kind]
    found = [
        f"{path.relative_to(ROOT)}:{line}: {named}"
        for path in SOURCES
        if path != ROOT / table
        for line, texts in lists(ast.parse(path.read_text("utf-8")))
        if len(named := [text for text in texts if text in names]) > 1 and tuple(named) not in OTHER_THINGS
    ]
    assert not found, f"the table of {kind} is {table}; these are lists beside it: {found}"


@pytest.mark.parametrize("kind", TABLES)
def test_the_test_sees_such_lists(kind: str) -> None:
    one, other, *_ = sorted(TABLES[kind][1])
    for code in (
        f"A = ({one!r}, {other!r})",
        f"class A:\n b: Literal[{one!r}, {other!r}]",
        f"A = {{{one!r}: 1, {other!r}: 2}}",
    ):
        assert any(texts == [one, other] for _, texts in lists(ast.parse(code)))
