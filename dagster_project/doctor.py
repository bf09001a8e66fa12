"""`graphtutor doctor`: tries everything a run needs and says what works, what does not, and what to do."""

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from kg_assets.ingest.corpora import scan_corpora
from resources.bench import RunBench
from resources.embedded.model_files import model_path
from resources.errors import CallFailed, TutorError
from resources.models.structured import ask_structured
from resources.models.types import ChatRequest, EmbeddingRequest, Message, Role
from resources.warehouse.warehouse import Warehouse
from resources.workbench import Workbench

MIN_FREE_GB = 2.0
_PROBE_SCHEMA = {
    "title": "Probe",
    "type": "object",
    "properties": {"ok": {"type": "boolean"}},
    "required": ["ok"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried: whether it works, and what is found or what to do."""

    what: str
    ok: bool
    detail: str


def examine(workbench: Workbench) -> list[Finding]:
    """Try the configuration, disk, documents, the models and the graph, each on its own."""
    return list(_findings(workbench))


def print_findings(findings: list[Finding]) -> None:
    """One line for each finding."""
    console = Console(highlight=False)
    for finding in findings:
        mark = ("✓", "green") if finding.ok else ("✗", "red")
        console.print(
            Text.assemble(mark, " ", (f"{finding.what:<22}", "bold"), finding.detail), soft_wrap=True
        )


def _findings(workbench: Workbench) -> Iterator[Finding]:
    configuration = None
    try:
        configuration = workbench.configuration()
    except TutorError as error:
        yield Finding("configuration", False, str(error))
        return
    yield Finding(
        "configuration", True, workbench.config_file or "graphtutor.yaml of this folder, or defaults"
    )
    yield _tried("workspace", lambda: _workspace(workbench))
    yield _tried("documents", lambda: _documents(workbench))
    bench = RunBench(configuration, workbench.documents_root(), workbench.layout, "doctor")
    try:
        yield _tried("graph", lambda: _graph(bench))
        roles: tuple[Role, ...] = ("synthesizer", "trainee")
        for role in roles:
            if role == "trainee" and configuration.trainee is None:
                yield Finding("trainee", True, "none: comprehension will not be measured, sampling is random")
                continue
            reached = _tried(f"{role}", lambda role=role: _model(bench, role))  # type: ignore[misc]
            yield reached
            if reached.ok and role == "synthesizer":
                yield _tried("structured output", lambda: _structured(bench))
            elif reached.ok:
                yield _tried("trainee's logprobs", lambda: _logprobs(bench))
        if configuration.embedder is not None:
            yield _tried("embedder", lambda: _embeddings(bench))
    finally:
        bench.close()


def _tried(what: str, attempt: Callable[[], str]) -> Finding:
    try:
        return Finding(what, True, attempt())
    except (TutorError, CallFailed) as error:
        return Finding(what, False, str(error))


def _workspace(workbench: Workbench) -> str:
    workbench.layout.prepare()
    free_gb = shutil.disk_usage(workbench.layout.root).free / 1e9
    if free_gb < MIN_FREE_GB:
        raise TutorError(f"{workbench.layout.root} has only {free_gb:.1f} GB free: free some space.")
    for path in sorted(workbench.layout.warehouse("any").parent.glob("*.duckdb")):
        if workbench.layout.corpus_lock(path.stem).is_free():
            Warehouse(path).scalar("SELECT 1")
    return f"{workbench.layout.root}, {free_gb:.0f} GB free"


def _documents(workbench: Workbench) -> str:
    sources = workbench.configuration().sources
    found = scan_corpora(workbench.documents_root(), {source.corpus for source in sources})
    if not found:
        raise TutorError(
            f"{workbench.documents_root()} holds no documents: put .pdf, .docx, .md or .txt files there."
        )
    remote = f"; {len(sources)} sources elsewhere" if sources else ""
    return ", ".join(f"{name} ({len(folder.files)} files)" for name, folder in found.items()) + remote


def _graph(bench: RunBench) -> str:
    kind = "embedded" if bench.configuration.graph is None else bench.configuration.graph.uri
    return f"{kind}: {bench.graph().server_agent()}"


def _model(bench: RunBench, role: Role) -> str:
    endpoint = bench.endpoint(role)
    # The time makes it another request each time: an answer from the store would say nothing of today.
    request = ChatRequest(
        (Message("user", "Answer with the word ready."),),
        max_tokens=16,
        sample=time.time_ns() % 1_000_000,
        stage="doctor",
        item_id=role,
    )
    gateway = bench.gateway(role)
    answer = gateway.ask_and_wait(request)
    place = f"embedded, {model_path(endpoint.local)}" if endpoint.local else gateway.url
    return f"{endpoint.model} ({place}) answers: {answer.text[:40]!r}"


def _structured(bench: RunBench) -> str:
    request = ChatRequest(
        (Message("user", 'Answer with the JSON object {"ok": true}.'),),
        max_tokens=32,
        schema=_PROBE_SCHEMA,
        stage="doctor",
    )
    _, responses = bench.gateway("synthesizer").run(lambda ask: ask_structured(ask, request, dict))
    return f"works ({len(responses)} call)"


def _logprobs(bench: RunBench) -> str:
    gateway = bench.gateway("trainee")
    if gateway.run(gateway.supports_logprobs):
        return "given: judged by log-probabilities"
    return "not given: judged by sampling, which takes several calls a statement"


def _embeddings(bench: RunBench) -> str:
    # The time makes it another request each time, as in `_model`.
    request = EmbeddingRequest((f"pump {time.time_ns()}", "泵"), stage="doctor", item_id="embedder")
    gateway = bench.gateway("embedder")
    numbers = gateway.ask_and_wait(request).vectors.shape[1]
    unused = "" if bench.configuration.name_embedder else "; not asked unless entities.resolve is model"
    return f"{gateway.model} ({gateway.url}) gives vectors of {numbers} numbers{unused}"
