"""The DuckDB file: its schema, waiting for it, what goes in comes out, and errors a user can act on."""

import dataclasses
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resources.errors import WarehouseError
from resources.warehouse.schema import table_of
from resources.warehouse.warehouse import Warehouse, insert_rows, read_rows

HOLDER = """
import duckdb, sys, time
connection = duckdb.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.readline()
"""


@dataclasses.dataclass(frozen=True)
class Sample:
    name: str | None
    path: Path
    pairs: tuple[tuple[int, float | None], ...]
    metadata: Mapping[str, Any]
    maybe: tuple[str, ...] | None
    share: float | None
    yes: bool


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path / "warehouse" / "blocks.duckdb", wait_s=5.0)


@contextmanager
def held_by_another_process(path: Path) -> Iterator[Callable[[], None]]:
    """Another process has the file open; calling what is given lets it go."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield lambda: process.communicate("\n")[0] and None
        if process.poll() is None:
            process.communicate("\n")


def make_table(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        connection.execute(
            "CREATE TABLE sample (name VARCHAR, path VARCHAR, pairs JSON, metadata JSON, maybe JSON, "
            "share DOUBLE, yes BOOLEAN)"
        )


def stored(warehouse: Warehouse, *rows: Sample) -> list[Sample]:
    with warehouse.transaction() as connection:
        connection.execute("DELETE FROM sample")
        insert_rows(connection, "sample", rows)
        return read_rows(connection, Sample, "FROM sample")


def sample(**changes: Any) -> Sample:
    plain = Sample("a", Path("a/b"), (), {}, None, None, True)
    return dataclasses.replace(plain, **changes)


def test_the_first_connection_makes_the_folder_and_the_whole_schema(warehouse: Warehouse) -> None:
    assert not warehouse.exists()
    assert warehouse.scalar("SELECT count(*) FROM schema_parts") > 20
    assert warehouse.exists()
    tables = set(warehouse.frame("SELECT table_name FROM duckdb_tables()")["table_name"])
    assert {"documents", "chunks", "claims", "drops", "done", "current_items", "curated_qa"} <= tables


def test_a_warehouse_that_is_there_keeps_its_rows(warehouse: Warehouse) -> None:
    with warehouse.transaction() as connection:
        connection.execute("INSERT INTO done VALUES ('s', 'k', 1, 'r', 't')")
    assert Warehouse(warehouse.path).scalar("SELECT count(*) FROM done") == 1


def test_a_warehouse_of_an_older_version_is_refused_in_one_sentence(warehouse: Warehouse) -> None:
    warehouse.path.parent.mkdir(parents=True)
    with duckdb.connect(str(warehouse.path)) as connection:
        connection.execute(
            "CREATE TABLE schema_version (version INTEGER); INSERT INTO schema_version VALUES (10)"
        )
    with pytest.raises(WarehouseError, match="if an earlier version made it, delete this file and run again"):
        warehouse.scalar("SELECT 1")


def test_what_a_newer_version_adds_is_made_and_the_rest_is_kept(warehouse: Warehouse) -> None:
    with warehouse.transaction() as connection:
        connection.execute("INSERT INTO done VALUES ('s', 'k', 1, 'r', 't')")
        connection.execute("DROP TABLE topics")
        connection.execute("DROP VIEW current_topics")
        connection.execute("DELETE FROM schema_parts WHERE name IN ('topics', 'all')")
    assert warehouse.scalar("SELECT count(*) FROM current_topics") == 0
    assert warehouse.scalar("SELECT count(*) FROM done") == 1


@pytest.mark.parametrize("size", [0, 4096, 8192])
def test_a_file_whose_maker_was_killed_becomes_a_warehouse(warehouse: Warehouse, size: int) -> None:
    """DuckDB writes three headers of 4096 bytes, one after the other, and refuses a file with fewer."""
    warehouse.scalar("SELECT 1")
    whole = warehouse.path.read_bytes()
    warehouse.path.write_bytes(whole[:size])
    assert warehouse.scalar("SELECT count(*) FROM schema_parts") > 20
    assert Warehouse(warehouse.path).scalar("SELECT count(*) FROM done") == 0


def test_a_damaged_file_that_may_hold_something_is_left_alone(warehouse: Warehouse) -> None:
    warehouse.scalar("SELECT 1")
    damaged = b"\0" * 12288 + warehouse.path.read_bytes()[12288:]
    warehouse.path.write_bytes(damaged)
    with pytest.raises(WarehouseError, match="cannot be used"):
        warehouse.scalar("SELECT 1")
    assert warehouse.path.read_bytes() == damaged


def test_a_table_with_other_columns_is_refused_in_one_sentence_and_nothing_is_changed(
    warehouse: Warehouse,
) -> None:
    with warehouse.transaction() as connection:
        connection.execute(
            "UPDATE schema_parts SET definition = 'CREATE TABLE topics (a INTEGER)' WHERE name = 'topics'"
        )
        connection.execute("UPDATE schema_parts SET definition = 'x' WHERE name = 'all'")
    for _ in range(2):
        with pytest.raises(
            WarehouseError,
            match=r"no warehouse of this version .* \(its table topics has other columns\): if .* delete",
        ):
            warehouse.scalar("SELECT 1")


def test_the_table_of_a_stage_is_made_from_its_rows() -> None:
    assert table_of("samples", Sample) == (
        "CREATE TABLE samples (key VARCHAR NOT NULL, row_index INTEGER NOT NULL, "
        '"name" VARCHAR, "path" VARCHAR NOT NULL, "pairs" JSON NOT NULL, "metadata" JSON NOT NULL, '
        '"maybe" JSON, "share" DOUBLE, "yes" BOOLEAN NOT NULL)'
    )


def test_a_file_that_is_no_database_is_named(warehouse: Warehouse) -> None:
    warehouse.path.parent.mkdir(parents=True)
    warehouse.path.write_text("not a database" * 1000)
    with pytest.raises(WarehouseError, match="not a valid DuckDB database"):
        warehouse.scalar("SELECT 1")


def test_an_error_is_not_taken_for_a_lock_or_a_full_disk_because_of_the_files_name(tmp_path: Path) -> None:
    """`workspace` holds "space" and `blocks` holds "lock"."""
    named = Warehouse(tmp_path / "workspace" / "blocks.duckdb", wait_s=30.0)
    named.path.mkdir(parents=True)
    with pytest.raises(WarehouseError, match="cannot be used") as error:
        named.scalar("SELECT 1")
    assert "disk is full" not in str(error.value)


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "warehouse").write_text("")
    with pytest.raises(WarehouseError, match=r"cannot be written .* --workspace"):
        Warehouse(tmp_path / "warehouse" / "a.duckdb").scalar("SELECT 1")


@pytest.mark.parametrize(
    "error",
    [
        duckdb.TransactionException(
            'Failed to commit: Could not write file "x.wal": No space left on device'
        ),
        duckdb.IOException('Could not write file "x": No space left on device'),
        duckdb.FatalException("database has been invalidated: Could not write: No space left on device"),
    ],
)
def test_a_full_disk_is_a_sentence_whenever_it_shows(warehouse: Warehouse, error: duckdb.Error) -> None:
    """The messages are those of DuckDB 2.0 on a full file system."""
    with (
        pytest.raises(WarehouseError, match=r"^The disk is full: .*what is done is kept\.$"),
        warehouse.connect(),
    ):
        raise error


def test_errors_of_ours_stay_what_they_are(warehouse: Warehouse) -> None:
    with pytest.raises(duckdb.CatalogException):
        warehouse.scalar("SELECT * FROM no_such_table")
    with pytest.raises(duckdb.TransactionException), warehouse.transaction() as connection:
        connection.begin()


def test_a_file_held_by_another_process_is_waited_for(warehouse: Warehouse) -> None:
    warehouse.scalar("SELECT 1")
    with held_by_another_process(warehouse.path) as let_go:
        timer = threading.Timer(0.3, let_go)
        timer.start()
        assert warehouse.scalar("SELECT count(*) FROM schema_parts") > 20
        timer.join()


def test_a_file_held_for_too_long_is_a_clear_error(warehouse: Warehouse) -> None:
    warehouse.scalar("SELECT 1")
    hasty = Warehouse(warehouse.path, wait_s=0.3)
    with (
        held_by_another_process(warehouse.path),
        pytest.raises(WarehouseError, match=r"locked .* for 0\.3 s: close"),
    ):
        hasty.scalar("SELECT 1")


def test_threads_take_turns(warehouse: Warehouse) -> None:
    def write(number: int) -> None:
        with Warehouse(warehouse.path).transaction() as connection:
            connection.execute("INSERT INTO done VALUES ('s', ?, 1, 'r', 't')", [str(number)])

    threads = [threading.Thread(target=write, args=[n]) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert warehouse.scalar("SELECT count(*) FROM done") == 6


def test_a_transaction_happens_as_a_whole_or_not_at_all(warehouse: Warehouse) -> None:
    def interrupted() -> None:
        with warehouse.transaction() as connection:
            connection.execute("INSERT INTO done VALUES ('s', 'k', 1, 'r', 't')")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert warehouse.scalar("SELECT count(*) FROM done") == 0


def test_rows_of_keyed_tables_replace_those_of_their_key(warehouse: Warehouse) -> None:
    @dataclasses.dataclass
    class Done:
        stage: str
        key: str
        rows: int
        run_id: str
        finished_at: str

    with warehouse.transaction() as connection:
        insert_rows(connection, "done", [Done("s", "k", 1, "r", "t")])
        insert_rows(connection, "done", [Done("s", "k", 2, "r", "t")])
    assert warehouse.frame("SELECT rows FROM done")["rows"].tolist() == [2]


def test_no_rows_are_no_query(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        insert_rows(connection, "no_such_table", [])


TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(
    [
        "",
        "NULL",
        "None",
        "nan",
        "1",
        "2024-01-01",
        "'; DROP TABLE sample; --",
        "\0",
        "a\0b",
        "“”‘’\"'\\",
        "👩‍🔬𠀀",
    ]
)
SAMPLES = st.builds(
    Sample,
    name=st.none() | TEXTS,
    path=st.builds(Path, st.sampled_from(["a", "/b c/“d”.json", "中/文"])),
    pairs=st.lists(
        st.tuples(st.integers(-(2**53), 2**53), st.none() | st.floats(allow_nan=False, allow_infinity=False))
    ).map(tuple),
    metadata=st.dictionaries(
        TEXTS, TEXTS | st.integers(-(2**53), 2**53) | st.booleans() | st.none(), max_size=3
    ),
    maybe=st.none() | st.lists(TEXTS, max_size=3).map(tuple),
    share=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    yes=st.booleans(),
)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    made = Warehouse(tmp_path_factory.mktemp("table") / "a.duckdb")
    make_table(made)
    return made


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=st.lists(SAMPLES, min_size=1, max_size=4))
def test_what_goes_in_comes_out_character_for_character(table: Warehouse, rows: list[Sample]) -> None:
    assert stored(table, *rows) == rows


def test_a_column_that_begins_with_thousands_of_nothing_keeps_what_follows(table: Warehouse) -> None:
    rows = [sample(name=None, share=None)] * 3000 + [sample(name="x", share=0.5)]
    assert stored(table, *rows) == rows


@pytest.mark.parametrize(
    "change", [{"name": "lone \ud83d"}, {"pairs": ("\ud83d",)}, {"metadata": {"a": "\udc00"}}]
)
def test_half_a_surrogate_pair_is_a_sentence_and_leaves_the_warehouse_usable(
    table: Warehouse, change: dict[str, Any]
) -> None:
    with pytest.raises(WarehouseError, match="half of a surrogate pair"):
        stored(table, sample(**change))
    assert stored(table, sample()) == [sample()]


def test_columns_are_matched_by_name_and_further_ones_left_out(table: Warehouse) -> None:
    @dataclasses.dataclass
    class Part:
        yes: bool
        name: str

    stored(table, sample(name="x"))
    assert table.rows(Part, "SELECT name, yes, share FROM sample") == [Part(True, "x")]
    assert table.rows(Part, "SELECT name, yes FROM sample WHERE name = ?", ["y"]) == []


def test_a_query_without_rows_has_no_scalar(table: Warehouse) -> None:
    assert table.scalar("SELECT 1 WHERE false") is None


@pytest.mark.skipif(
    shutil.which("unshare") is None or os.geteuid() != 0, reason="needs a file system of its own"
)
def test_what_was_stored_before_the_disk_was_full_is_still_there(tmp_path: Path) -> None:
    script = """
