"""Figures as PNG, for the metadata of materialisations in the Dagster UI.

The report draws its own figures, which follow the reader's light or dark theme (`report_charts`). Matplotlib
is used by its object interface only: pyplot's global state is not safe in threads.
"""

import base64
import io
from collections import Counter
from collections.abc import Sequence
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

Bin = tuple[float, float, int, float | None, float | None]
"""One bin of a reliability curve: lower, upper, judgements, mean confidence, accuracy (None where empty)."""

COIN_TOSS_NATS = 0.6931471805599453
"""-ln 0.5: the loss of one who answers yes or no at random."""

_INK, _GRID, _TEAL, _RED, _GREY = "#22303a", "#dfe4e6", "#1f7f7c", "#c0492b", "#8b979e"


def reliability_png(bins: Sequence[Bin], ece: float) -> bytes | None:
    """Accuracy against confidence, bin by bin, with the diagonal of perfect calibration; None if empty.

    Args:
        bins: ascending, as `kg_assets.comprehension.calibration` makes them.
        ece: expected calibration error, 0 to 1.
    """
    filled = [(lo, up, n, conf, acc) for lo, up, n, conf, acc in bins if conf is not None and acc is not None]
    if not filled:
        return None
    figure, axes = _axes(f"Reliability (ECE {ece:.3f})", "confidence in the answer", "share that was right")
    largest = max(n for _, _, n, _, _ in filled)
    axes.plot([0, 1], [0, 1], color=_GREY, linewidth=1, linestyle=(0, (4, 3)), label="perfectly calibrated")
    for lower, upper, _, confidence, accuracy in filled:
        width = (upper - lower) * 0.92
        axes.bar((lower + upper) / 2, accuracy, width=width, color=_TEAL, alpha=0.28)
        axes.plot([confidence, confidence], [confidence, accuracy], color=_RED, linewidth=1.4)
    axes.scatter(
        [conf for _, _, _, conf, _ in filled],
        [acc for _, _, _, _, acc in filled],
        s=[18 + 70 * n / largest for _, _, n, _, _ in filled],
        color=_TEAL,
        zorder=3,
        label="bins, sized by judgements",
    )
    # A confidence in the predicted label is never below one half: an empty half would be half the figure.
    axes.set_xlim(0.5 if all(upper > 0.5 for _, upper, _, _, _ in filled) else 0.0, 1.0)
    axes.set_ylim(0, 1)
    axes.legend(loc="lower right", fontsize=7, frameon=False, labelcolor=_INK)
    return _png(figure)


def loss_histogram_png(losses: Sequence[float]) -> bytes | None:
    """How many units have which comprehension loss (nats), the coin toss marked; None without losses."""
    if not losses:
        return None
    figure, axes = _axes("Comprehension loss", "loss (nats)", "graph units")
    top = max(*losses, 1.0)
    _, _, bars = axes.hist(losses, bins=24, range=(0, top), color=_TEAL, edgecolor="white", linewidth=0.5)
    for bar in bars:
        if bar.get_x() + bar.get_width() / 2 > COIN_TOSS_NATS:
            bar.set_facecolor(_RED)
    axes.axvline(COIN_TOSS_NATS, color=_INK, linewidth=1, linestyle=(0, (4, 3)))
    axes.annotate("coin toss", (COIN_TOSS_NATS, 1), xycoords=("data", "axes fraction"), **_NOTE)
    return _png(figure)


def degree_png(degrees: Sequence[int]) -> bytes | None:
    """How many entities have which number of relations; None without entities."""
    return _counts_png(degrees, "Degree distribution", "relations of an entity", "entities")


def subgraph_sizes_png(sizes: Sequence[int]) -> bytes | None:
    """How many subgraphs have which number of units; None without subgraphs."""
    return _counts_png(sizes, "Subgraph sizes", "graph units in a subgraph", "subgraphs")


def png_data_uri(png: bytes) -> str:
    """`png` as a data URI, for Markdown metadata: `![title](<uri>)`."""
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


_NOTE: dict[str, Any] = {
    "xytext": (4, -4),
    "textcoords": "offset points",
    "verticalalignment": "top",
    "fontsize": 7,
    "color": _INK,
}


def _counts_png(values: Sequence[int], title: str, x_label: str, y_label: str) -> bytes | None:
    """A bar for each value that occurs; a long tail is gathered in equal steps, so that bars stay visible."""
    if not values:
        return None
    figure, axes = _axes(title, x_label, y_label)
    low, high = min(values), max(values)
    step = max(1, -(-(high - low + 1) // 30))
    counts = Counter(low + (value - low) // step * step for value in values)
    starts = sorted(counts)
    middles = [start + (step - 1) / 2 for start in starts]
    axes.bar(middles, [counts[start] for start in starts], width=step * 0.86, color=_TEAL)
    axes.xaxis.get_major_locator().set_params(integer=True)
    if step > 1:
        axes.set_yscale("log")
    else:
        axes.yaxis.get_major_locator().set_params(integer=True)
    return _png(figure)


def _axes(title: str, x_label: str, y_label: str) -> tuple[Figure, Any]:
    figure = Figure(figsize=(5.0, 3.0), dpi=110, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_title(title, fontsize=10, color=_INK, loc="left", fontweight="bold")
    axes.set_xlabel(x_label, fontsize=8, color=_INK)
    axes.set_ylabel(y_label, fontsize=8, color=_INK)
    axes.tick_params(labelsize=7.5, colors=_INK, length=0)
    axes.grid(axis="y", color=_GRID, linewidth=0.7)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(_GREY)
    return figure, axes


def _png(figure: Figure) -> bytes:
    """The bytes without matplotlib's version in them, so that equal data gives equal bytes."""
    file = io.BytesIO()
    figure.savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()
