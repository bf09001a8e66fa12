"""The taxonomy group: what the corpus is about, a tree of tags, the tag of each chunk and of each pair."""

import dagster as dg

from kg_assets.graph.assets import knowledge_graph
from kg_assets.stage.checks import check_specs, result, stage_checks
from kg_assets.stage.run import OWNERS, StageRun, corpora
from kg_assets.stage.shown import markdown_table
from kg_assets.taxonomy.label import LABEL_VERSION, label
from kg_assets.taxonomy.plan import chunk_tag_items, current_tree, plant, store_basis, topic_items, tree_items
from kg_assets.taxonomy.topics import TOPICS_VERSION, find_topics
from kg_assets.taxonomy.tree import TREE_VERSION
from resources.workbench import Workbench

MIN_TAGGED_SHARE = 0.5
OFF = "taxonomy.source is off"


@dg.asset(
    group_name="taxonomy",
    partitions_def=corpora,
    code_version=TOPICS_VERSION,
    owners=OWNERS,
    kinds={"openai", "duckdb"},
    deps=[knowledge_graph],
    check_specs=check_specs("topics"),
)
def topics(context: dg.AssetExecutionContext, workbench: Workbench) -> dg.MaterializeResult:
    """What groups of headings and of the most connected entities are about, said by the synthesizer."""
    with StageRun(context, workbench) as stage:
        if (same := stage.as_it_was()) is not None:
            return same
        identity = stage.bench.endpoint("synthesizer").identity()
        items = topic_items(stage.warehouse, stage.settings, identity, stage.bench.tokenizer.count)
        row = stage.execute(
            items,
            lambda item, ask: find_topics(item.payload.mentions, item.payload.language, ask),
            "synthesizer" if items else None,
            _note(stage, "made from the user's file"),
        )
        return stage.result(row, preview=stage.preview("name"), checks=stage_checks(row))


@dg.asset(
    group_name="taxonomy",
    partitions_def=corpora,
    code_version=TREE_VERSION,
    owners=OWNERS,
    kinds={"openai", "duckdb"},
    deps=[topics],
    check_specs=check_specs("taxonomy"),
)
def taxonomy(context: dg.AssetExecutionContext, workbench: Workbench) -> dg.MaterializeResult:
    """A tree of tags on two levels: made of the topics by the synthesizer, or the user's own from a file."""
    with StageRun(context, workbench) as stage:
        if (same := stage.as_it_was()) is not None:
            return same
        settings, own = stage.settings.taxonomy, stage.bench.configuration.taxonomy
        identity, count = stage.bench.endpoint("synthesizer").identity(), stage.bench.tokenizer.count
        row = stage.execute(
            tree_items(stage.warehouse, settings, own, identity),
            lambda item, ask: plant(item, settings, count, ask),
            "synthesizer" if settings.source == "model" else None,
            _note(stage, ""),
        )
        if settings.source == "model" and row.rows_out:
            store_basis(stage.warehouse, stage.settings, identity)
        return stage.result(
            row,
            preview=stage.preview("tag"),
            facts={"tags": len(current_tree(stage.warehouse).leaves())},
            checks=stage_checks(row),
        )


@dg.asset(
    group_name="taxonomy",
    partitions_def=corpora,
    code_version=LABEL_VERSION,
    owners=OWNERS,
    kinds={"openai", "duckdb"},
    deps=[taxonomy],
    check_specs=check_specs(
        "chunk_tags", ("chunks_have_tags", f"At least {MIN_TAGGED_SHARE:.0%} of the chunks have a tag.")
    ),
)
def chunk_tags(context: dg.AssetExecutionContext, workbench: Workbench) -> dg.MaterializeResult:
    """The tag of each chunk, or none, chosen by the synthesizer for several chunks in a request."""
    with StageRun(context, workbench) as stage:
        if (same := stage.as_it_was()) is not None:
            return same
        tags = current_tree(stage.warehouse).leaves()
        identity = stage.bench.endpoint("synthesizer").identity()
        items = chunk_tag_items(stage.warehouse, tags, identity, stage.bench.tokenizer.count)
        row = stage.execute(
            items,
            lambda item, ask: label(item.payload, tags, ask),
            "synthesizer" if items else None,
            _note(stage, "" if tags else "there is no tree of tags"),
        )
        with_tag, labelled = stage.warehouse.frame(
            "SELECT count(*) FILTER (tag <> ''), count(*) FROM current_chunk_tags"
        ).iloc[0]
        found = with_tag / labelled if labelled else 1.0
        fits = result(
            "chunks_have_tags", found >= MIN_TAGGED_SHARE, f"{with_tag} of {labelled} chunks have a tag"
        )
        return stage.result(
            row,
            facts=by_tag(stage, "current_chunk_tags", "chunks"),
            checks=[*stage_checks(row), fits],
        )


def _note(stage: StageRun, otherwise: str) -> str:
    source = stage.settings.taxonomy.source
    return OFF if source == "off" else "" if source == "model" else otherwise


def by_tag(stage: StageRun, view: str, what: str) -> dict[str, dg.MetadataValue]:
    """How many rows of a view each tag has, as a table, if there are any. `view` and `what` are names of
    ours."""
    counted = stage.warehouse.frame(
        f"SELECT tag, count(*) AS {what} FROM {view} GROUP BY tag ORDER BY 2 DESC, tag"
    )
    return {} if counted.empty else {f"{what} by tag": dg.MetadataValue.md(markdown_table(counted))}
