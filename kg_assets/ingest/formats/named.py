"""Functions by their full dotted name, which is all that the child process is told of a parser."""

from collections.abc import Callable
from importlib import import_module
from typing import Any


def function_named(name: str) -> Callable[..., Any]:
    """The function `name` of a module, such as `kg_assets.ingest.formats.word.parse_docx`.

    Raises:
        ImportError: there is no such module, or a library that it needs is missing.
        AttributeError: the module has no such function.
    """
    module, _, function = name.rpartition(".")
    found: Callable[..., Any] = getattr(import_module(module), function)
    return found
