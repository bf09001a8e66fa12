"""How many rows a stage will have and what each of them takes: from what the corpus' earlier runs came to
or, before the first, from what its record says is usual."""

import json
from collections.abc import Mapping
from dataclasses import replace

from kg_assets.stage.recipe import CODE, differences, recipe
from kg_assets.stage.stage import Stage, Usual
from resources.configuration.load import Configuration
from resources.warehouse.warehouse import Warehouse


class Expectations:
    """What is to be expected of the stages of one corpus.

    Args:
        warehouse: of the corpus, with the counts of its earlier runs.
        configuration: of now.
    """

    def __init__(self, warehouse: Warehouse, configuration: Configuration) -> None:
        self._warehouse = warehouse
        self._configuration = configuration

    def of(self, stage: Stage) -> Usual:
        """What a row took in this corpus' earlier runs, or what is usual.

        Raises:
            ValueError: the stage can ask no model.
        """
        if stage.usual is None:
            raise ValueError(f"{stage.name} asks no model, so nothing is usual of it")
        usual = stage.usual(self._configuration.settings)
        row = self._warehouse.frame(
            "SELECT sum(new + dropped) AS rows, sum(calls) AS calls, sum(prompt_tokens) AS prompt, "
            "sum(completion_tokens) AS completion FROM stage_runs WHERE stage = ? AND calls > 0",
            [stage.name],
        ).iloc[0]
        if not row["rows"] or row["rows"] != row["rows"] or not self._same_recipe(stage):
            return usual
        return replace(
            usual,
            calls=row["calls"] / row["rows"],
            prompt_tokens=row["prompt"] / row["rows"],
            completion_tokens=row["completion"] / row["rows"],
        )

    def rows(self, stage: Stage, counter: Stage, counts: Mapping[str, float]) -> int:
        """How many rows a stage will have, as those that it had have grown with those of `counter`, or as is
        usual for so many chunks and units as `counts` says."""
        usual = self.of(stage)
        last, counted = self._last_rows(stage), self._last_rows(counter)
        if last and counted and self._same_recipe(counter) and self._same_recipe(stage):
            return round(last * counts["chunks"] / counted)
        return round(min(usual.most_rows, max(1.0, counts[usual.of] * usual.rows)))

    def _last_rows(self, stage: Stage) -> int:
        return int(
            self._warehouse.scalar(
                "SELECT rows_in FROM stage_runs WHERE stage = ? AND note <> 'stopped' AND rows_in > 0 "
                "ORDER BY number DESC LIMIT 1",
                [stage.name],
            )
            or 0
        )

    def _same_recipe(self, stage: Stage) -> bool:
        """Whether the stage last ran with the settings, prompts and model of now, so that what it came to
        says what it will come to."""
        last = self._warehouse.scalar(
            "SELECT recipe FROM stage_runs WHERE stage = ? ORDER BY number DESC LIMIT 1", [stage.name]
        )
        if last is None:
            return False
        then = json.loads(last)
        now = recipe(stage, self._configuration) | {CODE: then.get(CODE)}
        return not differences(then, now)
