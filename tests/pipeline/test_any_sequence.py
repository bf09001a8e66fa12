"""After any sequence of additions, edits, renames and removals the graph, DuckDB's current views and the
exports are those of a rebuild from scratch; nothing is asked twice, what is gone is gone, and history stays.

Hypothesis thinks up the sequences. With `GRAPHTUTOR_EXAMPLES=100` in the environment (and `--timeout 0`) it
tries so many, longer and other ones each time, about a minute each, and reduces one that fails.
"""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from resources.embedded.graph_server import GraphLease
from resources.warehouse.warehouse import Connection
from tests.fake_model_answers import payload, requested_schema
from tests.fake_model_server import FakeModelServer
from tests.pipeline.conftest import NewProject
from tests.pipeline.project import Project

SETTINGS: dict[str, Any] = {
    "chunking": {"max_tokens": 32, "overlap_tokens": 0},
    "comprehension": {"statements": 1},
    "extraction": {"description_tokens": 64},  # so short that what many documents describe is summarised
}
# Each has a word that none of the others has, and most have entities, or whole sentences, in common.
FACTS = {
    "Donaueschingen": "The Danube rises near Donaueschingen. The Danube flows through Vienna.",
    "Leopoldsberg": "Vienna lies on the Danube below the Leopoldsberg. Vienna is the capital of Austria.",
    "Hainburg": "The Danube leaves Austria behind Hainburg. Bratislava lies on the Danube.",
    "Aquincum": "Budapest was called Aquincum by Rome. The Danube flows through Vienna.",
    "Hochschwab": "VIENNA drinks water from the Hochschwab. VIENNA is the largest town of Austria.",
    "Schönbrunn": "Austria has its capital in Vienna. Schönbrunn is a palace of the Habsburgs in Vienna.",
    "polonium": "Marie Curie found polonium in Paris. Pierre Curie worked with Marie Curie in Paris.",
    "Warsaw": "Marie Curie came to Paris from Warsaw.",
    "陆羽": "《茶经》由陆羽在唐代写成。龙井茶产于杭州市西湖一带。",
    "雷峰塔": "西湖位于杭州市的西面。雷峰塔位于西湖的南岸。",
    "狮峰山": "龙井茶是绿茶。狮峰山位于西湖的西南。",
    "钱塘江": "杭州市位于钱塘江的下游。西湖位于杭州市的西面。",
    "Hangzhou": "West Lake lies in Hangzhou. 西湖位于杭州市的西面。",
}
HEADINGS = {"Watercourses": "# Watercourses of Austria", "名茶": "## 名茶与名湖"}
POOL = FACTS | HEADINGS
NAMES = ("Elbe.txt", "Po.md", "Oder.jsonl", "黄河.txt")
FILE_STAGES = ("sft_datasets", "graph_export", "report")
NOT_COMPARED = {"dropped_at", "run_id"}
NOT_COMPARED_OF_FILES = {"key", "path", "sha256"}
"""They hold the project's folder or the corpus' name; `sha256` is compared with the file instead."""

EXAMPLES = os.environ.get("GRAPHTUTOR_EXAMPLES")
MOST_RUNS = 10 if EXAMPLES else 2
"""In one sequence, its first one among them, before the one at its end."""
EXPLORE = settings(
    max_examples=int(EXAMPLES or 3),
    stateful_step_count=20 if EXAMPLES else 8,
    derandomize=not EXAMPLES,
    database=None,
    deadline=None,
    phases=[Phase.generate, *([Phase.shrink] if EXAMPLES else [])],
    suppress_health_check=list(HealthCheck),
)

Paragraphs = tuple[str, ...]
Texts = Mapping[str, Paragraphs]
"""Documents by file name, each as the marker words of its paragraphs."""


