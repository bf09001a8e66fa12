"""The entities group: which names mean one thing."""

import dagster as dg

from kg_assets.entities.plan import ENTITY_ALIASES, ENTITY_EMBEDDINGS, ENTITY_PAIRS
from kg_assets.stage.asset import stage_asset
from kg_assets.stage.run import StageRun
from kg_assets.stage.shown import markdown_table


@stage_asset(ENTITY_EMBEDDINGS)
def entity_embeddings(run: StageRun) -> dg.MaterializeResult:
    """Names as vectors, by which those of one meaning are found; only with an embedder and entities.resolve:
    model."""
    row = run.execute()
    numbers = run.warehouse.scalar("SELECT octet_length(vector) // 2 FROM current_entity_embeddings LIMIT 1")
    return run.result(row, preview=run.preview("text"), facts={"numbers in a vector": numbers or 0})


@stage_asset(ENTITY_PAIRS)
def entity_pairs(run: StageRun) -> dg.MaterializeResult:
    """Pairs of names that may mean one thing, and whether they do: by rules, or by the synthesizer."""
    row = run.execute()
    verdicts = run.warehouse.frame(
        "SELECT verdict, method, count(*) AS pairs FROM current_entity_pairs GROUP BY ALL ORDER BY ALL"
    )
    return run.result(
        row,
        preview=run.preview("verdict, method, confidence, evidence"),
        facts={"verdicts": dg.MetadataValue.md(markdown_table(verdicts))},
    )


@stage_asset(ENTITY_ALIASES)
def entity_aliases(run: StageRun) -> dg.MaterializeResult:
    """Names that mean what another name does, and why; what the user's own aliases.yaml says comes first."""
    return run.result(run.execute(), preview=run.preview("canonical, alias, method, confidence, evidence"))
