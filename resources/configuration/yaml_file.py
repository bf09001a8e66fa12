"""YAML files of the user's, read strictly."""

from pathlib import Path
from typing import Any

import yaml

from resources.errors import SettingsError


def read_yaml(path: Path) -> Any:
    """What the file holds.

    Raises:
        SettingsError: it cannot be read, is not YAML in UTF-8, or has a key twice.
    """
    try:
        return yaml.load(path.read_text("utf-8"), Loader=_Strict)
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        # `from None`: a YAML error quotes the line it is about, on which a key may stand.
        raise SettingsError(f"{path} cannot be read as YAML ({why_unreadable(error)}): mend it.") from None


class _Strict(yaml.SafeLoader):
    """Of two equal keys YAML keeps the last and says nothing; this one refuses them."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and (key.tag, key.value) in seen:
                problem = f"the key {key.value!r} stands twice"
                raise yaml.constructor.ConstructorError(problem=problem, problem_mark=key.start_mark)
            seen.add((key.tag, str(key.value)))
        return node


def why_unreadable(error: Exception) -> str:
    """What is wrong with a file of the user's, in a few words that quote none of its values."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        line, column = error.problem_mark.line + 1, error.problem_mark.column + 1
        return f"line {line}, column {column}: {error.problem}"
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else "a value cannot be understood"
