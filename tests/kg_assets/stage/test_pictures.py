"""Figures are pictures of their data, and absent where there is none."""

import base64
import re
from xml.etree import ElementTree

import pytest
from markupsafe import Markup

from kg_assets.stage.charts import (
    COIN_TOSS_NATS,
    LOSS_LIMITS,
    counts_svg,
    loss_class,
    loss_histogram_svg,
    reliability_svg,
)
from kg_assets.stage.pictures import picture

EMPTY_BIN = (0.0, 0.5, 0, None, None)
BINS = (EMPTY_BIN, (0.5, 0.75, 10, 0.6, 0.4), (0.75, 1.0, 30, 0.9, 0.8))
CHARTS = [
    reliability_svg(BINS),
    loss_histogram_svg([0.1, 0.7, 13.8]),
    counts_svg([0, 1, 1, 2, 400], "Degrees", "relations", "entities"),
]


@pytest.mark.parametrize("chart", CHARTS)
def test_a_picture_is_an_svg_document_that_needs_nothing_else(chart: Markup) -> None:
    head, data = picture(chart).split(",")
    assert head == "data:image/svg+xml;base64"
    root = ElementTree.fromstring(base64.b64decode(data))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert int(root.attrib["width"]) > 300
    styled = set(re.findall(r"\.([a-z]+\d?)\b", root[0].text or ""))
    used = {name for part in root.iter() for name in part.get("class", "").split()}
    assert used - {"chart", "tick", "c"} <= styled
    assert len(data) < 60_000


def test_no_data_is_no_figure() -> None:
    assert reliability_svg([EMPTY_BIN]) is reliability_svg([]) is None
    assert loss_histogram_svg([]) is counts_svg([], "t", "x", "y") is None


def test_loss_classes_change_at_round_probabilities_and_at_the_coin_toss() -> None:
    assert [loss_class(x) for x in (None, 0.0, 0.1, 0.2, 0.6, 0.7, 2.0, 13.8)] == [-1, 0, 0, 1, 2, 3, 4, 5]
    assert loss_class(COIN_TOSS_NATS) == 2
    assert LOSS_LIMITS[2] == COIN_TOSS_NATS


def test_every_judged_bin_and_every_count_is_in_the_drawing() -> None:
    assert str(reliability_svg(BINS)).count('class="dot"') == 2
    titles = re.findall(r"<title>(.*?)</title>", str(counts_svg([1, 1, 2, 500], "t", "x", "y")))
    assert sum(int(title.rsplit(": ", 1)[1]) for title in titles) == 4
    histogram = re.findall(r": ([\d,]+) facts", str(loss_histogram_svg([0.0, 0.1, 3.0, 13.8155])))
    assert sum(map(int, histogram)) == 4
