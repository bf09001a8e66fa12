"""Tags of texts: how many that were labelled by hand get the same tag from the configured synthesizer.

It asks the model of the environment, or the embedded one, which takes minutes: `python -m benchmarks tags`.
"""

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.table import Measured, spent
from kg_assets.quality.balance import first_level
from kg_assets.taxonomy.label import Sight, label, label_groups
from kg_assets.taxonomy.types import ChunkTag
from resources.bench import RunBench
from resources.configuration.load import load_configuration
from resources.configuration.taxonomy_file import TagTree
from resources.errors import CallFailed
from resources.models.types import Ask
from resources.workspace.layout import WorkspaceLayout

TEXTS = Path(__file__).parent / "data" / "tagged_texts.json"


def run() -> list[Measured]:
    """The labelled texts of each language with the tree of that language."""
    labelled = json.loads(TEXTS.read_text("utf-8"))
    rows: list[Measured] = []
    with tempfile.TemporaryDirectory(prefix="graphtutor-") as folder:
        bench = RunBench(
            load_configuration(None), Path(folder), WorkspaceLayout(Path(folder) / "workspace"), "tags"
        )
        try:
            for language, branches in labelled["trees"].items():
                tree = TagTree(tuple((first, tuple(below)) for first, below in branches.items()))
                texts = [text for text in labelled["texts"] if text["language"] == language]
                rows += _measured(bench, language, tree, texts)
        finally:
            bench.close()
    return rows


def _measured(
    bench: RunBench, language: str, tree: TagTree, texts: Sequence[Mapping[str, Any]]
) -> list[Measured]:
    sights = [Sight(f"c{n}", f"d{n}", language, (), (), text["text"]) for n, text in enumerate(texts)]
    tags = tree.leaves()
    groups = label_groups(sights, bench.tokenizer.count)

    async def tagged(group: tuple[Sight, ...], ask: Ask) -> list[ChunkTag] | CallFailed:
        return await label(group, tags, ask)

    found: dict[str, str] = {}
    with spent() as it:
        for _, outcome in bench.gateway("synthesizer").map(groups, tagged):
            if not isinstance(outcome, CallFailed):
                found |= {row.chunk_id: row.tag for row in outcome}
    expected = {f"c{n}": text["tag"] for n, text in enumerate(texts)}
    exact = sum(found.get(chunk_id) == tag for chunk_id, tag in expected.items())
    area = sum(first_level(found.get(c, "-")) == first_level(tag) for c, tag in expected.items())
    return [
        Measured(f"{language}: the tag is right", exact / len(texts), f"of {len(texts)}"),
        Measured(f"{language}: the first-level tag is right", area / len(texts), f"of {len(texts)}"),
        Measured(f"{language}: {len(groups)} requests", it.wall_s, "s"),
    ]