@dataclass(frozen=True)
class Snapshot:
    """All that a corpus is, without what may differ between two projects: their folder, corpus, times."""

    graph: Mapping[str, Mapping[str, list[dict[str, Any]]]]
    views: Mapping[str, list[tuple[Any, ...]]]
    files: Mapping[str, bytes]

    def parts(self) -> dict[str, Any]:
        """Everything that must be equal, piece by piece. The report is left out: it shows times and costs."""
        graph = {f"graph {kind}": rows for group in self.graph.values() for kind, rows in group.items()}
        files = {f"file {name}": content for name, content in self.files.items() if name != "report.html"}
        return graph | {f"view {name}": rows for name, rows in self.views.items()} | files

    def mentions(self, word: str) -> list[str]:
        """The parts, the report among them, that hold this word."""
        parts = self.parts() | {"file report.html": self.files["report.html"]}
        texts = {name: p.decode() if isinstance(p, bytes) else str(p) for name, p in parts.items()}
        return [name for name, text in texts.items() if word.casefold() in text.casefold()]


def snapshot(project: Project) -> Snapshot:
    """What stands in the graph, the warehouse and the exports of a project now."""
    with project.graph() as graph:
        dump = graph.dump(project.corpus)
    with project.warehouse.connect() as warehouse:
        views = _views(warehouse)
    files = project.export_bytes()
    masked = {name: content.replace(project.corpus.encode(), b"CORPUS") for name, content in files.items()}
    return Snapshot(dump, views, masked)


def differences(found: Snapshot, wanted: Snapshot) -> list[str]:
    """Which parts differ, and where each does so first."""
    ours, theirs = found.parts(), wanted.parts()
    return [
        f"{name}: {_first_difference(ours.get(name), theirs.get(name))}"
        for name in sorted(ours.keys() | theirs.keys())
        if ours.get(name) != theirs.get(name)
    ]


def _first_difference(found: Any, wanted: Any) -> str:
    if found is None or wanted is None:
        return f"only {'wanted' if found is None else 'found'}"
    if isinstance(found, bytes):
        found, wanted = found.splitlines(), wanted.splitlines()
    at = next((i for i, (f, w) in enumerate(zip(found, wanted, strict=False)) if f != w), None)
    if at is None:
        return f"{len(found)} entries instead of {len(wanted)}"
    return f"entry {at} of {len(found)} is {found[at]!r:.400} instead of {wanted[at]!r:.400}"


