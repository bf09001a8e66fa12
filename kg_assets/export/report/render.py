"""The report: one HTML file that stands alone. What it shows is in `report_view`, its looks in `templates/`.

Documents and model output are hostile. Every value passes Jinja2's autoescape, data for the script passes
`script_json`, and a content security policy forbids all network access and all scripts but ours, by hash.
"""

import base64
import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from math import exp, fsum
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from kg_assets.domain import Subgraph
from kg_assets.export.report import view
from kg_assets.export.report.data import ReportData, ReportStage
from kg_assets.stage import charts
from kg_assets.stage.costs import Cost
from kg_assets.synthesis.forms.table import FORMS

TEMPLATES = Path(__file__).parent / "templates"
HARDLY_BETTER = 0.6
"""An accuracy below this is hardly better than guessing."""
TITLES = {form.name: form.title for form in FORMS}

# Control characters, which HTML forbids, and lone surrogates, which UTF-8 cannot hold.
_UNSHOWABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


def render_report(data: ReportData) -> str:
    """The report as one HTML document that needs nothing else and asks the network for nothing."""
    graph = view.graph_of(data.units)
    members, communities = view.communities(graph, data.comprehension)
    small = len(graph.entities) <= view.MAX_DRAWN_ENTITIES
    drawing = view.draw_entities(graph, data) if small else view.draw_communities(graph, members, communities)
    drawn = {unit.unit_id: f"n{i}" for i, unit in enumerate(graph.entities)} if small else {}
    drawn |= {unit.unit_id: f"e{i}" for i, unit in enumerate(graph.relations)} if small else {}
    losses = [known.loss for known in (data.comprehension.get(u.unit_id) for u in data.units) if known]
    script = _template_text("report_drawing.js") + _template_text("report.js")
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            data=data,
            css=Markup(_template_text("report.css")),
            script=Markup(script),
            script_hash=base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii"),
            graph=graph,
            drawing=drawing,
            drawing_json=script_json(drawing.details),
            communities=communities,
            drawn=drawn,
            unit_names={unit.unit_id: _unit_name(unit) for unit in data.units},
            facts=view.facts(data, drawn),
            fact_count=len(data.units),
            measured=len(losses),
            wrong=sum(charts.loss_class(loss) > 2 for loss in losses),
            spectrum=_spectrum(losses, len(data.units) - len(losses)),
            classes=charts.LOSS_CLASSES,
            hardly_better=HARDLY_BETTER,
            figures={
                "reliability": charts.reliability_svg(data.results[0].bins) if data.results else None,
                "loss": charts.loss_histogram_svg(losses),
                "degree": charts.counts_svg(graph.degrees, "Degree", "relations of an entity", "entities"),
                "sizes": charts.counts_svg(
                    [len(s.entity_ids) + len(s.relation_ids) for s in data.subgraphs],
                    "Subgraph size",
                    "facts in a subgraph",
                    "subgraphs",
                ),
            },
            levels=_levels(data.subgraphs),
            examples=[
                (title, [p for p in data.examples if p.form == form]) for form, title in TITLES.items()
            ],
            pair_counts=[
                (title, data.pair_counts[form]) for form, title in TITLES.items() if form in data.pair_counts
            ],
            titles=TITLES,
            forms=FORMS,
            quotes=view.quotes,
            totals=_totals(data.stages),
            dropped=sum(stage.dropped for stage in data.stages),
        )
    )


def script_json(value: Any) -> Markup:
    """`value` as JSON for a `<script type="application/json">`: nothing in it can end the element."""
    text = _showable(json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")))
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return Markup(text)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= _FILTERS
    return environment


def _template_text(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _finalize(value: Any) -> Any:
    """What every expression of the template passes before it is escaped."""
    return _showable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _showable(text: str) -> str:
    return _UNSHOWABLE.sub("\ufffd", text)


def _unit_name(unit: Any) -> str:
    return str(unit.name) if unit.kind == "entity" else f"{unit.source} → {unit.target}"


def _spectrum(losses: Sequence[float], unmeasured: int) -> list[tuple[int, int]]:
    """(loss class, number of facts) for the classes that occur, unmeasured (-1) last."""
    counts = Counter({-1: unmeasured}) + Counter(map(charts.loss_class, losses))
    return [(c, counts[c]) for c in (0, 1, 2, 3, 4, 5, -1) if counts[c]]


def _levels(subgraphs: Sequence[Subgraph]) -> list[tuple[str, int, float | None]]:
    """(difficulty, number of subgraphs, their mean loss or None) for each difficulty that occurs."""
    rows: list[tuple[str, int, float | None]] = []
    for level in ("easy", "medium", "hard"):
        inside = [s for s in subgraphs if s.difficulty == level]
        losses = [s.mean_loss for s in inside if s.mean_loss is not None]
        if inside:
            rows.append((level, len(inside), sum(losses) / len(losses) if losses else None))
    return rows


def _totals(stages: Sequence[ReportStage]) -> Cost:
    """Sums over the stages; the cost is None as soon as one stage that called a model has none."""
    costs = [stage.cost for stage in stages]
    return Cost(
        calls=sum(cost.calls for cost in costs),
        prompt_tokens=sum(cost.prompt_tokens for cost in costs),
        completion_tokens=sum(cost.completion_tokens for cost in costs),
        usd=None if any(cost.usd is None for cost in costs) else fsum(cost.usd or 0.0 for cost in costs),
    )


def _plural(count: float, one: str, many: str = "") -> str:
    return f"{count:,.0f} {one if count == 1 else many or one + 's'}"


def _language(text: str) -> str:
    """A language tag that picks the right glyphs: Chinese and Japanese fonts differ in Han characters."""
    if re.search("[\u3040-\u30ff]", text):
        return "ja"
    if re.search("[\uac00-\ud7af]", text):
        return "ko"
    return "zh" if re.search("[\u3400-\u9fff]", text) else ""


_FILTERS: dict[str, Callable[..., Any]] = {
    "n": lambda value: f"{value:,.0f}",
    "loss": lambda value: f"{value:.2f}",
    "percent": lambda value: f"{value:.0%}",
    "score": lambda value: f"{value:.3f}",
    "usd": lambda value: f"${value:,.{6 if 0 < value < 0.001 else 4 if 0 < value < 0.1 else 2}f}",
    "odds": lambda loss: f"{exp(-loss):.0%}",
    "plural": _plural,
    "lang": _language,
    "words": lambda value: value.replace("_", " "),
    "clip": view.clip,
}
