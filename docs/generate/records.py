"""The tables of records as the documentation shows them: forms, gates, formats, kinds of documents, and the
prompts that stages name."""

from collections.abc import Iterable, Sequence

from kg_assets.export.formats.format import Format
from kg_assets.ingest.formats.table import Reader
from kg_assets.quality.gates.gate import Asking, Comparison, Gate, Rule
from kg_assets.stage.stage import Stage
from kg_assets.synthesis.forms.form import Form

BY = {Rule: "a rule", Asking: "a question to a model", Comparison: "a comparison"}


def forms_as_markdown(forms: Sequence[Form]) -> str:
    """The table of forms, in its order."""
    head = ("form", "stage", "by default", "what its pairs are")
    return _table(head, ((_code(f.name), _code(f.stage), _yes(f.by_default), f.description) for f in forms))


def gates_as_markdown(gates: Sequence[Gate]) -> str:
    """The table of gates, in its order."""
    head = ("gate", "judges by", "then", "what is true of a pair that passes")
    return _table(head, ((_code(g.name), BY[type(g.by)], g.then, g.description) for g in gates))


def formats_as_markdown(formats: Sequence[Format]) -> str:
    """The table of formats, in its order."""
    head = ("format", "files", "by default", "what it holds")
    return _table(
        head, ((_code(f.name), _code(*f.owned), _yes(f.by_default), f.description) for f in formats)
    )


def readers_as_markdown(readers: Sequence[Reader]) -> str:
    """The table of kinds, in its order."""
    head = ("kind", "suffixes", "MIME types", "function")
    return _table(
        head, ((r.name, _code(*r.suffixes), _code(*r.mime_types), _code(r.function)) for r in readers)
    )


def prompts_as_markdown(stages: Sequence[Stage]) -> str:
    """The stages that have prompts, in the order in which they run."""
    head = ("stage", "asks the", "prompts")
    return _table(
        head,
        (
            (
                _code(stage.name),
                stage.role or "",
                _code(*(f"{group}/{task}" for group, task in stage.prompts)),
            )
            for stage in stages
            if stage.prompts
        ),
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _code(*names: str) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _yes(is_so: bool) -> str:
    return "yes" if is_so else "no"
