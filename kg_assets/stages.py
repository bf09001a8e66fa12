"""The table of all stages, in the order in which they run. What settings and warehouse need to know of them
is handed down here."""

from kg_assets.claims.plan import CLAIMS
from kg_assets.comprehension.plan import COMPREHENSION, JUDGEMENTS, STATEMENTS
from kg_assets.enrichment.plan import ENRICHMENT_CLAIMS, ENRICHMENT_STAGE
from kg_assets.entities.plan import ENTITY_ALIASES, ENTITY_EMBEDDINGS, ENTITY_PAIRS
from kg_assets.export.formats.table import FORMATS
from kg_assets.export.plan import GRAPH_EXPORT, REPORT, SFT_DATASETS
from kg_assets.graph.plan import KNOWLEDGE_GRAPH
from kg_assets.ingest.plan import CHUNKS, DOCUMENTS
from kg_assets.quality.plan import (
    ASKING_STAGES,
    COMPARISON_VERDICTS,
    CURATED_QA,
    RULE_VERDICTS,
    TAGGED_QA,
)
from kg_assets.stage.stage import Stage
from kg_assets.synthesis.forms.table import FORMS
from kg_assets.synthesis.plan import QA_STAGES, SUBGRAPHS
from kg_assets.taxonomy.plan import CHUNK_TAGS, TAXONOMY, TOPICS
from resources.catalogue import Catalogue, StageTable, install

STAGES: tuple[Stage, ...] = (
    DOCUMENTS,
    CHUNKS,
    CLAIMS,
    ENRICHMENT_STAGE,
    ENRICHMENT_CLAIMS,
    ENTITY_EMBEDDINGS,
    ENTITY_PAIRS,
    ENTITY_ALIASES,
    KNOWLEDGE_GRAPH,
    STATEMENTS,
    JUDGEMENTS,
    COMPREHENSION,
    SUBGRAPHS,
    *QA_STAGES,
    RULE_VERDICTS,
    *ASKING_STAGES,
    COMPARISON_VERDICTS,
    CURATED_QA,
    TOPICS,
    TAXONOMY,
    CHUNK_TAGS,
    TAGGED_QA,
    SFT_DATASETS,
    GRAPH_EXPORT,
    REPORT,
)
BY_NAME = {stage.name: stage for stage in STAGES}
NAMES = tuple(BY_NAME)
GROUPS = tuple(dict.fromkeys(stage.group for stage in STAGES))

install(
    Catalogue(
        stages=tuple(StageTable(stage.name, stage.table, stage.row_type, stage.item) for stage in STAGES),
        forms=tuple((form.name, form.stage) for form in FORMS),
        formats=tuple(format.name for format in FORMATS),
        default_forms=tuple(form.name for form in FORMS if form.by_default),
        default_formats=tuple(format.name for format in FORMATS if format.by_default),
    )
)
