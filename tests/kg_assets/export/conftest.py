"""Samples that the export tests share: a small bilingual corpus, a large made-up one, one nobody measured."""

import random
from dataclasses import replace
from math import log
from pathlib import Path

import pytest

from kg_assets.domain import Comprehension, Evidence, GraphUnit, Subgraph, entity_id, fingerprint, relation_id
from kg_assets.export.files import ExportedFile
from kg_assets.export.pair import ExportPair
from kg_assets.export.report.data import DropGroup, ReportData, ReportDocument, ReportStage, TraineeResult
from kg_assets.stage.costs import Cost, FormCost

# Each line is a sentence of the document; what is in square brackets are entities, in braces their types.
TEXTS = {
    "medicine/penicillin.md": """
In September 1928 [Alexander Fleming]{person} noticed mould on a plate in [St Mary's Hospital]{organization}.
[Alexander Fleming] found that the mould [Penicillium rubens]{organism} killed [Staphylococcus]{organism}.
The substance that [Penicillium rubens] releases was called [penicillin]{substance}.
[Howard Florey]{person} and [Ernst Chain]{person} purified it at the [Dunn School]{organization}.
[Ernst Chain] worked out how [penicillin] could be concentrated.
[Norman Heatley]{person} grew [Penicillium rubens] in bedpans at the [Dunn School].
In 1941 [Albert Alexander]{person} was the first patient whom [Howard Florey] treated with [penicillin].
[Dorothy Hodgkin]{person} found the structure of [penicillin] by [X-ray crystallography]{technology} in 1945.
[penicillin] blocks the enzyme [transpeptidase]{substance} and with it the [bacterial cell wall]{concept}.
Some strains of [Staphylococcus] make [beta-lactamase]{substance}, which destroys [penicillin].
The [Nobel Prize in Medicine 1945]{event} went to [Alexander Fleming], [Ernst Chain] and [Howard Florey].
""",
    "space/voyager.txt": """
[Voyager 1]{technology} was launched in 1977, sixteen days after [Voyager 2]{technology}.
[Voyager 1] flew past [Jupiter]{location} in March 1979 and found volcanoes on [Io]{location}.
[Voyager 2] is the only craft that has visited [Uranus]{location} and [Neptune]{location}.
[Linda Morabito]{person} saw the plume of a volcano on [Io].
The [Golden Record]{work} on board [Voyager 1] was chosen by a group round [Carl Sagan]{person}.
[Voyager 1] crossed the [heliopause]{concept} in August 2012.
Three [radioisotope generators]{technology} give [Voyager 2] its power.
[Carl Sagan] asked that [Voyager 1] take the [Pale Blue Dot]{work}.
""",
    "历史/活字印刷.md": """
[毕昇]{person}在庆历年间发明了[胶泥活字]{technology}。
[沈括]{person}在[《梦溪笔谈》]{work}中记载了[毕昇]的方法。
[胶泥活字]用[胶泥]{substance}刻字，火烧令坚。
[王祯]{person}改用[木活字]{technology}，并发明[转轮排字盘]{technology}。
[王祯]在[《农书》]{work}中附了《造活字印书法》。
[转轮排字盘]使排字工人坐着就能取[木活字]。
[铜活字]{technology}在明代由[华燧]{person}在[无锡]{location}使用。
""",
    "生活/茶.txt": """
[陆羽]{person}在唐代写成[《茶经》]{work}，共三卷。
[《茶经》]记述了[茶]{organism}的起源、制法和饮法。
[茶]含有[咖啡因]{substance}和[茶多酚]{substance}。
[红茶]{substance}经过完全发酵，而[绿茶]{substance}不经发酵。
[绿茶]保留了较多的[茶多酚]。
""",
}


def _parse(text: str) -> tuple[str, list[tuple[int, int, list[str]]], dict[str, str]]:
    """The plain text, its sentences as (start, end, names in order), and the type of each name."""
    plain, sentences, types = "", [], {}
    for line in text.strip().splitlines():
        names, start = [], len(plain)
        for i, piece in enumerate(line.replace("]", "[").split("[")):
            if i % 2:
                names.append(piece)
            elif piece.startswith("{"):
                types[names[-1]], piece = piece[1:].split("}", 1)
            plain += piece
        sentences.append((start, len(plain), names))
        plain += "\n"
    return plain, sentences, types


