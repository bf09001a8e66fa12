"""Which stages there are, in the order in which they run, and what each is made of."""

from collections.abc import Mapping

UPSTREAM: Mapping[str, tuple[str, ...]] = {
    "documents": (),
    "chunks": ("documents",),
    "claims": ("chunks",),
    "enrichment": ("claims",),
    "enrichment_claims": ("enrichment",),
    "entity_embeddings": ("enrichment_claims",),
    "entity_pairs": ("entity_embeddings",),
    "entity_aliases": ("entity_pairs",),
    "knowledge_graph": ("entity_aliases",),
    "statements": ("knowledge_graph",),
    "judgements": ("statements",),
    "comprehension": ("judgements",),
    "subgraphs": ("knowledge_graph", "comprehension"),
    "qa_atomic": ("subgraphs",),
    "qa_aggregated": ("subgraphs",),
    "qa_multi_hop": ("subgraphs",),
    "curated_qa": ("qa_atomic", "qa_aggregated", "qa_multi_hop"),
    "topics": ("knowledge_graph",),
    "taxonomy": ("topics",),
    "chunk_tags": ("taxonomy",),
    "tagged_qa": ("curated_qa", "chunk_tags"),
    "sft_datasets": ("tagged_qa",),
    "graph_export": ("knowledge_graph", "comprehension"),
    "report": ("sft_datasets", "graph_export"),
}
"""Each stage with those that it reads."""
STAGES = tuple(UPSTREAM)
