"""The table of kinds is of one piece, and a line more in it is all that a new kind needs."""

import asyncio
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

from kg_assets.domain import Document
from kg_assets.ingest.corpora import scan_corpora
from kg_assets.ingest.documents import fetch_documents, scan_documents, take_document
from kg_assets.ingest.formats.named import function_named
from kg_assets.ingest.formats.registry import BY_SUFFIX, file_kinds
from kg_assets.ingest.formats.sandbox import shared_sandbox
from kg_assets.ingest.formats.table import READERS, Reader
from kg_assets.stage.ledger import Dropped
from resources.configuration.settings import DocumentsSettings
from resources.sources.addresses import Source
from resources.sources.mirror import Mirror
from resources.warehouse.warehouse import Warehouse
from tests.extension.ini import INI
from tests.page_server import PageServer

CITIES = "[Leeds]\ncounty = Yorkshire\n\n[杭州]\n茶 = 龙井\n"
TEXT = "# Leeds\n\n- county: Yorkshire\n\n# 杭州\n\n- 茶: 龙井"
SETTINGS = DocumentsSettings()


def test_no_suffix_no_mime_type_and_no_name_is_there_twice() -> None:
    for each in (
        [suffix for reader in READERS for suffix in reader.suffixes],
        [mime_type for reader in READERS for mime_type in reader.mime_types],
        [reader.name for reader in READERS],
    ):
        assert sorted(each) == sorted(set(each))


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_a_reader_is_written_as_files_and_servers_write_it(reader: Reader) -> None:
    assert reader.suffixes
    for suffix in reader.suffixes:
        assert suffix == suffix.lower() == Path(f"a{suffix}").suffix
    for mime_type in reader.mime_types:
        assert mime_type == mime_type.lower().strip()
        assert mime_type.count("/") == 1
    assert reader.version


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_the_function_of_a_reader_is_there(reader: Reader) -> None:
    wanted = ["path"] if reader.in_child else ["name", "text", "metadata"]
    found = inspect.signature(function_named(reader.function)).parameters
    assert [name.lstrip("_") for name in found] == wanted


async def _not_asked(*_: object) -> object:
    raise AssertionError


@pytest.fixture
def with_ini(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The table with one kind more."""
    monkeypatch.setitem(BY_SUFFIX, ".ini", INI)
    monkeypatch.delattr("tests.extension.ini.parse_ini")  # of this process: the child has its own
    yield
    shared_sandbox(SETTINGS.parser_seconds, SETTINGS.parser_megabytes).close()


@pytest.fixture
def web() -> Iterator[PageServer]:
    with PageServer() as server:
        yield server


def documents(
    warehouse: Warehouse, root: Path, sources: list[Source], mirror: Mirror
) -> dict[str, Document | str]:
    """By id, each document or why there is none."""
    found: dict[str, Document | str] = {}
    for item in scan_documents(warehouse, root, "default", SETTINGS, sources, mirror).items:
        try:
            (found[item.item_id],) = asyncio.run(take_document(item, _not_asked))  # type: ignore[arg-type]
        except Dropped as dropped:
            found[item.item_id] = dropped.reason
    return found


@pytest.mark.usefixtures("with_ini")
def test_a_kind_that_is_added_is_read_of_folders_and_of_the_web_in_the_child(
    warehouse: Warehouse, tmp_path: Path, web: PageServer
) -> None:
    root = tmp_path / "documents"
    root.mkdir()
    (root / "a.INI").write_text(CITIES, "utf-8")
    (root / "broken.ini").write_text("no section", "utf-8")
    said = "text/x-ini; charset=gb18030"
    web.serve({"cities": {"body": CITIES.replace("Leeds", "York"), "encoding": "gb18030", "type": said}})
    sources = [Source(web.url("cities"), web.url("cities"), "default")]
    mirror = Mirror(tmp_path / "mirror")
    fetch_documents(mirror, sources, "default", SETTINGS)
    found = documents(warehouse, root, sources, mirror)
    assert found.pop("broken.ini") == "corrupt"
    texts = {name: document.text for name, document in found.items() if isinstance(document, Document)}
    assert texts == {"a.INI": TEXT, web.url("cities"): TEXT.replace("Leeds", "York")}


@pytest.mark.usefixtures("with_ini")
def test_what_users_are_told_of_kinds_names_one_that_is_added(tmp_path: Path) -> None:
    (tmp_path / "a.odt").write_bytes(b"")
    (skipped,) = scan_corpora(tmp_path)["default"].skipped
    assert ".htm, .html, .ini, .json" in skipped.detail


def test_a_copy_of_a_kind_that_is_not_read_any_more_says_so(
    warehouse: Warehouse, tmp_path: Path, web: PageServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    web.serve({"cities.ini": CITIES})
    sources = [Source(web.url("cities.ini"), web.url("cities.ini"), "default")]
    mirror = Mirror(tmp_path / "mirror")
    with monkeypatch.context() as added:
        added.setitem(BY_SUFFIX, ".ini", INI)
        fetch_documents(mirror, sources, "default", SETTINGS)
    assert documents(warehouse, tmp_path / "none", sources, mirror) == {web.url("cities.ini"): "unsupported"}


def test_what_is_fetched_is_what_is_read() -> None:
    kinds = file_kinds()
    assert kinds.suffixes == {suffix for reader in READERS for suffix in reader.suffixes}
    assert kinds.by_mime_type["text/html"] == ".html"
    assert kinds.by_mime_type["text/plain"] == ".txt"
    assert set(kinds.by_mime_type.values()) | kinds.texts <= kinds.suffixes
