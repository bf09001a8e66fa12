"""The folder of copies: what stands in it before the first run, after a kill, and when somebody meddled."""

from collections.abc import Callable

import pytest

from resources.errors import SettingsError
from resources.sources import mirror
from resources.sources.addresses import check_url, resolve_source
from resources.sources.mirror import Mirror
from tests.page_server import PageServer
from tests.resources.sources.conftest import Copies

OfPages = Callable[..., Copies]


def test_a_source_that_was_never_fetched_says_so(copies: Copies) -> None:
    source = resolve_source(check_url("https://host/a.txt"), "default", {})
    (trouble,) = Mirror(copies.folder).found([source]).troubles
    assert (trouble.name, trouble.reason) == ("https://host/a.txt", "not_fetched")
    assert not copies.folder.exists()


def test_without_sources_there_is_no_folder(copies: Copies) -> None:
    copies.update()
    assert not copies.folder.exists()


def test_a_copy_that_somebody_removed_is_fetched_anew(of_pages: OfPages, pages: PageServer) -> None:
    pages.serve({"a.txt": {"body": "A", "etag": '"1"'}})
    copies = of_pages("a.txt")
    (file,) = copies.update().files
    file.unlink()
    assert copies.texts() == {pages.url("a.txt"): "A"}


def test_what_a_killed_process_left_is_cleared_away(of_pages: OfPages, pages: PageServer) -> None:
    pages.serve({"a.txt": "A"})
    copies = of_pages("a.txt")
    copies.folder.mkdir()
    (copies.folder / "half.txt.part").write_text("ha")
    (copies.folder / "orphan.txt").write_text("orphan")
    copies.update()
    assert len(list(copies.folder.iterdir())) == 2


def test_a_process_that_is_killed_amid_many_files_has_not_fetched_for_nothing(
    of_pages: OfPages, pages: PageServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirror, "SAVED_EVERY", 5)
    pages.serve({f"{number}.txt": {"body": "A", "etag": f'"{number}"'} for number in range(10)})
    copies = of_pages(*(f"{number}.txt" for number in range(10)))
    write = Mirror._write
    written = []

    def killed(self: Mirror, index: mirror._Index) -> None:
        write(self, index)
        written.append(len(index.copies))
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Mirror, "_write", killed)
        with pytest.raises(KeyboardInterrupt):
            copies.update()
    assert written == [5]
    pages.serve({f"{number}.txt": {"body": "A", "etag": f'"{number}"'} for number in range(10)})
    assert len(copies.update().files) == 10
    named = [request["headers"].get("if-none-match") for request in pages.requests()]
    assert len([tag for tag in named if tag]) == 5


def test_an_index_that_is_no_index_says_what_to_do(copies: Copies) -> None:
    copies.folder.mkdir()
    (copies.folder / "index.json").write_text("{}")
    with pytest.raises(SettingsError, match="remove the folder"):
        copies.update("https://host/a.txt")


def test_two_sources_that_lead_to_one_file_are_one_copy(of_pages: OfPages, pages: PageServer) -> None:
    pages.serve({"a.txt": "A"})
    copies = of_pages("a.txt", "a.txt#part")
    assert copies.texts() == {pages.url("a.txt"): "A"}
    assert pages.paths() == ["/a.txt"]
