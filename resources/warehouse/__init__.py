"""The one way to DuckDB: schema, short connections."""
