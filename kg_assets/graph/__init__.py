"""Claims and the knowledge graph: what the documents say."""
