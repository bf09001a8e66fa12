"""Pages that are pictures are read where the extra `ocr` is installed: run by make test-ocr."""

from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from kg_assets.ingest.decode import Rejected
from kg_assets.ingest.formats.parsed import Parsed
from kg_assets.ingest.formats.sandbox import Sandbox
from tests.kg_assets.ingest.formats import made_files as made

pytestmark = pytest.mark.ocr

PAGES = (
    "Potato late blight is caused by\nPhytophthora infestans.",
    "The Kestrel-2 pump was built in 1974\nby Harrow Works of Leeds.",
)


def scan(path: Path) -> Path:
    """A PDF of several pages, each a picture of text."""
    pictures = []
    for text in PAGES:
        picture = Image.new("RGB", (1240, 600), "white")
        ImageDraw.Draw(picture).text((80, 200), text, fill="black", font_size=48, spacing=20)
        pictures.append(picture)
    pictures[0].save(path, "PDF", resolution=150, save_all=True, append_images=pictures[1:])
    return path


def test_a_scan_is_read_in_the_child_process_and_its_pages_are_known(tmp_path: Path) -> None:
    with Sandbox(seconds=120, megabytes=3000) as sandbox:
        found = sandbox.parse(scan(tmp_path / "a.pdf"), ".pdf")
    assert isinstance(found, Parsed), found
    assert found.text.split() == " ".join(PAGES).split()
    assert [page for _, page in found.pages] == [1, 2]
    assert found.metadata["pages_by_ocr"] == [1, 2]


def test_a_picture_without_words_is_a_drop_that_says_that_ocr_found_none(tmp_path: Path) -> None:
    with Sandbox(seconds=120, megabytes=3000) as sandbox:
        found = sandbox.parse(made.make_scanned_pdf(tmp_path / "a.pdf", text=""), ".pdf")
    assert isinstance(found, Rejected)
    assert found.reason == "no_text"
    assert "OCR found none either" in found.detail
