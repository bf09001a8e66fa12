"""The frame that every stage runs in: records, ledger, recipes, freshness, costs, checks. Knows no particular
stage."""
