"""Figures are pictures of their data, made in any thread, and absent where there is none."""

import base64
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from kg_assets.export import figures
from kg_assets.export.report_charts import (
    LOSS_LIMITS,
    counts_svg,
    loss_class,
    loss_histogram_svg,
    reliability_svg,
)

EMPTY_BIN = (0.0, 0.5, 0, None, None)
BINS = (EMPTY_BIN, (0.5, 0.75, 10, 0.6, 0.4), (0.75, 1.0, 30, 0.9, 0.8))
MAKERS: list[Callable[[], bytes | None]] = [
    lambda: figures.reliability_png(BINS, 0.12),
    lambda: figures.loss_histogram_png([0.1, 0.7, 13.8]),
    lambda: figures.degree_png([0, 1, 1, 2, 400]),
    lambda: figures.subgraph_sizes_png([3]),
]


@pytest.mark.parametrize("make", MAKERS)
def test_each_figure_is_a_png_of_a_sensible_size(make: Callable[[], bytes | None]) -> None:
    png = make()
    assert png is not None
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert int.from_bytes(png[16:20], "big") > 300
    assert len(png) < 60_000


def test_no_data_is_no_figure() -> None:
    assert figures.reliability_png([], 0.0) is figures.reliability_png([EMPTY_BIN], 0.0) is None
    assert figures.loss_histogram_png([]) is None
    assert figures.degree_png([]) is figures.subgraph_sizes_png([]) is None
    assert reliability_svg([EMPTY_BIN]) is loss_histogram_svg([]) is counts_svg([], "t", "x", "y") is None


def test_threads_draw_the_same_bytes_as_one() -> None:
    with ThreadPoolExecutor(4) as pool:
        drawn = list(pool.map(lambda make: make(), MAKERS * 2))
    assert drawn[:4] == drawn[4:] == [make() for make in MAKERS]


def test_data_uri_decodes_to_the_png() -> None:
    head, data = figures.png_data_uri(b"abc").split(",")
    assert head == "data:image/png;base64"
    assert base64.b64decode(data) == b"abc"


def test_loss_classes_change_at_round_probabilities_and_at_the_coin_toss() -> None:
    assert [loss_class(x) for x in (None, 0.0, 0.1, 0.2, 0.6, 0.7, 2.0, 13.8)] == [-1, 0, 0, 1, 2, 3, 4, 5]
    assert loss_class(figures.COIN_TOSS_NATS) == 2
    assert LOSS_LIMITS[2] == figures.COIN_TOSS_NATS


def test_every_judged_bin_and_every_count_is_in_the_drawing() -> None:
    assert str(reliability_svg(BINS)).count('class="dot"') == 2
    titles = re.findall(r"<title>(.*?)</title>", str(counts_svg([1, 1, 2, 500], "t", "x", "y")))
    assert sum(int(title.rsplit(": ", 1)[1]) for title in titles) == 4
    histogram = re.findall(r": ([\d,]+) facts", str(loss_histogram_svg([0.0, 0.1, 3.0, 13.8155])))
    assert sum(map(int, histogram)) == 4
