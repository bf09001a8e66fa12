"""Fine-tuning files: curated pairs as Alpaca, ShareGPT and ChatML, `dataset_info.json`, `lineage.jsonl`.

Pure writers: which pairs are exported and in which order is decided before; the same pairs give the same
bytes.

Consumers, and what of theirs fixes the format:

- LLaMA-Factory (data/README.md): `--dataset_dir` is the export folder, `--dataset` a name that
  `dataset_info.json` has.
- XTuner: `alpaca.jsonl` with `alpaca_map_fn`, `chatml.jsonl` with `openai_map_fn`.
- OpenAI's and most other fine-tuning APIs: `chatml.jsonl` (one `{"messages": […]}` a line).
"""

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from kg_assets.domain import Difficulty, Evidence, QaForm
from kg_assets.export.files import Content, ExportedFile, write_files
from resources.configuration.settings import ExportSettings
from resources.configuration.taxonomy_file import TagTree, tree_text
from resources.errors import EmptyResultError

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ExportPair:
    """A curated QA pair with all that its lineage line and the report show.

    `loss` is the mean comprehension loss of its units in nats, None where nothing was measured;
    `details` is what its form has besides, as in `QaPair`. `tag` is None where there is no
    taxonomy, and empty where no tag fits.
    """

    qa_id: str
    form: QaForm
    question: str
    answer: str
    difficulty: Difficulty
    loss: float | None
    unit_ids: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    details: Mapping[str, Any]
    tag: str | None = None

    @property
    def reasoning(self) -> tuple[str, ...]:
        """The steps that lead to the answer; none where its form has no such steps."""
        return tuple(self.details.get("reasoning", ()))


def alpaca_row(pair: ExportPair, system_prompt: str) -> Row:
    """One Alpaca record: `instruction`, `input` (always empty), `output`, `system`, and `tag` if there is a
    taxonomy."""
    row = {"instruction": pair.question, "input": "", "output": pair.answer, "system": system_prompt}
    return row | _tag(pair)


def sharegpt_row(pair: ExportPair, system_prompt: str) -> Row:
    """One ShareGPT record: `conversations` of `from` and `value`, the `system` column, and `tag` if there is
    a taxonomy."""
    turns = [{"from": "human", "value": pair.question}, {"from": "gpt", "value": pair.answer}]
    return {"conversations": turns, "system": system_prompt} | _tag(pair)


def _tag(pair: ExportPair) -> Row:
    # Always a text: readers take a column's type from its first rows.
    return {} if pair.tag is None else {"tag": pair.tag}


def chatml_row(pair: ExportPair, system_prompt: str) -> Row:
    """One ChatML record: `messages` of `role` and `content`, a system message only if there is a prompt; no
    other field, since APIs document none."""
    system = [{"role": "system", "content": system_prompt}] if system_prompt else []
    turns = [{"role": "user", "content": pair.question}, {"role": "assistant", "content": pair.answer}]
    return {"messages": [*system, *turns]}


def lineage_row(pair: ExportPair) -> Row:
    """The line of `lineage.jsonl` for one pair: from the exported text back to the source spans.

    Raises:
        ValueError: its loss is not a finite number.
    """
    if pair.loss is not None and not math.isfinite(pair.loss):
        raise ValueError(f"the loss of pair {pair.qa_id} is {pair.loss}, which JSON cannot hold")
    return {
        "qa_id": pair.qa_id,
        "form": pair.form,
        "question": pair.question,
        "answer": pair.answer,
        "difficulty": pair.difficulty,
        "loss": pair.loss,
        "units": list(pair.unit_ids),
        "evidence": [_evidence_row(evidence) for evidence in pair.evidence],
    } | ({} if pair.tag is None else {"tag": pair.tag or None})


def _evidence_row(evidence: Evidence) -> Row:
    row: Row = {
        "document": evidence.document,
        "document_version": evidence.document_version,
        "chunk_id": evidence.chunk_id,
        "start": evidence.start,
        "end": evidence.end,
        "text": evidence.text,
    }
    further = {"page": evidence.page, "origin": evidence.origin or None}
    return row | {name: value for name, value in further.items() if value is not None}


ROWS: dict[str, Callable[[ExportPair, str], Row]] = {
    "alpaca": alpaca_row,
    "sharegpt": sharegpt_row,
    "chatml": chatml_row,
}

TAXONOMY_FILE = "taxonomy.yaml"
_OWN_FILES = [*(f"{name}.{ending}" for name in ROWS for ending in ("json", "jsonl")), TAXONOMY_FILE]

