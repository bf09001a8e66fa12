"""The reference of all settings, from the models that check them: type, default, range, description."""

import inspect
import json
import types
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, Union, get_args, get_origin

from annotated_types import MinLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from docs.generate.languages import Language, said
from docs.generate.stages import stale_stages
from resources.configuration.settings import Names, Section, Settings
from resources.models.settings import ModelSettings

ROLE = "ROLE"
"""Stands for `synthesizer`, `trainee` and `embedder`, which have the same settings."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One key of the configuration file. `path` as one writes it with dots; `[]` is an entry of a list."""

    path: str
    annotation: Any
    field: FieldInfo

    @property
    def description(self) -> str:
        return " ".join((self.field.description or "").split())

    @property
    def stale(self) -> tuple[str, ...]:
        """The stages that look at their rows anew when it changes."""
        return stale_stages(self.path)


@dataclass(frozen=True, slots=True)
class Block:
    """A block of settings and what stands directly in it."""

    path: str
    description: str
    settings: tuple[Setting, ...]


def blocks() -> tuple[Block, ...]:
    """All settings, in the order of the code; the top level, which has no name, comes last."""
    top, *inner = _blocks("", Settings)
    return (*(block for block in inner if block.settings), top)


def _blocks(path: str, model: type[BaseModel]) -> Iterator[Block]:
    settings: list[Setting] = []
    inner: list[Block] = []
    for name, field in model.model_fields.items():
        here = ".".join(filter(None, (path, field.alias or name)))
        of = _block_of(field.annotation)
        if of is None:
            settings.append(Setting(here, field.annotation, field))
        elif of is ModelSettings:
            if path and not any(block.path.endswith(ROLE) for block in inner):
                inner += _blocks(f"{path}.{ROLE}", of)
        elif get_origin(field.annotation) is tuple:
            settings.append(Setting(here, field.annotation, field))
            inner += _blocks(f"{here}[]", of)
        else:
            inner += _blocks(here, of)
    yield Block(path, " ".join((inspect.getdoc(model) or "").split()), tuple(settings))
    yield from inner


def _block_of(annotation: Any) -> type[BaseModel] | None:
    """The model that a key, or each entry of a list, is read as."""
    if get_origin(annotation) is tuple:
        annotation = get_args(annotation)[0]
    if isinstance(annotation, type) and issubclass(annotation, Section | ModelSettings):
        return annotation
    return None


def kind(annotation: Any, language: Language = "en") -> str:
    """A type in plain words."""
    say = WORDS[language]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return say["one of"] + say[", "].join(f"`{value}`" for value in arguments)
    if origin in (Union, types.UnionType):
        return kind(next(each for each in arguments if each is not type(None)), language)
    if hasattr(annotation, "__metadata__"):
        for names in (each for each in annotation.__metadata__ if isinstance(each, Names)):
            return say["one of"] + say[", "].join(f"`{name}`" for name in names.all())
        return kind(annotation.__origin__, language)
    if origin is tuple:
        inner = kind(arguments[0], language)
        if len(arguments) == 2 and arguments[1] is not Ellipsis:
            return say["two"].format(inner)
        return say["list"].format(inner)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return say["block"] if issubclass(annotation, Section) else say["block or file"]
    return say[annotation]


def allowed(setting: Setting, language: Language = "en") -> str:
    """The range that is allowed, in words, or nothing."""
    say, found = WORDS[language], []
    for constraint in _constraints(setting.annotation, setting.field.metadata):
        if isinstance(constraint, MinLen):
            found.append(say["not empty"])
        for name, word in LIMITS.items():
            if (value := getattr(constraint, name, None)) is not None:
                found.append(say[word].format(f"{value:g}"))
    return say[", "].join(found)


LIMITS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
"""Attributes of pydantic's constraints, and the words for them."""


