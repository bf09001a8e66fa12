"""Looking for what must not be there: files that changed, secrets in any spelling, text in any database."""

import base64
import re
import sqlite3
import stat
import urllib.parse
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

import duckdb

CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""Characters that make a terminal do things; newline and tab are not among them."""


def snapshot(folder: Path, *leaving_out: Path) -> dict[str, object]:
    """Everything below `folder` by its path: its mode, and a file's bytes or a link's target."""
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        if any(path.is_relative_to(left) for left in leaving_out):
            continue
        mode = path.lstat().st_mode
        content: object = stat.S_IFMT(mode)
        if stat.S_ISLNK(mode):
            content = path.readlink()
        elif stat.S_ISREG(mode):
            content = path.read_bytes()
        found[str(path.relative_to(folder))] = (mode, content)
    return found


def spellings(secret: str) -> set[bytes]:
    """How a secret may be written: as it is, for a URL, in JSON with escaped slashes, and in base64, wherever
    in a longer text it stands there."""
    written = {
        secret,
        urllib.parse.quote(secret),
        urllib.parse.quote(secret, safe=""),
        secret.replace("/", "\\/"),
    }
    found = {text.encode() for text in written}
    for offset in range(3):
        coded = base64.b64encode(b"\0" * offset + secret.encode()).rstrip(b"=")
        # The first and the last characters depend on what stands before and after.
        found |= {
            part for part in (coded[4:-2], coded[4:-2].translate(bytes.maketrans(b"+/", b"-_"))) if part
        }
    return found


def places_of(secrets: Iterable[str], folder: Path) -> list[str]:
    """Files below `folder`, and tables of databases there, in which a secret stands in any spelling."""
    wanted = {spelling for secret in secrets for spelling in spellings(secret)}
    texts = dict(_texts(folder))
    return [place for place, text in texts.items() if any(spelling in text for spelling in wanted)]


def holds(text: str, secret: str) -> bool:
    """Whether a secret stands in `text` in any spelling."""
    return any(spelling in text.encode() for spelling in spellings(secret))


def _texts(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.is_symlink():
            continue
        content = path.read_bytes()
        yield str(path.relative_to(folder)), content
        tables: Iterable[tuple[str, bytes]] = ()
        if path.suffix == ".duckdb":
            tables = duckdb_tables(path)
        elif content.startswith(b"SQLite format 3\0"):
            tables = sqlite_tables(path)
        for table, text in tables:
            yield f"{path.relative_to(folder)}: {table}", text


def duckdb_tables(path: Path) -> Iterator[tuple[str, bytes]]:
    """Every table of a DuckDB file with all it holds as text; DuckDB compresses what is in the file."""
    with duckdb.connect(str(path), read_only=True) as connection:
        tables = connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE'"
        ).fetchall()
        for (table,) in tables:
            rows = connection.execute(f'SELECT * FROM "{table}"').fetchall()
            yield table, "\n".join("\t".join(map(str, row)) for row in rows).encode()


def sqlite_tables(path: Path) -> Iterator[tuple[str, bytes]]:
    """Every table of an SQLite file with all it holds as text, the write-ahead log included."""
    with closing(sqlite3.connect(f"file:{urllib.parse.quote(str(path))}?mode=ro", uri=True)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            rows = connection.execute(f'SELECT * FROM "{table}"').fetchall()
            yield table, "\n".join("\t".join(map(str, row)) for row in rows).encode()
