"""The reference of the command line, from click's own records."""

from collections.abc import Iterator
from dataclasses import dataclass

import click

from dagster_project.cli import cli
from docs.generate.languages import Language, said

SHARED = ("--documents", "--workspace", "--config")
"""Options that every command has: they are described once."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command as it is typed, without options."""

    path: str
    of: click.Command

    @property
    def description(self) -> str:
        return " ".join((self.of.help or "").split())

    @property
    def options(self) -> tuple[click.Option, ...]:
        return tuple(each for each in self.of.params if isinstance(each, click.Option))

    @property
    def usage(self) -> str:
        context = click.Context(self.of, info_name=self.path)
        return " ".join((self.path, *self.of.collect_usage_pieces(context)))


def commands() -> tuple[Command, ...]:
    """All below `graphtutor`, groups of commands among them, in the order in which they are written."""
    return tuple(each for each in _below("graphtutor", cli) if each.of is not cli)


def _below(path: str, command: click.Command) -> Iterator[Command]:
    yield Command(path, command)
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from _below(f"{path} {name}", inner)


def commands_as_markdown(language: Language) -> str:
    """A heading for each command, its sentence, its usage and its own options."""
    shared = {name: option for each in commands() for option in each.options for name in option.opts}
    parts = [SHARED_TITLE[language], _table([shared[name] for name in SHARED], language)]
    for command in commands():
        anchor = command.path.removeprefix("graphtutor ").replace(" ", "-")
        parts.append(
            f"## {command.path} {{ #{anchor} }}\n\n{said(command.description, language)}\n\n"
            f"```\n{command.usage}\n```\n"
        )
        own = [option for option in command.options if not set(option.opts) & set(SHARED)]
        if own:
            parts.append(_table(own, language))
    return "\n".join(parts)


def _table(options: list[click.Option], language: Language) -> str:
    head = {"en": "| option | what it does |", "zh": "| 选项 | 作用 |"}[language]
    return "\n".join([head, "|---|---|", *(_row(option, language) for option in options), ""])


def _row(option: click.Option, language: Language) -> str:
    context = click.Context(click.Command("none"))
    value = "" if option.is_flag else f" {option.make_metavar(context)}"
    text = said(option.help or "", language)
    if option.show_default:
        text += {"en": f" Default: {option.default}.", "zh": f"默认 {option.default}。"}[language]
    return f"| `{', '.join(option.opts)}{value}` | {text} |"


SHARED_TITLE = {
    "en": "## Options of every command { #options }\n",
    "zh": "## 所有命令共有的选项 { #options }\n",
}
