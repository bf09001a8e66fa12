"""The schema of a warehouse: tables and views of stages made from the dataclasses of their rows, all else
from `schema.sql`. A file that lacks a table gets it, views are those of the present code, and a table with
other columns is refused."""

import dataclasses
import hashlib
import types
import typing
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb

from resources.catalogue import Catalogue, StageTable
from resources.errors import WarehouseError

_COLUMN_TYPES: Mapping[type, str] = {
    bool: "BOOLEAN", int: "BIGINT", float: "DOUBLE", str: "VARCHAR", bytes: "BLOB", Path: "VARCHAR",
    tuple: "JSON", dict: "JSON", Mapping: "JSON",
}  # fmt: skip
_PARTS = "CREATE TABLE IF NOT EXISTS schema_parts (name VARCHAR PRIMARY KEY, definition VARCHAR NOT NULL)"
ALL = "all"
"""The part whose definition is the fingerprint of everything."""


@dataclass(frozen=True, slots=True)
class Schema:
    """Attributes:
    tables: name to the statement that makes it.
    views: statements that replace views and macros, each after what it reads.
    fingerprint: of all of them.
    """

    tables: Mapping[str, str]
    views: tuple[str, ...]
    fingerprint: str


@cache
def schema_of(catalogue: Catalogue) -> Schema:
    """The schema of a warehouse for these stages."""
    script = files("resources.warehouse").joinpath("schema.sql").read_text("utf-8")
    code = "\n".join(line for line in script.splitlines() if not line.lstrip().startswith("--"))
    written = [statement.strip() for statement in code.split(";\n") if statement.strip()]
    further = [statement for statement in written if statement.startswith("CREATE OR REPLACE")]
    tables = {_name(statement): _plain(statement) for statement in written if statement not in further}
    by_table: dict[str, list[StageTable]] = defaultdict(list)
    for stage in catalogue.stages:
        by_table[stage.table].append(stage)
    views = [_stages(catalogue), _forms(catalogue)]
    for table, stages in by_table.items():
        if len({stage.row_type for stage in stages}) > 1:
            raise ValueError(f"stages with rows of several types share the table {table}")
        tables[table] = table_of(table, stages[0].row_type)
        views += [_current(stage) for stage in stages]
        if table != stages[0].stage:
            views.append(_current_of_all(table, stages))
    views += further
    everything = "\n".join([*tables.values(), *views])
    return Schema(tables, tuple(views), hashlib.sha256(everything.encode()).hexdigest())


def bring_up(connection: duckdb.DuckDBPyConnection, schema: Schema, path: Path) -> None:
    """Make what the file lacks, and replace the views, in one transaction.

    Raises:
        WarehouseError: a table of it has other columns, so that it was made by another version.
    """
    try:  # asking the catalogue whether the table exists takes twenty times as long
        found = connection.execute("SELECT definition FROM schema_parts WHERE name = ?", [ALL]).fetchall()
    except duckdb.CatalogException:
        if connection.execute("SELECT 1 FROM duckdb_tables() LIMIT 1").fetchall():
            raise _of_another_version(path) from None
    else:
        if found == [(schema.fingerprint,)]:
            return
    connection.begin()
    try:
        connection.execute(_PARTS)
        there = dict(connection.execute("FROM schema_parts").fetchall())
        for name, definition in schema.tables.items():
            if name not in there:
                connection.execute(definition)
            elif there[name] != definition:
                raise _of_another_version(path, name)
        for view in schema.views:
            connection.execute(view)
        parts = {**schema.tables, ALL: schema.fingerprint}
        connection.executemany("INSERT OR REPLACE INTO schema_parts VALUES (?, ?)", list(parts.items()))
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def _of_another_version(path: Path, table: str = "") -> WarehouseError:
    other = f"its table {table} has other columns" if table else "it has tables of another kind"
    return WarehouseError(
        f"{path} is no warehouse of this version of graphtutor ({other}): if an earlier version made it, "
        "delete this file and run again; model responses are stored apart and are not asked for again."
    )


def table_of(table: str, row_type: type) -> str:
    """The statement that makes the table of a stage: its row's key and place, and a column for each field."""
    hints = typing.get_type_hints(row_type)
    columns = [f'"{f.name}" {_column(hints[f.name])}' for f in dataclasses.fields(row_type)]
    return f"CREATE TABLE {table} (key VARCHAR NOT NULL, row_index INTEGER NOT NULL, {', '.join(columns)})"


def _column(hint: Any) -> str:
    """Type and nullability of the column of a field.

    Raises:
        TypeError: fields of this type cannot be stored.
    """
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        (inner,) = (each for each in typing.get_args(hint) if each is not type(None))
        return _column(inner).removesuffix(" NOT NULL")
    if origin is typing.Literal:
        return "VARCHAR NOT NULL"
    for known in (hint, origin):
        if known in _COLUMN_TYPES:
            return f"{_COLUMN_TYPES[known]} NOT NULL"
    raise TypeError(f"no column can hold {hint}")


def _current(stage: StageTable) -> str:
    """The rows of a stage that count now, in their order, with the id of the row that each came of and of
    what that belongs to."""
    return f"""CREATE OR REPLACE VIEW current_{stage.stage} AS
        SELECT i.item_id{"" if stage.item == "item_id" else f" AS {stage.item}"}, i.parent_id, i.position, t.*
        FROM {stage.table} t JOIN current_items i ON i.stage = '{stage.stage}' AND i.key = t.key
        ORDER BY i.position, t.row_index"""


def _current_of_all(table: str, stages: Sequence[StageTable]) -> str:
    """The same of all stages that share a table, stage by stage."""
    names = [stage.stage for stage in stages]
    return f"""CREATE OR REPLACE VIEW current_{table} AS
        SELECT i.stage, i.item_id, i.parent_id, i.position, t.*
        FROM {table} t JOIN current_items i ON i.stage IN (SELECT unnest({names})) AND i.key = t.key
        ORDER BY list_position({names}, i.stage), i.position, t.row_index"""


def _stages(catalogue: Catalogue) -> str:
    names = [stage.stage for stage in catalogue.stages]
    return f"""CREATE OR REPLACE VIEW stages AS
        SELECT unnest({names}) AS stage, unnest(range({len(names)})) AS place"""


def _forms(catalogue: Catalogue) -> str:
    names, stages = zip(*catalogue.forms, strict=True)
    return f"""CREATE OR REPLACE VIEW forms AS
        SELECT unnest({list(names)}) AS form, unnest({list(stages)}) AS stage,
            unnest(range({len(names)})) AS place"""


def _plain(statement: str) -> str:
    """The statement without its layout, which is no difference between two schemas."""
    return " ".join(statement.split())


def _name(statement: str) -> str:
    """The table or sequence that a statement makes."""
    return statement.split("(")[0].split()[2]
