"""Text in pictures of pages, by RapidOCR where the extra `ocr` is installed. Its models are in its wheel."""

from functools import cache
from importlib.util import find_spec
from typing import Any

from kg_assets.ingest.formats.markdown import join_lines

OCR_ADVICE = "Install the extra with pip install 'graphtutor[ocr]' to read them, or add a text layer."
_MIN_SCORE = 0.5


def ocr_is_installed() -> bool:
    """Whether the extra is there; it is part of the key of what may need it."""
    return find_spec("rapidocr") is not None and find_spec("onnxruntime") is not None


def read_image(image: Any) -> str:
    """The text of a picture (PIL), paragraphs from top to bottom; empty where there is none.

    Lines that are close belong to one paragraph. Columns are not told apart.
    """
    import numpy

    result = _engine()(numpy.asarray(image.convert("RGB")))
    if result.boxes is None or result.txts is None:
        return ""
    lines = [
        (min(point[1] for point in box), max(point[1] for point in box), min(point[0] for point in box), text)
        for box, text, score in zip(result.boxes, result.txts, result.scores, strict=True)
        if score >= _MIN_SCORE and text.strip()
    ]
    paragraphs: list[str] = []
    bottom = height = 0.0
    for top, low, _, text in sorted(
        lines, key=lambda line: (round(line[0] / max(line[1] - line[0], 1)), line[2])
    ):
        if paragraphs and top - bottom < 0.8 * (height or low - top):
            paragraphs[-1] = join_lines(paragraphs[-1], text.strip())
        else:
            paragraphs.append(text.strip())
        bottom, height = low, low - top
    return "\n\n".join(paragraphs)


@cache
def _engine() -> Any:
    import logging

    from rapidocr import RapidOCR

    logging.getLogger("RapidOCR").setLevel(logging.ERROR)
    return RapidOCR(params={"Global.log_level": "error"})
