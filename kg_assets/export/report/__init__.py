"""The report: one page about what went in, the blind spots, and what came out."""