def _unit(
    kind: str, name: str, type_: str, source: str, target: str, description: str, language: str
) -> GraphUnit:
    return GraphUnit(
        unit_id=entity_id(name) if kind == "entity" else relation_id(source, target),
        kind="entity" if kind == "entity" else "relation",
        name=name,
        type=type_,
        source_id=entity_id(source) if source else "",
        target_id=entity_id(target) if target else "",
        source=source,
        target=target,
        description=description,
        language=language,
        content_hash=fingerprint(kind, name, source, target, description),
    )


@pytest.fixture
def small() -> ReportData:
    """Two English and two Chinese documents, about forty entities, measured by a trainee that knows half."""
    units: dict[str, GraphUnit] = {}
    evidence: dict[str, tuple[Evidence, ...]] = {}
    documents, rng = [], random.Random(7)
    for document, marked in TEXTS.items():
        text, sentences, types = _parse(marked)
        language = "zh" if "历史" in document or "生活" in document else "en"
        version = fingerprint(text)
        for start, end, names in sentences:
            here = Evidence(
                document, version, "c" + fingerprint(document, start), start, end, text[start:end]
            )
            made = [_unit("entity", n, types[n], "", "", text[start:end], language) for n in names]
            made += [_unit("relation", "", "", names[0], n, text[start:end], language) for n in names[1:]]
            for unit in made:
                units.setdefault(unit.unit_id, unit)
                evidence[unit.unit_id] = (*evidence.get(unit.unit_id, ()), here)
        documents.append(ReportDocument(document, version, language, len(text), 3, len(sentences) * 4, 1))
    comprehension = {}
    for unit_id in list(units)[:-3]:
        confidence = min(0.999, max(0.02, rng.betavariate(2.2, 1.2)))
        loss = -log(confidence) * (1 + 0.3 * rng.random())
        comprehension[unit_id] = Comprehension(unit_id, "tiny-0.5b", confidence, loss, 4)
    relations = [u for u in units.values() if u.kind == "relation"]
    subgraphs = tuple(_subgraph(relations[i : i + 3], comprehension) for i in range(0, len(relations), 3))
    return ReportData(
        corpus="Discoveries 发现",
        synthesizer="Qwen2.5-Coder-1.5B-Instruct",
        trainee="Qwen2.5-Coder-0.5B-Instruct",
        parameters=(
            ("chunk size", "1,024 tokens, overlap 100, cl100k_base"),
            ("statements", "2 true and 2 negated for each fact"),
            ("traverse strategy", "max_tokens 256, depth 2, edges by max_loss, seed 0"),
            ("revision of the trainee", "before fine-tuning"),
        ),
        documents=tuple(documents),
        stages=STAGES,
        model_costs=(
            ("synthesizer big", Cost(180, 70321, 24280, None)),
            ("trainee tiny", Cost(364, 41120, 364, 0.02)),
        ),
        document_costs=(("pumps.txt", Cost(300.5, 60000, 20000, None)), ("", Cost(1, 20, 1, 0.0))),
        form_costs=(FormCost("atomic", 68, 398.8, None, 1500.2, None),),
        drops=DROPS,
        units=tuple(units.values()),
        evidence=evidence,
        comprehension=comprehension,
        results=(_result("Qwen2.5-Coder-0.5B-Instruct", rng), _result("same, revision tuned-1", rng, 0.07)),
        comprehension_note="",
        subgraphs=subgraphs,
        pair_counts={"atomic": 64, "aggregated": 17, "multi_hop": 15},
        examples=pairs_of(tuple(units.values()), evidence, comprehension),
        exports=tuple(
            ExportedFile(Path("exports/x") / name, kind, 96, fingerprint(name) * 2)
            for name, kind in (
                ("alpaca.json", "alpaca"),
                ("chatml.jsonl", "chatml"),
                ("graph.graphml", "graphml"),
            )
        ),
    )


