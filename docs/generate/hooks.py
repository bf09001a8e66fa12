"""What mkdocs calls while it builds the site: generated parts go into the pages, formulas become MathML, and
a page that would fetch something from elsewhere is a warning, which `--strict` makes an error."""

import logging
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from docs.generate.commands import commands_as_markdown
from docs.generate.drawing import draw, legend
from docs.generate.formulas import as_mathml
from docs.generate.records import (
    formats_as_markdown,
    forms_as_markdown,
    gates_as_markdown,
    prompts_as_markdown,
    readers_as_markdown,
)
from docs.generate.remote import remote_assets
from docs.generate.settings import settings_as_markdown
from docs.generate.stages import stage_table, stages_as_markdown
from kg_assets.export.formats.table import FORMATS
from kg_assets.ingest.formats.table import READERS
from kg_assets.quality.gates.table import GATES
from kg_assets.stages import STAGES
from kg_assets.synthesis.forms.table import FORMS

log = logging.getLogger("mkdocs.graphtutor")

GENERATED: Mapping[str, Callable[[], str]] = {
    "<!-- generated: settings -->": lambda: settings_as_markdown("en"),
    "<!-- generated: settings zh -->": lambda: settings_as_markdown("zh"),
    "<!-- generated: commands -->": lambda: commands_as_markdown("en"),
    "<!-- generated: commands zh -->": lambda: commands_as_markdown("zh"),
    "<!-- generated: drawing of the stages -->": lambda: draw(stage_table()),
    "<!-- generated: legend of the stages -->": lambda: legend(stage_table()),
    "<!-- generated: table of the stages -->": lambda: stages_as_markdown(stage_table()),
    "<!-- generated: table of the kinds of documents -->": lambda: readers_as_markdown(READERS),
    "<!-- generated: table of the forms -->": lambda: forms_as_markdown(FORMS),
    "<!-- generated: table of the gates -->": lambda: gates_as_markdown(GATES),
    "<!-- generated: table of the formats -->": lambda: formats_as_markdown(FORMATS),
    "<!-- generated: table of the prompts -->": lambda: prompts_as_markdown(STAGES),
}
"""Comments in pages, and what takes their place."""
ROOT = Path(__file__).parents[2]
SHOWN = re.compile(r"(?:\[`\S+`\]\(\S+\):\n\n)?<!-- file: (?P<path>\S+) -->")
"""A comment that a file of the repository takes the place of, as it is, and of the link above it, which is
for those who read the page in the repository. It stands in no code block of the page, where ruff would take
it for code."""


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Puts in what is generated."""
    for comment, generate in GENERATED.items():
        if comment in markdown:
            markdown = markdown.replace(comment, generate())
    return SHOWN.sub(_file_as_markdown, markdown)


def _file_as_markdown(comment: re.Match[str]) -> str:
    file = ROOT / comment["path"]
    language = {".py": "python"}.get(file.suffix, "text")
    return f'```{language} title="{comment["path"]}"\n{file.read_text("utf-8").rstrip()}\n```'


def on_page_content(html: str, **_: Any) -> str:
    """Formulas."""
    return as_mathml(html)


def on_post_page(output: str, page: Any, **_: Any) -> str:
    """Chinese pages say that they are Chinese, so that browsers take the right shapes of characters."""
    if page.file.src_uri.startswith("zh/"):
        return output.replace('<html lang="en"', '<html lang="zh-CN"', 1)
    return output


def on_post_build(config: Any, **_: Any) -> None:
    """Nothing is fetched from elsewhere."""
    for found in remote_assets(Path(config.site_dir)):
        log.warning("This would be fetched from another machine: %s", found)
