"""Alpaca: instruction and output, for LLaMA-Factory and XTuner (`alpaca.jsonl` with `alpaca_map_fn`)."""

from kg_assets.export.files import Content
from kg_assets.export.formats.format import Export, Format
from kg_assets.export.formats.json_rows import Row, json_files, tag_column
from kg_assets.export.pair import ExportPair


def alpaca_row(pair: ExportPair, system_prompt: str) -> Row:
    """One record: `instruction`, `input` (always empty), `output`, `system`, and `tag` if there is a
    taxonomy."""
    row = {"instruction": pair.question, "input": "", "output": pair.answer, "system": system_prompt}
    return row | tag_column(pair)


def _files(export: Export) -> dict[str, Content]:
    prompt = export.settings.system_prompt
    return json_files("alpaca", export.pairs, lambda pair: alpaca_row(pair, prompt))


ALPACA = Format(
    name="alpaca",
    description="Instruction and output, for LLaMA-Factory and XTuner.",
    version="1",
    owned=("alpaca.json", "alpaca.jsonl"),
    files=_files,
    dataset_info={
        "alpaca": {
            "file_name": "alpaca.json",
            "formatting": "alpaca",
            # A column that is left out here is absent to LLaMA-Factory, so all that are used are named.
            "columns": {"prompt": "instruction", "query": "input", "response": "output", "system": "system"},
        },
    },
)