@pytest.fixture
def unmeasured(small: ReportData) -> ReportData:
    """The same without a trainee: no loss anywhere."""
    return replace(
        small,
        trainee=None,
        comprehension={},
        results=(),
        comprehension_note="No trainee is configured, so subgraphs were sampled at random.",
        examples=tuple(replace(pair, loss=None, difficulty="medium") for pair in small.examples),
        subgraphs=tuple(replace(s, mean_loss=None, difficulty="medium") for s in small.subgraphs),
    )


@pytest.fixture
def large(small: ReportData) -> ReportData:
    """2,000 entities in forty clusters with 3,000 relations, most of them measured."""
    rng = random.Random(3)
    names = [f"{rng.choice(TOPICS)} {i}" for i in range(2000)]
    units = [
        _unit("entity", n, "concept", "", "", f"{n} is a thing of cluster {i % 40}.", "en")
        for i, n in enumerate(names)
    ]
    ends: dict[str, tuple[str, str]] = {}
    while len(ends) < 3000:
        a = rng.randrange(2000)
        b = rng.choice(range(a % 40, 2000, 40)) if rng.random() < 0.9 else rng.randrange(2000)
        if a != b:
            ends[relation_id(names[a], names[b])] = (names[a], names[b])
    units += [_unit("relation", "", "", a, b, f"{a} leads to {b}.", "en") for a, b in ends.values()]
    here = small.evidence[small.units[0].unit_id]
    measured = {
        u.unit_id: Comprehension(u.unit_id, "t", 0.6, rng.expovariate(1.1), 4)
        for u in units
        if rng.random() < 0.9
    }
    return replace(
        small,
        corpus="large",
        units=tuple(units),
        evidence={u.unit_id: here for u in units},
        comprehension=measured,
        documents=tuple(replace(small.documents[0], document_id=f"papers/{i:04}.txt") for i in range(300)),
    )


@pytest.fixture
def empty(small: ReportData) -> ReportData:
    """A corpus of which nothing is left."""
    return ReportData(
        corpus="empty",
        synthesizer="m",
        trainee=None,
        parameters=(),
        documents=(),
        stages=(),
        model_costs=(),
        document_costs=(),
        form_costs=(),
        drops=(),
        units=(),
        evidence={},
        comprehension={},
        results=(),
        comprehension_note="Nothing was measured.",
        subgraphs=(),
        pair_counts={},
        examples=(),
        exports=(),
    )


@pytest.fixture
def pairs(small: ReportData) -> tuple[ExportPair, ...]:
    """A few pairs of every form, in English and Chinese."""
    return small.examples


def pairs_of(
    units: tuple[GraphUnit, ...], evidence: dict[str, tuple[Evidence, ...]], known: dict[str, Comprehension]
) -> tuple[ExportPair, ...]:
    relations = {(u.source, u.target): u for u in units if u.kind == "relation"}

    def pair(
        form: str, question: str, answer: str, *ends: tuple[str, str], path: tuple[str, ...] = ()
    ) -> ExportPair:
        about = [relations[e] for e in ends]
        losses = [known[u.unit_id].loss for u in about]
        proof = tuple(dict.fromkeys(e for u in about for e in evidence[u.unit_id]))
        return ExportPair(
            qa_id="q" + fingerprint(question),
            form=form,
            question=question,
            answer=answer,
            difficulty="hard" if sum(losses) / len(losses) > 0.7 else "easy",
            loss=sum(losses) / len(losses),
            unit_ids=tuple(u.unit_id for u in about),
            evidence=proof,
            details={"reasoning": list(path)},
        )

    return (
        pair(
            "atomic",
            "Which bacteria did the mould on Fleming's plate kill?",
            "Staphylococcus.",
            ("Alexander Fleming", "Staphylococcus"),
        ),
        pair("atomic", "谁在《梦溪笔谈》中记载了毕昇的方法？", "沈括。", ("沈括", "毕昇")),
        pair(
            "aggregated",
            "How did penicillin get from a mould on a plate to a patient's bed?",
            "Fleming noticed that Penicillium rubens kills Staphylococcus. Ten years later Florey and "
            "Chain purified the substance at the Dunn School, Chain learned to concentrate it, and in 1941 "
            "Albert Alexander became the first patient to be treated with it.",
            ("Alexander Fleming", "Penicillium rubens"),
            ("Howard Florey", "Dunn School"),
            ("Ernst Chain", "penicillin"),
        ),
        pair(
            "multi_hop",
            "记载胶泥活字发明者之方法的那部书，作者是谁？",
            "沈括。胶泥活字由毕昇发明，毕昇的方法记载于沈括的《梦溪笔谈》。",
            ("毕昇", "胶泥活字"),
            ("沈括", "毕昇"),
            path=("毕昇发明了胶泥活字。", "《梦溪笔谈》记载了毕昇的方法。", "《梦溪笔谈》的作者是沈括。"),
        ),
        pair(
            "multi_hop",
            "What did the astronomer who asked for the Pale Blue Dot help to choose?",
            "The Golden Record on board Voyager 1: Carl Sagan asked for the picture and led the group.",
            ("Golden Record", "Carl Sagan"),
            ("Carl Sagan", "Pale Blue Dot"),
            path=(
                "Carl Sagan asked that Voyager 1 take the Pale Blue Dot.",
                "The Golden Record was chosen by his group.",
            ),
        ),
    )


