"""Figures of the report as inline SVG, whose colours follow the page's theme by CSS classes.

`figures` makes pictures of them for the Dagster UI. Only numbers go in, so nothing here needs escaping.
The report's own drawing of the graph is in its template.
"""

from collections import Counter
from collections.abc import Sequence
from math import ceil, floor, log, log10

from markupsafe import Markup

Bin = tuple[float, float, int, float | None, float | None]
"""One bin of a reliability curve: lower, upper, judgements, mean confidence, accuracy (None where empty)."""

COIN_TOSS_NATS = log(2)
"""-ln 0.5: the loss of one who answers yes or no at random."""

LOSS_LIMITS = tuple(-log(p) for p in (0.9, 0.7, 0.5, 0.3, 0.1))
"""Upper losses of the classes 0 to 4 in nats; class 5 is above. They are -ln of round probabilities, because
e to the minus loss is the (geometric) mean probability that the trainee gave the right answer."""

LOSS_CLASSES = (
    ("knows it", "over 90 %"),
    ("rather sure", "70 to 90 %"),
    ("unsure", "50 to 70 %"),
    ("leans wrong", "30 to 50 %"),
    ("rather wrong", "10 to 30 %"),
    ("sure of the opposite", "under 10 %"),
)
"""Name of each loss class and the mean probability of the right answer that it stands for."""

CHART_WIDTH, CHART_HEIGHT = 460, 290
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 20, 34, 44
_LOSS_BARS = 24


def loss_class(loss: float | None) -> int:
    """Class 0 (known) to 5 (believes the opposite) of a loss in nats; -1 where nothing was measured."""
    if loss is None:
        return -1
    return sum(loss > limit for limit in LOSS_LIMITS)


def reliability_svg(bins: Sequence[Bin]) -> Markup | None:
    """The reliability curve: accuracy of each bin and its distance to the diagonal; None if empty."""
    filled = [(lo, up, n, conf, acc) for lo, up, n, conf, acc in bins if conf is not None and acc is not None]
    if not filled:
        return None
    start = 0.5 if all(upper > 0.5 for _, upper, _, _, _ in filled) else 0.0
    largest = max(n for _, _, n, _, _ in filled)

    def x(value: float) -> float:
        return _x((max(value, start) - start) / (1 - start))

    parts = [_frame([(v, f"{v:.0%}") for v in (0, 0.25, 0.5, 0.75, 1)], 1.0)]
    parts += [_tick(x(v), f"{v:.0%}") for v in _steps(start)]
    for lower, upper, n, confidence, accuracy in filled:
        title = f"{lower:.0%} to {upper:.0%} sure: {accuracy:.0%} right, {n:,} judgements"
        middle, top, ideal, radius = x(confidence), _y(accuracy), _y(confidence), 3 + 5 * (n / largest) ** 0.5
        parts.append(_bar("bar", x(lower) + 1.5, x(upper) - 1.5, accuracy, title))
        parts.append(
            f'<line class="gap" x1="{middle:.1f}" x2="{middle:.1f}" y1="{top:.1f}" y2="{ideal:.1f}"/>'
            f'<circle class="dot" cx="{middle:.1f}" cy="{top:.1f}" r="{radius:.1f}"/>'
        )
    parts.append(
        f'<line class="ideal" x1="{x(start):.1f}" y1="{_y(start):.1f}" x2="{x(1):.1f}" y2="{_y(1):.1f}"/>'
    )
    return _svg("Reliability curve", "how sure the trainee was", "how often it was right", parts)


def loss_histogram_svg(losses: Sequence[float]) -> Markup | None:
    """How many facts have which loss, bars in the colours of the loss classes; None without losses."""
    if not losses:
        return None
    top = max(*losses, 1.5)
    step = top / _LOSS_BARS
    heights = Counter(min(int(loss / step), _LOSS_BARS - 1) for loss in losses)
    axis = _counts_axis(max(heights.values()))
    parts = [_frame([(v, f"{v:,}") for v in axis], axis[-1])]
    for index, number in sorted(heights.items()):
        left, right = _x(index / _LOSS_BARS) + 1, _x((index + 1) / _LOSS_BARS) - 1
        title = f"loss {index * step:.2f} to {(index + 1) * step:.2f}: {number:,} facts"
        parts.append(_bar(f"c c{loss_class((index + 0.5) * step)}", left, right, number / axis[-1], title))
    parts += [_tick(_x(v / top), f"{v:g}") for v in _nice_axis(top)]
    coin = _x(COIN_TOSS_NATS / top)
    parts.append(
        f'<line class="ideal" x1="{coin:.1f}" x2="{coin:.1f}" y1="{_TOP - 4}" y2="{_y(0):.1f}"/>'
        f'<text class="note" x="{coin + 6:.1f}" y="{_TOP + 6}">coin toss, ln 2</text>'
    )
    return _svg("Comprehension loss", "comprehension loss (nats)", "facts", parts)


