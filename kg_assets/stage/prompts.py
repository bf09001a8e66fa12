"""Prompts are files in a stage folder's `prompts/`, one per task and language; this module fills them.

English and Chinese are written out; for any other language the English file is used with the language named.
"""

import json
import string
from collections.abc import Mapping
from functools import cache
from importlib import resources as package_files
from typing import Any

from kg_assets.language import language_name
from resources.models.types import Message

WRITTEN_LANGUAGES = ("en", "zh")


def system_prompt(group: str, task: str, language: str, **values: object) -> str:
    """The fixed part of a prompt.

    Args:
        group: the stage folder, for example `graph`, or the dotted name of another package with `prompts`.
        task: the file's name without language and suffix.
        language: ISO 639-1 code of the language to write in.
        values: what the file's `$names` stand for.
    """
    written = language if language in WRITTEN_LANGUAGES else "en"
    rule = f"Write in {language_name(language)}, the language of the input."
    return _template(group, task, written).substitute(values, language_rule=rule)


def payload_message(payload: str | Mapping[str, Any]) -> Message:
    """The part of a prompt that differs from row to row, marked as data, so that it gives no orders."""
    text = payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False)
    return Message("user", f"<input>\n{text}\n</input>")


def prompt_files(group: str, task: str) -> dict[str, str]:
    """The files of one task as they stand, by language."""
    return {language: _template(group, task, language).template for language in WRITTEN_LANGUAGES}


@cache
def _template(group: str, task: str, language: str) -> string.Template:
    package = group if "." in group else f"kg_assets.{group}"
    file = package_files.files(package).joinpath("prompts", f"{task}.{language}.txt")
    if not file.is_file():
        raise RuntimeError(f"there is no prompt {task}.{language}.txt in {package}/prompts: write it there")
    return string.Template(file.read_text("utf-8").strip())