def _subgraph(relations: list[GraphUnit], known: dict[str, Comprehension]) -> Subgraph:
    losses = [known[u.unit_id].loss for u in relations if u.unit_id in known]
    mean = sum(losses) / len(losses) if losses else None
    entities = tuple(dict.fromkeys(e for u in relations for e in (u.source_id, u.target_id)))
    level = "medium" if mean is None else "easy" if mean < 0.35 else "medium" if mean < 0.8 else "hard"
    ids = tuple(u.unit_id for u in relations)
    return Subgraph("s" + fingerprint(ids), entities, ids, mean, level, 180)  # type: ignore[arg-type]


def _result(trainee: str, rng: random.Random, better: float = 0.0) -> TraineeResult:
    bins = []
    for i in range(15):
        confidence = (i + 0.5) / 15
        n = rng.randint(6, 60) if i > 6 else 0
        accuracy = min(1.0, max(0.0, confidence - rng.random() * 0.25 + better))
        bins.append((i / 15, (i + 1) / 15, n, confidence if n else None, accuracy if n else None))
    return TraineeResult(
        trainee,
        88,
        352,
        0.63 + better,
        0.71 - better,
        0.68 + better,
        0.112 - better,
        0.21 - better,
        tuple(bins),
    )


TOPICS = (
    "erosion",
    "lattice",
    "monsoon",
    "tariff",
    "enzyme",
    "isotope",
    "ligament",
    "sonata",
    "harbour",
    "glyph",
)

STAGES = (
    ReportStage("documents", 5, 4, 1, Cost(0, 0, 0, 0.0)),
    ReportStage("chunks", 4, 4, 0, Cost(0, 0, 0, 0.0)),
    ReportStage("claims", 12, 11, 1, Cost(14, 18211, 9120, None)),
    ReportStage("knowledge_graph", 96, 96, 0, Cost(2, 900, 240, None)),
    ReportStage("statements", 94, 91, 3, Cost(94, 30210, 8800, None)),
    ReportStage("judgements", 364, 360, 4, Cost(364, 41120, 364, None)),
    ReportStage("comprehension", 91, 91, 0, Cost(0, 0, 0, 0.0)),
    ReportStage("subgraphs", 17, 17, 0, Cost(0, 0, 0, 0.0)),
    ReportStage("qa_atomic", 70, 68, 2, Cost(70, 21000, 6120, None)),
    ReportStage("curated_qa", 102, 96, 6, Cost(0, 0, 0, 0.0)),
)

DROPS = (
    DropGroup("documents", "undecodable", 1, ("notes/old.txt: not UTF-8 at byte 118",)),
    DropGroup("claims", "truncated", 1, ('{"entities": [{"name": "Voyager 1", "type": "techno',)),
    DropGroup("judgements", "off_format", 4, ("The statement seems plausible.", "我不确定。")),
    DropGroup("curated_qa", "mentions_source", 4, ("According to the passage, who found penicillin?",)),
    DropGroup("curated_qa", "duplicate", 2, ()),
)
