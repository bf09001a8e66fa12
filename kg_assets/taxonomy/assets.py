"""The taxonomy group: what the corpus is about, a tree of tags, and the tag of each chunk."""

import dagster as dg

from kg_assets.stage.asset import stage_asset
from kg_assets.stage.checks import result
from kg_assets.stage.run import StageRun
from kg_assets.taxonomy.plan import CHUNK_TAGS, MIN_TAGGED_SHARE, TAXONOMY, TOPICS, current_tree


@stage_asset(TOPICS)
def topics(run: StageRun) -> dg.MaterializeResult:
    """What groups of headings and of the most connected entities are about, said by the synthesizer."""
    return run.result(run.execute(), preview=run.preview("name"))


@stage_asset(TAXONOMY)
def taxonomy(run: StageRun) -> dg.MaterializeResult:
    """A tree of tags on two levels: made of the topics by the synthesizer, or the user's own from a file."""
    row = run.execute()
    tags = len(current_tree(run.warehouse).leaves())
    return run.result(row, preview=run.preview("tag"), facts={"tags": tags})


@stage_asset(CHUNK_TAGS)
def chunk_tags(run: StageRun) -> dg.MaterializeResult:
    """The tag of each chunk, or none, chosen by the synthesizer for several chunks in a request."""
    row = run.execute()
    with_tag, labelled = run.warehouse.frame(
        "SELECT count(*) FILTER (tag <> ''), count(*) FROM current_chunk_tags"
    ).iloc[0]
    found = with_tag / labelled if labelled else 1.0
    return run.result(
        row,
        facts=run.counted("tag", "chunks"),
        checks=[
            result(
                "chunks_have_tags", found >= MIN_TAGGED_SHARE, f"{with_tag} of {labelled} chunks have a tag"
            )
        ],
    )