import sys
from pathlib import Path
import kg_assets.stages
from resources.errors import WarehouseError
from resources.warehouse.warehouse import Warehouse
warehouse = Warehouse(Path(sys.argv[1]) / "a.duckdb")
stored = 0
try:
    while stored < 100:
        with warehouse.transaction() as connection:
            connection.execute(
                "INSERT INTO done SELECT 's', ? || '-' || i || repeat(hash(i + ?)::VARCHAR, 20), 1, 'r', 't' "
                "FROM range(1000) t(i)",
                [str(stored), stored],
            )
        stored += 1
except WarehouseError as error:
    assert "disk is full" in str(error), error
assert 0 < stored < 100, stored
assert warehouse.scalar("SELECT count(*) FROM done") == 1000 * stored
print("kept")
"""
    (tmp_path / "fill.py").write_text(script)
    (tmp_path / "disk").mkdir()
    mounted = 'mount -t tmpfs -o size=6m none "$1" && exec "$2" "$3" "$1"'
    arguments = [str(tmp_path / "disk"), sys.executable, str(tmp_path / "fill.py")]
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", mounted, "sh", *arguments], capture_output=True, text=True, timeout=60
    )
    if "mount" in done.stderr:
        pytest.skip("this machine lets nobody mount")
    assert done.stdout == "kept\n", done.stderr
