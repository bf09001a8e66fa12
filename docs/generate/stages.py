"""The stages as the documentation knows them, and which of them a setting makes stale.

`stage_table` and `stale_stages` are all that the documentation reads of the pipeline."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import dagster as dg

from dagster_project.definitions import ASSET_MODULES
from kg_assets.stage.recipe import recipe
from kg_assets.stages import STAGES
from resources.configuration.load import load_configuration


@dataclass(frozen=True, slots=True)
class Stage:
    """One row of the table; `what` is the first paragraph of its asset's docstring."""

    name: str
    group: str
    upstream: tuple[str, ...]
    what: str


@cache
def stage_table() -> tuple[Stage, ...]:
    """All stages in the order in which they run."""
    texts = {
        asset.key.path[-1]: next(iter(asset.descriptions_by_key.values()))
        for asset in dg.load_assets_from_modules(ASSET_MODULES)
        if isinstance(asset, dg.AssetsDefinition)
    }
    return tuple(
        Stage(
            stage.name,
            stage.group,
            tuple(each.name for each in stage.upstream),
            " ".join(texts[stage.name].strip().split("\n\n")[0].split()),
        )
        for stage in STAGES
    )


def stale_stages(path: str) -> tuple[str, ...]:
    """The stages whose recipe names this setting or a part of it; what is downstream of them follows.

    Args:
        path: as in the configuration file, `chunking.max_tokens`; `models.ROLE.temperature` for any role.
    """
    head, _, key = path.rpartition(".")
    if head.startswith("models."):
        return tuple(stage for stage, recipe in _recipes().items() if _of_model(key, recipe))
    return tuple(
        stage
        for stage, recipe in _recipes().items()
        if any(name == path or name.startswith(f"{path}.") for name in recipe)
    )


def _of_model(key: str, recipe: Sequence[str]) -> bool:
    return any(name.endswith(f" {key}") for name in recipe)


EVERYTHING_ON = """
extraction: {enrich: wikipedia}
taxonomy: {source: model}
entities: {resolve: model}
models:
  synthesizer: {model: any, base_url: "http://127.0.0.1/v1"}
  trainee: {model: any, base_url: "http://127.0.0.1/v1"}
  embedder: {model: any, base_url: "http://127.0.0.1/v1"}
"""
"""A configuration under which every stage has something to do, so that its recipe names all it depends on."""


@cache
def _recipes() -> Mapping[str, Sequence[str]]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "graphtutor.yaml"
        file.write_text(EVERYTHING_ON, "utf-8")
        configuration = load_configuration(file, {})
    return {stage.name: tuple(recipe(stage, configuration)) for stage in STAGES}


def stages_as_markdown(stages: Sequence[Stage]) -> str:
    """The table of stages, with the folder of each, and an anchor that the drawing links to."""
    rows = [
        f"| `kg_assets/{stage.group}/` | [](){{#stage-{stage.name}}}`{stage.name}` | "
        f"{', '.join(f'`{name}`' for name in stage.upstream)} | {stage.what} |"
        for stage in stages
    ]
    head = "| folder of its group | stage | reads | what its rows are |"
    return "\n".join([head, "|---|---|---|---|", *rows])