def _constraints(annotation: Any, found: Iterable[Any] = ()) -> Iterator[Any]:
    """Those that pydantic has found and those inside the type, as in `Annotated[int, Field(gt=0)] | None`;
    two equal parts of a tuple have them once."""
    yield from found
    if hasattr(annotation, "__metadata__"):
        for each in annotation.__metadata__:
            yield from each.metadata if isinstance(each, FieldInfo) else [each]
        annotation = annotation.__origin__
    if get_origin(annotation) in (Union, types.UnionType, tuple):
        for each in dict.fromkeys(get_args(annotation)):
            yield from _constraints(each)


def default(setting: Setting, language: Language = "en") -> str:
    """The default as one would write it in the file."""
    say, value = WORDS[language], setting.field.get_default(call_default_factory=True)
    if setting.field.is_required():
        return say["required"]
    if value in (None, "", ()):
        return say["none"]
    if isinstance(value, str):
        return f"`{value}`"
    if isinstance(value, float):
        return f"`{value:g}`"
    if isinstance(value, tuple):
        return f"`[{', '.join(map(str, value))}]`"
    return f"`{json.dumps(value)}`"


def settings_as_markdown(language: Language) -> str:
    """The reference: a heading for each block, and below it one for each setting with an anchor."""
    parts = []
    for block in blocks():
        title = f"`{block.path}`" if block.path else WORDS[language]["top"]
        parts.append(f"## {title} {{ #{_anchor(block.path) or 'budgets'} }}\n")
        if block.path:
            parts.append(f"{said(block.description, language)}\n")
        parts += [_one(setting, language) for setting in block.settings]
    return "\n".join(parts)


def _one(setting: Setting, language: Language) -> str:
    say = WORDS[language]
    facts = [kind(setting.annotation, language), f"{say['default']}{default(setting, language)}"]
    if limits := allowed(setting, language):
        facts.append(limits)
    facts.append(say["stale"] + _named(setting, language))
    return (
        f"### `{setting.path}` {{ #{_anchor(setting.path)} }}\n\n{said(setting.description, language)}\n\n"
        f"{' · '.join(facts)}\n{{ .facts }}\n"
    )


def _named(setting: Setting, language: Language) -> str:
    """The stages that it makes stale."""
    say, stages = WORDS[language], setting.stale
    if not stages:
        return say["no stage"]
    names = say[", "].join(f"`{stage}`" for stage in stages)
    return say["of role"].format(names) if f".{ROLE}." in setting.path else names


def _anchor(path: str) -> str:
    return path.replace("[]", "")


WORDS: dict[Language, dict[Any, str]] = {
    "en": {
        str: "text",
        int: "whole number",
        float: "number",
        bool: "true or false",
        "one of": "one of ",
        "list": "list: {}",
        "two": "two of: {}",
        "block": "block",
        "block or file": "block, or the name of a file",
        "at least": "at least {}",
        "more than": "more than {}",
        "at most": "at most {}",
        "less than": "less than {}",
        "not empty": "not empty",
        "default": "default ",
        "required": "none: it must be given",
        "none": "none",
        "stale": "makes stale: ",
        "no stage": "no stage",
        "of role": "what asks this model of {}",
        "top": "Budgets",
        ", ": ", ",
    },
    "zh": {
        str: "文字",
        int: "整数",
        float: "数",
        bool: "true 或 false",
        "one of": "其中之一：",
        "list": "列表：{}",
        "two": "两个：{}",
        "block": "配置块",
        "block or file": "配置块，或文件名",
        "at least": "至少 {}",
        "more than": "大于 {}",
        "at most": "至多 {}",
        "less than": "小于 {}",
        "not empty": "不能为空",
        "default": "默认 ",
        "required": "无，必须给出",
        "none": "无",
        "stale": "使之过期：",
        "no stage": "无",
        "of role": "以下各阶段中调用该模型的：{}",
        "top": "预算",
        ", ": "、",
    },
}
