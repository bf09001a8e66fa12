"""The report shows what it is given, stands alone, and is proof against hostile text."""

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from kg_assets.export.report import view as report_view
from kg_assets.export.report.data import DropGroup, ReportData, TagCount
from kg_assets.export.report.render import render_report, script_json

VOID = {"meta", "link", "br", "hr", "img", "input", "line", "circle"}


class Page(HTMLParser):
    """Elements with attributes, text outside script and style, and the body of each script."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.scripts: list[str] = []
        self._open = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._open = tag
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open == "script":
            self.scripts[-1] += data
        elif self._open != "style":
            self.text += data

    def count(self, tag: str, css: str) -> int:
        return sum(t == tag and css in (a.get("class") or "").split() for t, a in self.elements)


def flat(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def test_the_report_shows_every_part(small: ReportData) -> None:
    page = Page(render_report(small))
    text = flat(page.text)
    assert {a.get("id") for t, a in page.elements if t == "section"} == {
        *("sources", "graph", "blind-spots", "lessons", "dropped", "cost", "files", "terms")
    }
    for document in small.documents:
        assert document.document_id in text
    for drop in small.drops:
        assert all(example in text for example in drop.examples)
    for pair in small.examples:
        assert pair.question in text
        assert pair.answer in text
        assert all(step in text for step in pair.reasoning)
        assert all(e.text in text for e in pair.evidence)
    for stage in small.stages:
        assert stage.asset in text
    assert "0.112" in text
    assert "Atomic" in text
    assert "Multi-hop" in text


def test_tags_are_counted_with_what_balancing_left_out(small: ReportData) -> None:
    assert "By tag" not in render_report(small)
    counts = (TagCount("Tea > Green", 7, 31, 12), TagCount("", 2, 4, 0))
    text = flat(Page(render_report(replace(small, tags=counts))).text)
    assert "12 pairs of tags with too many of them are left out" in text
    assert "Tea>Green73112none240" in text.replace(" ", "")
    unbalanced = replace(small, tags=(replace(counts[0], left_out=0),))
    assert "left out, as" not in render_report(unbalanced)


def test_small_graphs_are_drawn_in_full_with_their_evidence(small: ReportData) -> None:
    page = Page(render_report(small))
    entities = [u for u in small.units if u.kind == "entity"]
    assert page.count("g", "mark") == len(entities)
    assert page.count("line", "line") == len(small.units) - len(entities)
    drawing = json.loads(page.scripts[0])
    assert [node["name"] for node in drawing["nodes"]] == [u.name for u in entities]
    document, start, end, text = drawing["nodes"][0]["quotes"][0]
    assert (document, end - start) == (small.documents[0].document_id, len(text))


def test_facts_come_worst_known_first_and_unmeasured_last(small: ReportData) -> None:
    facts = report_view.facts(small, {})
    losses = [fact.loss for fact in facts if fact.loss is not None]
    assert losses == sorted(losses, reverse=True)
    assert len(losses) == len(small.comprehension)
    assert all(fact.loss is None for fact in facts[len(losses) :])
    worst = max(small.comprehension.values(), key=lambda c: c.loss).unit_id
    assert facts[0].unit.unit_id == worst


def test_a_trainee_that_guesses_is_called_that(small: ReportData) -> None:
    for accuracy, guesses in ((0.52, True), (0.8, False)):
        shown = render_report(replace(small, results=(replace(small.results[0], accuracy=accuracy),)))
        assert ("50% is guessing" in shown) == guesses


def test_the_difficulty_of_a_fact_is_that_of_its_hardest_question(small: ReportData) -> None:
    first = small.subgraphs[0]
    harder = [
        replace(first, difficulty="easy"),
        replace(first, difficulty="hard"),
        replace(first, difficulty="medium"),
    ]
    assert set(report_view.hardest_question(harder).values()) == {"hard"}


def test_large_graphs_are_drawn_by_communities_and_stay_small(large: ReportData) -> None:
    html = render_report(large)
    page = Page(html)
    assert 10 < page.count("g", "mark") <= report_view.MAX_DRAWN_COMMUNITIES
    assert len(html) < 1_500_000
    assert "400 of 5,000 facts" in flat(page.text)
    assert "288 more documents" in flat(page.text)


def test_without_a_trainee_no_loss_is_invented(unmeasured: ReportData) -> None:
    page = Page(render_report(unmeasured))
    text = flat(page.text)
    assert unmeasured.comprehension_note in text
    assert "was not measured" in text
    assert page.count("i", "c0") + page.count("g", "c0") + page.count("span", "c0") == 0
    assert all(node["loss"] is None for node in json.loads(page.scripts[0])["nodes"])
    assert "Calibration" not in text


def test_an_empty_corpus_has_a_report(empty: ReportData) -> None:
    text = flat(Page(render_report(empty)).text)
    assert "There is no fact in this corpus" in text
    assert "Nothing was dropped" in text


def test_entities_without_relations_are_drawn(small: ReportData) -> None:
    entities = tuple(u for u in small.units if u.kind == "entity")
    assert Page(render_report(replace(small, units=entities))).count("g", "mark") == len(entities)


def test_the_same_data_gives_the_same_page(small: ReportData) -> None:
    assert render_report(small) == render_report(small)


def test_a_missing_price_is_not_shown_as_nothing(small: ReportData) -> None:
    assert "the cost is not known" in render_report(small)
    priced = tuple(replace(stage, cost=replace(stage.cost, usd=0.5)) for stage in small.stages)
    assert "$5.00" in render_report(replace(small, stages=priced))


def test_the_page_asks_the_network_for_nothing(small: ReportData) -> None:
    html = render_report(small)
    page = Page(html)
    for tag, attributes in page.elements:
        assert tag not in {"img", "link", "iframe", "object", "embed", "base", "form"}
        for name in ("src", "srcset", "action", "formaction", "data", "poster", "background", "xlink:href"):
            assert name not in attributes
        assert (attributes.get("href") or "#").startswith("#")
    assert not re.search(r"https?://|url\(|@import|\bfetch\(|XMLHttpRequest|import\(", html)


def test_the_policy_forbids_the_network_and_every_script_but_ours(small: ReportData) -> None:
    page = Page(render_report(small))
    policy = next(a["content"] for t, a in page.elements if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none';")
    digest = base64.b64encode(hashlib.sha256(page.scripts[-1].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in policy


HOSTILE = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)" x=\'',
    "</style><!-- ]]> --!> {{ 7*7 }} {% raw %}",
    "\x00\x1b[31m\u2028\u2029\ud800\u202e\ufffe",
    "javascript:alert(1)",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(small: ReportData, text: str) -> None:
    def poison(value: str) -> str:
        return text + value

    evidence = {
        unit_id: tuple(replace(e, text=poison(e.text), document=poison(e.document)) for e in spans)
        for unit_id, spans in small.evidence.items()
    }
    poisoned = replace(
        small,
        corpus=poison(small.corpus),
        synthesizer=poison(small.synthesizer),
        trainee=text,
        parameters=((text, text),),
        documents=tuple(replace(d, document_id=text, language=text, version=text) for d in small.documents),
        stages=tuple(replace(s, asset=poison(s.asset)) for s in small.stages),
        model_costs=tuple((poison(name), cost) for name, cost in small.model_costs),
        document_costs=tuple((poison(name), cost) for name, cost in small.document_costs),
        form_costs=tuple(replace(cost, form=poison(cost.form)) for cost in small.form_costs),
        drops=(DropGroup(text, text, 1, (text,)),),
        units=tuple(
            replace(u, name=poison(u.name), type=text, source=text, target=text, description=text)
            for u in small.units
        ),
        evidence=evidence,
        results=tuple(replace(r, trainee=text) for r in small.results),
        comprehension_note=text,
        examples=tuple(
            replace(
                p,
                qa_id=text,
                question=text,
                answer=text,
                details={"reasoning": [text]},
                unit_ids=(text, *p.unit_ids),
            )
            for p in small.examples
        ),
        tags=(TagCount(text, 1, 1, 1),),
    )
    html, plain = render_report(poisoned), render_report(small)
    html.encode("utf-8")
    page, before = Page(html), Page(plain)
    shape = [
        (tag, sorted(attributes)) for tag, attributes in page.elements if tag in {"script", "style", "img"}
    ]
    assert shape == [("style", []), ("script", ["id", "type"]), ("script", [])]
    assert page.scripts[-1] == before.scripts[-1]
    allowed = {name for _, attributes in before.elements for name in attributes}
    assert {name for _, attributes in page.elements for name in attributes} <= allowed
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe]", html)
    shown = re.sub("[\x00-\x1f\ud800-\udfff\ufffe]", "\ufffd", text)
    assert shown in page.text
    kept = re.sub("[\ud800-\udfff\ufffe]", "\ufffd", text)
    assert json.loads(page.scripts[0])["nodes"][0]["type"] == kept


def test_script_data_cannot_leave_its_element() -> None:
    data = {"a": "</script><!--&\u2028\u2029\ud800"}
    text = str(script_json(data))
    assert not set("<>&\u2028\u2029\ud800") & set(text)
    assert json.loads(text) == {"a": "</script><!--&\u2028\u2029\ufffd"}
    with pytest.raises(ValueError, match="not JSON compliant"):
        script_json({"a": float("nan")})
