"""The one way to DuckDB: schema, migrations, short connections."""
