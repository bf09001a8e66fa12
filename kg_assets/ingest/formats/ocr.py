"""Text in pictures of pages, by RapidOCR where the extra `ocr` is installed. Its models are in its wheel."""

from functools import cache
from importlib.util import find_spec
from statistics import median
from typing import Any

from kg_assets.ingest.formats.pdf.page import Run

OCR_ADVICE = "Install the extra with pip install 'graphtutor[ocr]' to read them, or add a text layer."
_MIN_SCORE = 0.5
# Boxes are higher than the type in them, and differ from line to line.
_TYPE_OF_BOX = 0.75
_SAME_SIZE = 0.3


def ocr_is_installed() -> bool:
    """Whether the extra is there; it is part of the key of what may need it."""
    return find_spec("rapidocr") is not None and find_spec("onnxruntime") is not None


def read_image(image: Any, scale: float) -> list[Run]:
    """Lines of text in a picture (PIL) of a page, as if they were set there.

    Args:
        image: the page.
        scale: pixels a point.
    """
    import numpy

    result = _engine()(numpy.asarray(image.convert("RGB")), use_cls=False)
    if result.boxes is None or result.txts is None:
        return []
    runs = []
    for box, text, score in zip(result.boxes, result.txts, result.scores, strict=True):
        if score >= _MIN_SCORE and text.strip():
            across, down = [float(x) / scale for x, _ in box], [float(y) / scale for _, y in box]
            size = (max(down) - min(down)) * _TYPE_OF_BOX
            low, high = (image.height / scale - edge for edge in (max(down), min(down)))
            runs.append(
                Run(
                    text.strip(), min(across), max(across), low + size / 4, high, size, bold=False, mono=False
                )
            )
    usual = median(run.size for run in runs) if runs else 0.0
    for run in runs:
        run.size = round(usual if abs(run.size - usual) <= _SAME_SIZE * usual else run.size, 1)
    return runs


@cache
def _engine() -> Any:
    from rapidocr import RapidOCR

    return RapidOCR(params={"Global.log_level": "error"})