def counts_svg(values: Sequence[int], title: str, x_label: str, y_label: str) -> Markup | None:
    """A bar for each value that occurs, long tails gathered in equal steps; None without values."""
    if not values:
        return None
    low, high = min(values), max(values)
    step = ceil((high - low + 1) / 30)
    slots = max((high - low) // step + 1, 6)
    heights = Counter((value - low) // step for value in values)
    axis = _counts_axis(max(heights.values()))
    parts = [_frame([(v, f"{v:,}") for v in axis], axis[-1])]
    every = ceil(slots / 12)
    for slot in range((high - low) // step + 1):
        first, last = low + slot * step, low + (slot + 1) * step - 1
        name = f"{first}" if step == 1 else f"{first} to {last}"
        left, width = _x(slot / slots), (_x(1) - _x(0)) / slots
        if heights[slot]:
            title = f"{name}: {heights[slot]:,}"
            share = heights[slot] / axis[-1]
            parts.append(_bar("solid", left + width * 0.1, left + width * 0.9, share, title))
        if slot % every == 0:
            parts.append(_tick(left + width / 2, f"{first}"))
    return _svg(title, x_label, y_label, parts)


def _x(share: float) -> float:
    return _LEFT + share * (CHART_WIDTH - _LEFT - _RIGHT)


def _y(share: float) -> float:
    return CHART_HEIGHT - _BOTTOM - share * (CHART_HEIGHT - _TOP - _BOTTOM)


def _bar(kind: str, left: float, right: float, share: float, title: str) -> str:
    """A bar from the bottom to `share` of the height, with a tooltip."""
    top, height = _y(share), _y(0) - _y(share)
    box = f'x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{height:.1f}"'
    return f'<rect class="{kind}" {box}><title>{title}</title></rect>'


def _steps(start: float) -> list[float]:
    return [start + (1 - start) * i / 5 for i in range(6)]


def _nice_step(top: float, parts: int) -> float:
    """The smallest of 1, 2, 5 times a power of ten that divides `top` into at most `parts`."""
    power = 10.0 ** floor(log10(top / parts))
    return next(m * power for m in (1, 2, 5, 10) if m * power * parts >= top - 1e-9)


def _nice_axis(top: float) -> list[float]:
    step = _nice_step(top, 6)
    return [round(i * step, 6) for i in range(int(top / step + 1e-9) + 1)]


def _counts_axis(highest: int) -> list[int]:
    step = max(1, round(_nice_step(highest, 4)))
    return [i * step for i in range(ceil(highest / step) + 1)]


def _frame(marks: Sequence[tuple[float, str]], top: float) -> str:
    """Horizontal lines at the values of `marks`, each with its label; `top` is the value at full height."""
    lines = []
    for value, label in marks:
        y = _y(value / top)
        lines.append(
            f'<line class="grid" x1="{_LEFT}" x2="{CHART_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        )
        lines.append(f'<text class="tick end" x="{_LEFT - 7}" y="{y + 4:.1f}">{label}</text>')
    return "".join(lines)


def _tick(x: float, label: str) -> str:
    return f'<text class="tick mid" x="{x:.1f}" y="{CHART_HEIGHT - _BOTTOM + 17}">{label}</text>'


def _svg(title: str, x_label: str, y_label: str, parts: Sequence[str]) -> Markup:
    label = f"{title}: {y_label} by {x_label}"
    return Markup(
        f'<svg class="chart" viewBox="0 0 {CHART_WIDTH} {CHART_HEIGHT}" role="img" aria-label="{label}">'
        + "".join(parts)
        + f'<text class="axis mid" x="{_x(0.5)}" y="{CHART_HEIGHT - 8}">{x_label}</text>'
        + f'<text class="axis" x="2" y="14">{y_label}</text></svg>'
    )
