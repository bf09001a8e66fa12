"""A corpus' DuckDB file in a temporary folder, a copy of an empty one, which is quicker than making it.

It is held open during a test, as a stage holds it while it runs: that makes each further opening quick.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from resources.warehouse.warehouse import Warehouse


@pytest.fixture(scope="session")
def make_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Warehouse]:
    """Makes an empty warehouse in a folder."""
    empty = Warehouse(tmp_path_factory.mktemp("warehouse") / "empty.duckdb")
    empty.scalar("SELECT 1")

    def make(folder: Path) -> Warehouse:
        return Warehouse(Path(shutil.copy(empty.path, folder / "corpus.duckdb")))

    return make


@pytest.fixture
def warehouse(make_warehouse: Callable[[Path], Warehouse], tmp_path: Path) -> Iterator[Warehouse]:
    made = make_warehouse(tmp_path)
    with made.connect():
        yield made
