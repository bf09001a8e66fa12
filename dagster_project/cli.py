"""The command `graphtutor`: arguments, exit codes, what is printed.

The work is in the modules it calls, which are imported where they are used: loading them all takes seconds.
"""

import gc
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from dagster_project.plain import plain, plain_json
from resources.errors import EmptyResultError

if TYPE_CHECKING:
    from dagster_project.outcome import RunOutcome
    from resources.workbench import Workbench

FAILED = 1
JSON_FIELDS = (
    "rows_in", "new", "reused", "dropped", "calls", "calls_from_store", "prompt_tokens", "completion_tokens",
    "cost_usd", "seconds",
)  # fmt: skip


def _paths(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that every command shares, handed over as one Workbench."""

    @click.option(
        "--documents", type=click.Path(path_type=Path), help="Folder of corpora (default: ./documents)."
    )
    @click.option(
        "--workspace", type=click.Path(path_type=Path), help="Folder of all state (default: ./workspace)."
    )
    @click.option(
        "--config", type=click.Path(path_type=Path), help="Configuration file (default: ./graphtutor.yaml)."
    )
    @wraps(command)
    def with_workbench(
        documents: Path | None,
        workspace: Path | None,
        config: Path | None,
        offline: bool = False,
        **rest: Any,
    ) -> Any:
        import kg_assets.stages  # noqa: F401  settings and warehouse need to know what there is
        from resources.workbench import DEFAULT_WORKSPACE, Workbench

        folder = workspace or Path(os.environ.get("GRAPHTUTOR_WORKSPACE") or DEFAULT_WORKSPACE)
        workbench = Workbench(
            documents=str(documents or os.environ.get("GRAPHTUTOR_DOCUMENTS", "")),
            workspace=str(folder),
            config_file=str(config or os.environ.get("GRAPHTUTOR_CONFIG", "")),
            offline=offline,
        )
        return command(workbench=workbench, **rest)

    return with_workbench


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="graphtutor")
def cli() -> None:
    """Documents in; a knowledge graph, a map of a model's blind spots and fine-tuning data out."""


@cli.command()
@_paths
@click.option("--corpus", help="Only this corpus (default: every folder of the documents folder).")
@click.option(
    "--select", help="Dagster asset selection: 'qa_atomic', '+qa_atomic' (and all upstream), 'group:export'."
)
@click.option(
    "--offline",
    is_flag=True,
    help="Make no model call: use stored responses only, fail where one is missing.",
)
@click.option("--dry-run", is_flag=True, help="Only say what a run would ask of the models, and its cost.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON at the end, and nothing else, to stdout.")
def run(workbench: "Workbench", corpus: str | None, select: str | None, dry_run: bool, as_json: bool) -> None:
    """Materialise the pipeline: only what is new or changed is computed."""
    from dagster_project.corpus_names import corpora_to_run

    names = corpora_to_run(workbench, corpus)
    if dry_run:
        if select:
            raise click.UsageError("--dry-run is about the whole pipeline: leave --select away.")
        _print_forecasts(workbench, names, as_json)
        return
    from dagster_project.nothing_new import nothing_new
    from dagster_project.outcome import RunOutcome

    outcomes: list[RunOutcome] = []
    empty: list[str] = []
    for name in names:
        if len(names) > 1:
            click.echo(f"corpus {name}", err=True)
        found = None if select else nothing_new(workbench, name)
        try:
            outcomes.append(_run_stages(workbench, name, select) if found is None else found)
        except EmptyResultError as error:  # this corpus' own trouble: the others may still have something
            empty.append(str(error))
            continue
        if not as_json:
            _print_outcome(outcomes[-1])
    if as_json and outcomes:
        reports = [_as_json(outcome) for outcome in outcomes]
        click.echo(plain_json(reports[0] if len(names) == 1 else {"corpora": reports}))
    if empty:
        raise EmptyResultError(" ".join(empty))


@cli.command()
@_paths
@click.option("--corpus", help="Only this corpus.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def status(workbench: "Workbench", corpus: str | None, as_json: bool) -> None:
    """Rows, drops, cost and freshness of every stage."""
    from dagster_project.corpus_names import corpora_to_show
    from dagster_project.status import corpus_status, print_status

    found = [corpus_status(workbench, name) for name in corpora_to_show(workbench, corpus)]
    if as_json:
        click.echo(plain_json([asdict(each) for each in found]))
    else:
        for each in found:
            print_status(each)


@cli.command()
@_paths
def doctor(workbench: "Workbench") -> None:
    """What works, what does not, and what to do: endpoints, models, graph, disk."""
    from dagster_project.doctor import examine, print_findings

    findings = examine(workbench)
    print_findings(findings)
    if any(not finding.ok for finding in findings):
        sys.exit(FAILED)


@cli.command()
@_paths
@click.argument("qa_id")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def trace(workbench: "Workbench", qa_id: str, as_json: bool) -> None:
    """From one QA pair back to the source sentences, shown in their context."""
    from dagster_project.corpus_names import stored_corpora
    from dagster_project.trace import print_trace, trace_pair

    found = trace_pair(workbench, stored_corpora(workbench), qa_id)
    if as_json:
        click.echo(plain_json(asdict(found)))
    else:
        print_trace(found)


@cli.group()
def responses() -> None:
    """The store of all model responses: one file to take elsewhere, for `run --offline`."""


@responses.command()
@_paths
@click.argument("file", type=click.Path(path_type=Path))
def pack(workbench: "Workbench", file: Path) -> None:
    """Write all responses of the workspace into FILE. It holds the documents' text, but no keys."""
    from resources.models.response_store import ResponseStore

    with ResponseStore(workbench.layout.responses) as store:
        click.echo(f"{store.pack(file):,} responses are in {file}")


@responses.command()
@_paths
@click.argument("file", type=click.Path(path_type=Path))
def add(workbench: "Workbench", file: Path) -> None:
    """Take the responses of a packed FILE over into the workspace."""
    from resources.models.response_store import ResponseStore

    workbench.layout.prepare()
    with ResponseStore(workbench.layout.responses) as store:
        click.echo(f"{store.add(file):,} new responses from {file}")


@cli.command()
@_paths
@click.option("--port", default=3000, show_default=True, help="Port on 127.0.0.1.")
def ui(workbench: "Workbench", port: int) -> None:
    """The Dagster UI on this workspace, with the sensor on the documents folder switched on."""
    from dagster_project.ui import serve_ui

    workbench.configuration()
    sys.exit(serve_ui(workbench, port))


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point: what the user can mend is one sentence on standard error, a bug shows its traceback.

    Args:
        arguments: those of the command line; None takes the process' own.
    """
    warnings.filterwarnings("ignore", module="dagster")
    # A run makes a million small objects that live to its end; looking for garbage among them took an eighth
    # of a run with nothing new.
    gc.set_threshold(50_000)
    try:
        cli.main(arguments, prog_name="graphtutor", standalone_mode=False)
    except (click.exceptions.Abort, KeyboardInterrupt):
        _fail("Stopped. What is done is kept; the next run goes on from there.")
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # Whoever read our output, such as `head`, has enough; Python would complain when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)
    except Exception as error:
        from dagster_project.failures import sentence_for

        sentence = sentence_for(error)
        if sentence is None:
            raise
        _fail(sentence)


def _fail(sentence: str) -> NoReturn:
    click.secho("graphtutor: ", fg="red", nl=False, err=True)
    click.echo(plain(sentence), err=True)
    sys.exit(FAILED)


def _run_stages(workbench: "Workbench", corpus: str, select: str | None) -> "RunOutcome":
    """Run stages of a corpus, with their progress in the terminal."""
    from dagster_project.run import run_corpus
    from dagster_project.terminal import TerminalProgress
    from kg_assets.stages import STAGES
    from resources import progress

    with TerminalProgress(STAGES, workbench.configuration().settings) as shown:
        progress.listeners.append(shown)
        try:
            return run_corpus(workbench, corpus, select)
        finally:
            progress.listeners.remove(shown)


def _as_json(outcome: "RunOutcome") -> dict[str, Any]:
    stages = {row["stage"]: {field: row[field] for field in JSON_FIELDS} for row in outcome.stages}
    return {"corpus": outcome.corpus, "stages": stages, "exports": outcome.exports}


def _print_forecasts(workbench: "Workbench", names: Sequence[str], as_json: bool) -> None:
    from dagster_project.forecast.dry_run import forecast
    from dagster_project.terminal import print_forecast

    found = [forecast(workbench, name) for name in names]
    if as_json:
        click.echo(plain_json([asdict(one) for one in found]))
        return
    for one in found:
        print_forecast(one)


def _print_outcome(outcome: "RunOutcome") -> None:
    from dagster_project.terminal import print_drops, print_pairs, print_stages

    if outcome.nothing_new:
        click.echo(
            f"Nothing of corpus {outcome.corpus} has changed since its last run: no stage had to run.\n"
        )
    print_stages(outcome.stages, f"corpus {outcome.corpus}")
    if outcome.never_run:
        click.echo(
            f"\n{', '.join(outcome.never_run)} never ran, so there is nothing of theirs to go on with: a + "
            "before a stage, as in --select +qa_atomic, runs all before it, too."
        )
    if outcome.drops:
        print_drops(outcome.drops, outcome.dropped)
    print_pairs(outcome.examples)
    if outcome.exports:
        folder = Path(outcome.exports[0]).parent
        pairs = "1 pair" if outcome.pairs == 1 else f"{outcome.pairs} pairs"
        click.echo(f"\n{pairs}. Exports and report.html are in {folder}")
        click.echo("Where a pair comes from: graphtutor trace QA_ID    Every stage: graphtutor ui")


if __name__ == "__main__":
    main()
