"""Candidates by embeddings: which names that mean one thing the configured embedder brings together.

It asks the embedder of the environment: `EMBEDDING_MODEL=… EMBEDDING_BASE_URL=… python -m benchmarks
embeddings`.
"""

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.entities import corpus_of, labelled_pairs
from benchmarks.table import Measured, spent
from kg_assets.domain import entity_id
from kg_assets.entities.embed import as_vectors, embed, name_groups
from kg_assets.entities.meaning import embedding_decisions, script_of
from kg_assets.entities.resolve import rule_decisions
from kg_assets.entities.types import Decision, Named, Passage, ordered
from resources.bench import RunBench
from resources.configuration.load import load_configuration
from resources.configuration.settings import EntitiesSettings
from resources.errors import CallFailed
from resources.models.types import Vectors
from resources.workspace.layout import WorkspaceLayout

TRANSLATED = Path(__file__).parent / "data" / "translated_names.jsonl"
"""Names in English and in German, French or Spanish, by the author of the embedding stage."""
Pair = Mapping[str, Any]


def run() -> list[Measured]:
    """All names of both sets in one corpus, once with the texts that define some of them, once without."""
    translated = [json.loads(line) for line in TRANSLATED.read_text("utf-8").splitlines()]
    pairs = [*labelled_pairs(), *translated]
    entities, passages = corpus_of(pairs)
    entities.sort(key=lambda entity: entity.entity_id)
    with spent() as it:
        vectors = _vectors(entities)
    rows = [Measured(f"{len(entities)} names of {vectors.shape[1]} numbers", len(entities) / it.wall_s, "/s")]
    for what, texts in (("with their texts", passages), ("without texts", [])):
        rows += _found(what, pairs, translated, entities, vectors, texts)
    return rows


def _vectors(entities: Sequence[Named]) -> Vectors:
    """The vectors of the entities, in their order."""
    with tempfile.TemporaryDirectory(prefix="graphtutor-") as folder:
        layout = WorkspaceLayout(Path(folder) / "workspace")
        bench = RunBench(load_configuration(None), Path(folder), layout, "embeddings")
        try:
            found: dict[str, bytes] = {}
            for _, outcome in bench.gateway("embedder").map(name_groups(entities), embed):
                if isinstance(outcome, CallFailed):
                    raise SystemExit(str(outcome))
                found |= {row.entity_id: row.vector for row in outcome}
        finally:
            bench.close()
    return as_vectors([found[entity.entity_id] for entity in entities])


def _found(
    what: str,
    pairs: Sequence[Pair],
    translated: Sequence[Pair],
    entities: Sequence[Named],
    vectors: Vectors,
    passages: Sequence[Passage],
) -> list[Measured]:
    """What rules leave undone, and what of it vectors bring together."""
    by_rules = {(d.left_id, d.right_id): d for d in rule_decisions(entities, passages)}
    near = embedding_decisions(entities, vectors, by_rules, EntitiesSettings().similarity)
    names = {entity.entity_id: entity.name for entity in entities}
    across = [d for d in near if len({script_of(names[end]) for end in (d.left_id, d.right_id)}) == 2]
    same = [pair for pair in pairs if pair["same"]]
    of_two_scripts = [pair for pair in same if len({script_of(pair[end]["name"]) for end in "ab"}) == 2]
    others = [pair for pair in same if pair not in of_two_scripts and pair not in translated]
    within = [d for d in near if d not in across]
    return [
        *_rows(f"{what}, in two scripts", of_two_scripts, by_rules, across),
        *_rows(f"{what}, in one script and two languages", translated, by_rules, within),
        *_rows(f"{what}, in one language", others, by_rules, within),
        Measured(f"{what}: candidates in two scripts", len(across), ""),
        Measured(f"{what}: candidates in one script", len(within), ""),
    ]


def _rows(
    what: str,
    pairs: Sequence[Pair],
    by_rules: Mapping[tuple[str, str], Decision],
    near: Sequence[Decision],
) -> list[Measured]:
    wanted = [ordered(*(entity_id(pair[end]["name"]) for end in "ab")) for pair in pairs]
    unseen = [pair for pair in wanted if pair not in by_rules]
    found = {(decision.left_id, decision.right_id) for decision in near}
    return [
        Measured(f"{what}: of {len(wanted)} seen by rules", len(wanted) - len(unseen), ""),
        Measured(f"{what}: of the other {len(unseen)} near", sum(pair in found for pair in unseen), ""),
    ]
