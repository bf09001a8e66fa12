"""Enrichment: pages of an encyclopedia about what the documents name, and what those pages say."""
