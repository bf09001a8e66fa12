"""How many rows a stage will have and what each of them takes: from what the corpus' earlier runs came to
or, before the first, from what is usual."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from dagster_project.forecast.estimate import EXPECTED
from kg_assets.stage.recipe import CODE, differences, recipe
from resources.configuration.load import Configuration
from resources.warehouse.warehouse import Warehouse


@dataclass(frozen=True, slots=True)
class Usual:
    """What one row of a stage usually takes: calls, and tokens of all of them."""

    calls: float
    prompt_tokens: float
    completion_tokens: float


USUAL = {
    "claims": Usual(1.0, 1500.0, 900.0),
    "enrichment": Usual(1.0, 900.0, 8.0),
    "enrichment_claims": Usual(1.0, 1500.0, 900.0),
    "entity_embeddings": Usual(1.0, 300.0, 0.0),
    "entity_pairs": Usual(1.0, 900.0, 120.0),
    "topics": Usual(1.0, 1900.0, 120.0),
    "taxonomy": Usual(1.0, 900.0, 500.0),
    "chunk_tags": Usual(1.0, 3000.0, 90.0),
    "knowledge_graph": Usual(1.0, 800.0, 300.0),
    "statements": Usual(1.0, 450.0, 150.0),
    "judgements": Usual(1.0, 50.0, 1.0),
    "qa_atomic": Usual(1.0, 220.0, 60.0),
    "qa_aggregated": Usual(2.0, 700.0, 250.0),
    "qa_multi_hop": Usual(1.0, 400.0, 150.0),
}
"""Measured with the demo's models and rounded up; after its first run a corpus has numbers of its own."""
USUAL_WITH_COREFERENCE = Usual(2.0, 4000.0, 1100.0)
"""Of claims, where pronouns are replaced first: one more call with the chunk and the one before it."""

ROWS_FOR_EACH = {
    "enrichment": ("units", 0.5),
    "enrichment_claims": ("units", 0.25),
    "entity_embeddings": ("units", 0.06),
    "entity_pairs": ("units", 0.01),
    "topics": ("units", 0.02),
    "chunk_tags": ("chunks", 0.15),
}
"""Rows of stages that are mostly off, or that put several things into a request, for each unit or chunk; of
the others in `EXPECTED`."""
MOST_TOPIC_GROUPS = 80


class Expectations:
    """What is to be expected of the stages of one corpus.

    Args:
        warehouse: of the corpus, with the counts of its earlier runs.
        configuration: of now.
    """

    def __init__(self, warehouse: Warehouse, configuration: Configuration) -> None:
        self._warehouse = warehouse
        self._configuration = configuration

    def rows(self, stage: str, counts: Mapping[str, float]) -> int:
        """How many rows a stage will have; `counts` says how many chunks and units there are."""
        last = self._warehouse.frame(
            "SELECT rows_in FROM stage_runs WHERE stage = ? AND note <> 'stopped' AND rows_in > 0 "
            "ORDER BY number DESC LIMIT 1",
            [stage],
        )
        if not last.empty and self._same_recipe("claims") and self._same_recipe(stage):
            chunks = self._warehouse.frame(
                "SELECT rows_in FROM stage_runs WHERE stage = 'claims' AND rows_in > 0 "
                "ORDER BY number DESC LIMIT 1"
            )
            grown = counts["chunks"] / int(chunks["rows_in"].iloc[0]) if len(chunks) else 1.0
            return round(int(last["rows_in"].iloc[0]) * grown)
        if stage == "taxonomy":
            return 1
        if stage == "judgements":
            return round(counts["units"] * 2 * self._configuration.settings.comprehension.statements)
        of, each = ROWS_FOR_EACH.get(stage) or (EXPECTED[stage].of, EXPECTED[stage].rows_for_each)
        expected = max(1, round(counts[of] * each))
        return min(MOST_TOPIC_GROUPS, expected) if stage == "topics" else expected

    def row_of(self, stage: str) -> Usual:
        """What a row took in this corpus' earlier runs, or what is usual."""
        row = self._warehouse.frame(
            "SELECT sum(new + dropped) AS rows, sum(calls) AS calls, sum(prompt_tokens) AS prompt, "
            "sum(completion_tokens) AS completion FROM stage_runs WHERE stage = ? AND calls > 0",
            [stage],
        ).iloc[0]
        if not row["rows"] or row["rows"] != row["rows"] or not self._same_recipe(stage):
            resolving = stage == "claims" and self._configuration.settings.chunking.resolve_coreference
            return USUAL_WITH_COREFERENCE if resolving else USUAL[stage]
        return Usual(row["calls"] / row["rows"], row["prompt"] / row["rows"], row["completion"] / row["rows"])

    def _same_recipe(self, stage: str) -> bool:
        """Whether the stage last ran with the settings, prompts and model of now, so that what it came to
        says what it will come to."""
        last = self._warehouse.frame(
            "SELECT recipe FROM stage_runs WHERE stage = ? ORDER BY number DESC LIMIT 1", [stage]
        )
        if last.empty:
            return False
        then = json.loads(last["recipe"].iloc[0])
        now = recipe(stage, self._configuration) | {CODE: then.get(CODE)}
        return not differences(then, now)