# LLaMA-Factory reads a column that `columns` leaves out as absent, so all that are used are named.
_DATASET_INFO: dict[str, Row] = {
    "alpaca": {
        "file_name": "alpaca.json",
        "formatting": "alpaca",
        "columns": {"prompt": "instruction", "query": "input", "response": "output", "system": "system"},
    },
    "sharegpt": {
        "file_name": "sharegpt.json",
        "formatting": "sharegpt",
        "columns": {"messages": "conversations", "system": "system"},
        "tags": {
            "role_tag": "from",
            "content_tag": "value",
            "user_tag": "human",
            "assistant_tag": "gpt",
        },
    },
    "chatml": {
        "file_name": "chatml.json",
        "formatting": "sharegpt",
        "columns": {"messages": "messages"},
        "tags": {
            "role_tag": "role",
            "content_tag": "content",
            "user_tag": "user",
            "assistant_tag": "assistant",
            "system_tag": "system",
        },
    },
}


def dataset_info(corpus: str, formats: Sequence[str]) -> dict[str, Row]:
    """LLaMA-Factory's description of the files: one entry `<corpus>_<format>` for each format.

    Its `--dataset` option is a list separated by commas, so characters other than letters, digits, `_`, `-`
    and `.` become `_` in the name.
    """
    prefix = re.sub(r"[^\w.-]+", "_", corpus)
    return {f"{prefix}_{name}": _DATASET_INFO[name] for name in formats}


def write_exports(
    directory: Path,
    corpus: str,
    pairs: Sequence[ExportPair],
    settings: ExportSettings,
    tree: TagTree | None = None,
) -> list[ExportedFile]:
    """Write the training files of the configured formats, `dataset_info.json` and `lineage.jsonl`, and the
    tree of tags if there is one.

    Files of formats that are no longer configured are removed, other files in the folder are left alone. All
    files are replaced together, after all were written (`files.write_files`).

    Raises:
        EmptyResultError: there is no pair; what was exported before is left as it was.
        ExportError: the folder cannot be written or the disk is full.
        ValueError: a loss is not a finite number.
    """
    if not pairs:
        raise EmptyResultError(
            f"There is no QA pair to export for corpus {corpus}: "
            "`graphtutor status` shows which stage lost what."
        )
    formats = list(dict.fromkeys(settings.formats))
    files: dict[str, Content] = {}
    for name in formats:
        # Rows are made while the file is written, so each file needs its own iterator over its own format.
        as_array = _array(_rows(name, pairs, settings.system_prompt))
        as_lines = _lines(_rows(name, pairs, settings.system_prompt))
        files[f"{name}.json"] = Content(name, len(pairs), as_array)
        files[f"{name}.jsonl"] = Content(name, len(pairs), as_lines)
    info = dataset_info(corpus, formats)
    # LLaMA-Factory opens this one in the locale's encoding, so a corpus name in Chinese must be escaped.
    text = json.dumps(info, ensure_ascii=True, indent=2) + "\n"
    files["dataset_info.json"] = Content("dataset_info", len(info), [text.encode("ascii")])
    lineage = (_json(lineage_row(pair), half_characters=True) + b"\n" for pair in pairs)
    files["lineage.jsonl"] = Content("lineage", len(pairs), lineage)
    if tree is not None:
        content = tree_text(tree).encode("utf-8")
        files[TAXONOMY_FILE] = Content("taxonomy", len(tree.leaves()), [content])
    return write_files(directory, files, remove=[name for name in _OWN_FILES if name not in files])


def remove_exports(directory: Path) -> None:
    """Remove what `write_exports` wrote, of a corpus that has no documents any more.

    Raises:
        ExportError: as in `write_exports`.
    """
    write_files(directory, {}, remove=[*_OWN_FILES, "dataset_info.json", "lineage.jsonl"])


# Line ends to `str.splitlines`, which some readers of JSON lines use, though not to JSON.
_LINE_ENDS = [(char.encode(), f"\\u{ord(char):04x}".encode()) for char in "\x85\u2028\u2029"]
# Half of a surrogate pair, as a model's JSON escapes can hold, is refused by the trainers' readers.
_SURROGATES = dict.fromkeys(range(0xD800, 0xE000), "\ufffd")


def _json(row: Row, *, half_characters: bool = False) -> bytes:
    """One compact line. Half of a surrogate pair is a JSON escape if wanted, else U+FFFD."""
    try:
        line = orjson.dumps(row)
    except orjson.JSONEncodeError:  # it takes no half characters
        text = json.dumps(row, ensure_ascii=False, separators=(",", ":"), default=asdict)
        text = text if half_characters else text.translate(_SURROGATES)
        line = text.encode("utf-8", "backslashreplace")
    for char, escape in _LINE_ENDS:
        line = line.replace(char, escape)
    return line


def _rows(name: str, pairs: Sequence[ExportPair], system_prompt: str) -> Iterator[Row]:
    return (ROWS[name](pair, system_prompt) for pair in pairs)


def _lines(rows: Iterator[Row]) -> Iterator[bytes]:
    for row in rows:
        yield _json(row) + b"\n"


def _array(rows: Iterator[Row]) -> Iterator[bytes]:
    """A JSON array with one record a line, so that two exports can be compared line by line."""
    start = b"[\n"
    for line in _lines(rows):
        yield start + line.rstrip(b"\n")
        start = b",\n"
    yield b"\n]\n"