def _views(warehouse: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of every `current_…` view, and which items are current, in order."""
    names = _rows(warehouse, "SELECT view_name FROM duckdb_views() WHERE view_name LIKE 'current%'")
    found = {name: _rows(warehouse, f"SELECT * FROM {name}", name) for (name,) in names}
    places = "SELECT stage, position, item_id, document_id FROM current_items ORDER BY stage, position"
    return found | {"current_items": _rows(warehouse, places)}


def _rows(warehouse: Connection, sql: str, view: str = "") -> list[tuple[Any, ...]]:
    """Rows of a query, of a view without what is not compared."""
    of_files = view.removeprefix("current_") in FILE_STAGES
    hidden = NOT_COMPARED | (NOT_COMPARED_OF_FILES if of_files else set()) if view else set()
    cursor = warehouse.execute(sql)
    shown = [i for i, column in enumerate(cursor.description or ()) if column[0] not in hidden]
    return [tuple(row[i] for i in shown) for row in cursor.fetchall()]


def contents(warehouse: Connection) -> dict[str, set[Any]]:
    """For each kind of request to the models, the distinct contents that it is made about now."""
    units = {row[0]: row for row in _rows(warehouse, _UNITS)}
    described = set(units.values())
    groups = {
        (subgraph, difficulty, *(units[unit] for unit in json.loads(entities) + json.loads(relations)))
        for subgraph, difficulty, entities, relations in _rows(warehouse, _SUBGRAPHS)
    }
    return {
        "Extraction": set(_rows(warehouse, _CHUNKS)),
        "Summary": set(_rows(warehouse, _DESCRIPTIONS)),
        "Statements": described,
        "judgement": set(_rows(warehouse, _STATEMENTS)),
        "AtomicQa": described,
        "AggregatedAnswer": groups,
        "AggregatedQuestion": groups,
        "MultiHopQa": groups,
    }


_CHUNKS = "SELECT text, heading_path, language FROM current_chunks"
_UNITS = "SELECT unit_id, content_hash, language FROM current_knowledge_graph"
_STATEMENTS = "SELECT text, language FROM current_statements"
_SUBGRAPHS = "SELECT subgraph_id, difficulty, entity_ids, relation_ids FROM current_subgraphs"
_DESCRIPTIONS = """
    SELECT unit_id, k.name, k.source, k.target, k.language, c.descriptions
    FROM current_knowledge_graph k
    JOIN (SELECT unit_id, string_agg(description, '|') AS descriptions FROM current_claims GROUP BY unit_id) c
    USING (unit_id)
"""


class Rebuilds:
    """What a fresh project makes of documents. It is remembered: many sequences come to the same ones."""

    def __init__(self, fresh: Callable[[], Project]) -> None:
        self._fresh = fresh
        self._made: dict[frozenset[tuple[str, Paragraphs]], Snapshot] = {}

    def remember(self, texts: Texts, made: Snapshot) -> None:
        """Take over what the first run of a project made."""
        self._made.setdefault(frozenset(texts.items()), made)

    def of(self, texts: Texts) -> Snapshot:
        """What becomes of these documents, which are written in another order than elsewhere."""
        if frozenset(texts.items()) not in self._made:
            project = self._fresh()
            for name, paragraphs in sorted(texts.items(), reverse=True):
                write(project, name, paragraphs)
            project.run()
            self.remember(texts, snapshot(project))
        return self._made[frozenset(texts.items())]


def stored_as(texts: Texts) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Id, text and sources of each document: files of one kind and content are one, under the first name."""
    for name, words in texts.items():
        same = sorted(n for n in texts if texts[n] == words and Path(n).suffix == Path(name).suffix)
        if name == same[0]:
            yield document_id(name), text_of(words), tuple(same) if len(same) > 1 else ()


@dataclass
class Corpus:
    """A project whose documents change; every run of it is checked against a rebuild and against its past."""

    project: Project
    server: FakeModelServer
    rebuilds: Rebuilds
    runs: int = 0
    texts: dict[str, Paragraphs] = field(default_factory=dict)
    versions: list[tuple[str, Paragraphs]] = field(default_factory=list)
    ran: dict[str, Paragraphs] = field(default_factory=dict)
    history: set[tuple[str, str, tuple[str, ...]]] = field(default_factory=set)
    answered: set[str] = field(default_factory=set)
    seen: dict[str, set[str]] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        """Whether a run would find other documents than the one before."""
        return self.texts != self.ran

    def put(self, name: str, paragraphs: Sequence[str]) -> None:
        """Add a document, or make another version of it."""
        self.texts[name] = tuple(paragraphs)
        if (name, self.texts[name]) not in self.versions:
            self.versions.append((name, self.texts[name]))
        write(self.project, name, self.texts[name])

    def remove(self, name: str) -> Paragraphs:
        """Remove a document."""
        (self.project.documents / name).unlink()
        return self.texts.pop(name)

    def earlier(self) -> list[tuple[str, Paragraphs]]:
        """Versions that are not there now."""
        return [version for version in self.versions if self.texts.get(version[0]) != version[1]]

    def run(self) -> None:
        """Run the pipeline and check all that it promises."""
        self.server.reset()
        self.project.run("--corpus", self.project.corpus)
        self.runs, self.ran = self.runs + 1, dict(self.texts)
        found = snapshot(self.project)
        with self.project.warehouse.connect() as warehouse:
            self._check_requests(warehouse, self.server.bodies())
            self._check_history(warehouse)
            self._check_hashes(warehouse)
        self._check_words(found)
        if self.runs == 1:
            self.rebuilds.remember(self.texts, found)
        elif self.texts:
            different = differences(found, self.rebuilds.of(self.texts))
            assert not different, "\n".join(different)
        else:
            assert found.files.keys() == {"graph.graphml", "graph.json", "report.html"}
            assert set(map(len, found.graph["nodes"].values())) == {0}
            assert set(map(len, found.graph["relationships"].values())) == {0}
            filled = {name for name, rows in found.views.items() if rows}
            assert filled == {"current_items", "current_graph_export", "current_report"}

    def _check_requests(self, warehouse: Connection, bodies: Sequence[Mapping[str, Any]]) -> None:
        """No request is ever repeated, and there is at most one for each content that was not seen before."""
        canonical = [json.dumps(body, sort_keys=True) for body in bodies]
        assert len(set(canonical)) == len(canonical)
        assert not self.answered & set(canonical)
        self.answered |= set(canonical)
        now = contents(warehouse)
        new = {kind: found - self.seen.get(kind, set()) for kind, found in now.items()}
        self.seen = {kind: found | self.seen.get(kind, set()) for kind, found in now.items()}
        # All but the question whether there are log-probabilities.
        about_content = [body for body in bodies if "<input>" in str(body["messages"])]
        asked = Counter(_kind(body) for body in about_content)
        assert {kind: (n, len(new[kind])) for kind, n in asked.items() if n > len(new[kind])} == {}
        new_texts = {text for text, _, _ in new["Extraction"]}
        for read in (payload(body) for body in about_content if _kind(body) == "Extraction"):
            assert any(read == text or read.endswith(f"\n\n{text}") for text in new_texts), read

    def _check_words(self, found: Snapshot) -> None:
        """What no current document says is nowhere, what one says is in the graph."""
        said = {word for paragraphs in self.texts.values() for word in paragraphs}
        for word in POOL:
            places = found.mentions(word)
            assert "graph Chunk" in places if word in said else not places, (word, places)
        for name in NAMES:
            places = found.mentions(name)
            assert "graph Document" in places if name in self.texts else not places, (name, places)

    def _check_history(self, warehouse: Connection) -> None:
        """Every version that a run ever saw is in the tables, once, with its chunks and claims."""
        self.history |= set(stored_as(self.texts))
        rows = _rows(warehouse, "SELECT document_id, text, metadata FROM documents")
        found = [(name, text, tuple(json.loads(known).get("sources", ()))) for name, text, known in rows]
        assert Counter(found) == Counter(self.history)
        cut = set(_rows(warehouse, "SELECT document_id, document_version FROM chunks"))
        assert cut == set(_rows(warehouse, "SELECT document_id, version FROM documents"))
        claimed = str(_rows(warehouse, "SELECT description FROM claims"))
        ever = {word for word in FACTS if any(FACTS[word] in text for _, text, _ in self.history)}
        assert {word for word in FACTS if word in claimed} == ever

    def _check_hashes(self, warehouse: Connection) -> None:
        """The warehouse knows the files as they are."""
        for stage in FILE_STAGES:
            for path, digest in _rows(warehouse, f"SELECT path, sha256 FROM current_{stage}"):
                content = (self.project.exports / Path(path).name).read_bytes()
                assert hashlib.sha256(content).hexdigest() == digest, path


def _kind(body: Mapping[str, Any]) -> str:
    """What a request is for: the title of its schema; only judgements have none."""
    schema = requested_schema(body)
    return str(schema["title"]) if schema else "judgement"


def text_of(paragraphs: Sequence[str]) -> str:
    """The text of a document."""
    return "\n\n".join(POOL[word] for word in paragraphs)


def document_id(name: str) -> str:
    """The id of the one document in a file."""
    return f"{name}#1" if name.endswith(".jsonl") else name


def write(project: Project, name: str, paragraphs: Sequence[str]) -> None:
    """Put a document into the folder in its file's format."""
    text = text_of(paragraphs)
    content = json.dumps({"content": text}, ensure_ascii=False) if name.endswith(".jsonl") else text
    project.write(name, content)


NewCorpus = Callable[[], Corpus]


@pytest.fixture(scope="module")
def new_corpus(
    new_project: NewProject, model_server_process: FakeModelServer, graph_server: GraphLease
) -> NewCorpus:
    """Makes empty corpora, which share their rebuilds."""

    def project(name: str) -> Project:
        made = new_project(name, server=graph_server)
        made.configure(**SETTINGS)
        return made

    rebuilds = Rebuilds(lambda: project("rebuilt"))
    return lambda: Corpus(project("changing"), model_server_process, rebuilds)


DOCUMENT = st.builds(
    lambda heading, facts: [*heading, *facts],
    st.lists(st.sampled_from(sorted(HEADINGS)), max_size=1),
    st.lists(st.sampled_from(sorted(FACTS)), min_size=2, max_size=4, unique=True),
)


class AnySequence(RuleBasedStateMachine):
    """Changes to the documents of one corpus in any order, with runs between them and one at the end."""

    def __init__(self, new_corpus: NewCorpus) -> None:
        super().__init__()
        self.corpus = new_corpus()

    @initialize(texts=st.dictionaries(st.sampled_from(NAMES), DOCUMENT, min_size=2, max_size=3))
    def begin(self, texts: Texts) -> None:
        """The first run."""
        for name, paragraphs in texts.items():
            self.corpus.put(name, paragraphs)
        self.corpus.run()

    @precondition(lambda self: len(self.corpus.texts) < len(NAMES))
    @rule(data=st.data())
    def add(self, data: st.DataObject) -> None:
        """A document comes."""
        self.corpus.put(self._free_name(data), data.draw(DOCUMENT, "paragraphs"))

    @precondition(lambda self: self.corpus.texts)
    @rule(data=st.data(), change=st.sampled_from(("replace", "insert", "cut")))
    def edit(self, data: st.DataObject, change: str) -> None:
        """One paragraph of a document is replaced, added or removed."""
        name = self._name(data)
        paragraphs = list(self.corpus.texts[name])
        at = data.draw(st.integers(0, len(paragraphs) - 1), "paragraph")
        put = [] if change == "cut" else [data.draw(st.sampled_from(sorted(POOL)), "by")]
        paragraphs[at : at if change == "insert" else at + 1] = put
        if FACTS.keys() & set(paragraphs):
            self.corpus.put(name, paragraphs)

    @precondition(lambda self: self.corpus.texts)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        """A document goes."""
        self.corpus.remove(self._name(data))

    @precondition(lambda self: 0 < len(self.corpus.texts) < len(NAMES))
    @rule(data=st.data())
    def rename(self, data: st.DataObject) -> None:
        """A document gets another name, perhaps of another format."""
        self.corpus.put(self._free_name(data), self.corpus.remove(self._name(data)))

    @precondition(lambda self: self.corpus.earlier())
    @rule(data=st.data())
    def restore(self, data: st.DataObject) -> None:
        """A document is again as it was at some time, also one that was removed."""
        self.corpus.put(*data.draw(st.sampled_from(self.corpus.earlier()), "version"))

    @precondition(lambda self: self.corpus.changed and self.corpus.runs < MOST_RUNS)
    @rule()
    def run(self) -> None:
        """All changes since the last run are taken in."""
        self.corpus.run()

    def teardown(self) -> None:
        """The last run."""
        if self.corpus.changed:
            self.corpus.run()

    def _name(self, data: st.DataObject) -> str:
        return data.draw(st.sampled_from(sorted(self.corpus.texts)), "document")

    def _free_name(self, data: st.DataObject) -> str:
        return data.draw(st.sampled_from([n for n in NAMES if n not in self.corpus.texts]), "new name")


def test_each_word_is_in_one_paragraph_only() -> None:
    for word in POOL:
        assert [marker for marker, text in POOL.items() if word.casefold() in text.casefold()] == [word]


def test_after_any_sequence_of_changes_everything_is_as_after_a_rebuild(new_corpus: NewCorpus) -> None:
    run_state_machine_as_test(lambda: AnySequence(new_corpus), settings=EXPLORE)


def test_a_corpus_can_be_emptied_and_filled_again(new_corpus: NewCorpus) -> None:
    corpus = new_corpus()
    corpus.put("Elbe.txt", ["Donaueschingen", "Leopoldsberg", "Hainburg"])
    corpus.put("黄河.txt", ["雷峰塔", "钱塘江"])
    corpus.run()
    answered = len(corpus.answered)
    corpus.remove("Elbe.txt")
    corpus.remove("黄河.txt")
    corpus.run()
    corpus.put("黄河.txt", ["雷峰塔", "钱塘江"])
    corpus.put("Elbe.txt", ["Donaueschingen", "Leopoldsberg", "Hainburg"])
    corpus.run()
    assert len(corpus.answered) == answered
