"""Training files are what their consumers read, the same bytes each time, and whole or not there at all."""

import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kg_assets.export.files import Content
from kg_assets.export.formats.alpaca import ALPACA
from kg_assets.export.formats.format import Export, Format
from kg_assets.export.formats.json_rows import lines as json_lines
from kg_assets.export.formats.table import FORMATS
from kg_assets.export.pair import ExportPair
from kg_assets.export.training_files import dataset_info, remove_exports, write_exports
from resources.configuration.settings import ExportSettings
from resources.configuration.taxonomy_file import TagTree, read_taxonomy
from resources.errors import EmptyResultError, ExportError

Pairs = tuple[ExportPair, ...]
PROMPT = "You answer briefly. 简短回答。"


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def llama_factory(folder: Path, name: str) -> list[tuple[str, str, str]]:
    """(system, prompt, response) as LLaMA-Factory's parser and converters find them by dataset_info.json."""
    info = json.loads((folder / "dataset_info.json").read_text(encoding="ascii"))[name]
    columns, found = info["columns"], []
    for row in json.loads((folder / info["file_name"]).read_text(encoding="utf-8")):
        if info.get("formatting", "alpaca") == "alpaca":
            prompt = "\n".join(text for text in (row[columns["prompt"]], row[columns["query"]]) if text)
            found.append((row[columns["system"]], prompt, row[columns["response"]]))
            continue
        tags, turns = info["tags"], row[columns["messages"]]
        system = row[columns["system"]] if "system" in columns else ""
        if tags.get("system_tag") and turns[0][tags["role_tag"]] == tags["system_tag"]:
            system, turns = turns[0][tags["content_tag"]], turns[1:]
        assert [turn[tags["role_tag"]] for turn in turns] == [tags["user_tag"], tags["assistant_tag"]]
        found.append((system, *(turn[tags["content_tag"]] for turn in turns)))
    return found


@pytest.mark.parametrize("prompt", ["", PROMPT])
@pytest.mark.parametrize("name", ["alpaca", "sharegpt", "chatml"])
def test_llama_factory_finds_every_pair_by_dataset_info(
    tmp_path: Path, pairs: Pairs, name: str, prompt: str
) -> None:
    write_exports(tmp_path, "tea", pairs, ExportSettings(system_prompt=prompt))
    assert llama_factory(tmp_path, f"tea_{name}") == [(prompt, p.question, p.answer) for p in pairs]


def test_each_format_has_the_fields_of_its_consumers_and_no_other(tmp_path: Path, pairs: Pairs) -> None:
    write_exports(tmp_path, "tea", pairs, ExportSettings(system_prompt=PROMPT))
    pair = pairs[0]
    assert lines(tmp_path / "alpaca.jsonl")[0] == {
        "instruction": pair.question,
        "input": "",
        "output": pair.answer,
        "system": PROMPT,
    }
    assert lines(tmp_path / "sharegpt.jsonl")[0] == {
        "conversations": [{"from": "human", "value": pair.question}, {"from": "gpt", "value": pair.answer}],
        "system": PROMPT,
    }
    assert lines(tmp_path / "chatml.jsonl")[0] == {
        "messages": [
            {"role": "system", "content": PROMPT},
            {"role": "user", "content": pair.question},
            {"role": "assistant", "content": pair.answer},
        ]
    }


def test_chatml_has_no_system_message_without_a_prompt(tmp_path: Path, pairs: Pairs) -> None:
    write_exports(tmp_path, "tea", pairs, ExportSettings())
    assert {m["role"] for row in lines(tmp_path / "chatml.jsonl") for m in row["messages"]} == {
        "user",
        "assistant",
    }


def test_json_and_jsonl_hold_the_same_rows(tmp_path: Path, pairs: Pairs) -> None:
    write_exports(tmp_path, "tea", pairs, ExportSettings())
    for name in ("alpaca", "sharegpt", "chatml"):
        assert json.loads((tmp_path / f"{name}.json").read_bytes()) == lines(tmp_path / f"{name}.jsonl")


def test_lineage_has_exactly_the_fields_of_the_design(tmp_path: Path, pairs: Pairs) -> None:
    write_exports(tmp_path, "tea", pairs, ExportSettings())
    row, pair = lines(tmp_path / "lineage.jsonl")[0], pairs[0]
    assert list(row) == ["qa_id", "form", "question", "answer", "difficulty", "loss", "units", "evidence"]
    assert row["units"] == list(pair.unit_ids)
    assert list(row["evidence"][0]) == ["document", "document_version", "chunk_id", "start", "end", "text"]
    assert [e["text"] for e in row["evidence"]] == [e.text for e in pair.evidence]


def test_tags_stand_where_trainers_take_them_and_their_tree_beside(tmp_path: Path, pairs: Pairs) -> None:
    write_exports(tmp_path, "tea", pairs, ExportSettings())
    without = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    tags = ["Tea > Green", *[""] * (len(pairs) - 1)]
    tagged = [replace(pair, tag=tag) for pair, tag in zip(pairs, tags, strict=True)]
    tree = TagTree((("Tea", ("Green", "Black")),))
    write_exports(tmp_path, "tea", tagged, ExportSettings(), tree)
    assert read_taxonomy(tmp_path / "taxonomy.yaml") == tree
    for name in ("alpaca", "sharegpt"):
        assert [row["tag"] for row in lines(tmp_path / f"{name}.jsonl")] == tags
    assert [row["tag"] for row in lines(tmp_path / "lineage.jsonl")] == [tag or None for tag in tags]
    assert (tmp_path / "chatml.jsonl").read_bytes() == without["chatml.jsonl"]
    assert (tmp_path / "dataset_info.json").read_bytes() == without["dataset_info.json"]
    write_exports(tmp_path, "tea", pairs, ExportSettings())
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == without


def test_an_unmeasured_loss_is_null_and_not_a_number_is_refused(tmp_path: Path, pairs: Pairs) -> None:
    write_exports(tmp_path, "tea", [replace(pairs[0], loss=None)], ExportSettings())
    assert lines(tmp_path / "lineage.jsonl")[0]["loss"] is None
    with pytest.raises(ValueError, match="which JSON cannot hold"):
        write_exports(tmp_path, "tea", [replace(pairs[0], loss=float("nan"))], ExportSettings())


def test_the_same_pairs_give_the_same_bytes_and_the_reported_hash_is_theirs(
    tmp_path: Path, pairs: Pairs
) -> None:
    first = write_exports(tmp_path / "a", "tea", pairs, ExportSettings())
    again = write_exports(tmp_path / "b", "tea", pairs, ExportSettings())
    assert [(f.path.name, f.sha256, f.rows) for f in first] == [
        (f.path.name, f.sha256, f.rows) for f in again
    ]
    for file in first:
        data = file.path.read_bytes()
        assert hashlib.sha256(data).hexdigest() == file.sha256
        assert data.endswith(b"\n")
        assert b"\r" not in data
    assert {f.path.name: f.rows for f in first}["alpaca.jsonl"] == len(pairs)
    assert "毕昇".encode() in (tmp_path / "a" / "alpaca.json").read_bytes()


def test_hostile_text_survives_and_stays_on_its_line(tmp_path: Path, pairs: Pairs) -> None:
    text = 'a "quote" \\ </script>\n\r\t\x00\x1f \x85 \u2028 \u2029 ]]> 𝒳 emoji 🧪'
    write_exports(tmp_path, "tea", [replace(pairs[0], question=text, answer=text)] * 2, ExportSettings())
    for name in ("alpaca.jsonl", "lineage.jsonl"):
        assert len((tmp_path / name).read_text(encoding="utf-8").splitlines()) == 2
    assert lines(tmp_path / "alpaca.jsonl")[0]["output"] == text
    assert lines(tmp_path / "lineage.jsonl")[0]["answer"] == text


def test_half_a_surrogate_pair_is_kept_in_lineage_and_replaced_for_trainers(
    tmp_path: Path, pairs: Pairs
) -> None:
    write_exports(tmp_path, "tea", [replace(pairs[0], answer="a\ud83d")], ExportSettings())
    assert lines(tmp_path / "alpaca.jsonl")[0]["output"] == "a\ufffd"
    assert lines(tmp_path / "lineage.jsonl")[0]["answer"] == "a\ud83d"


def test_dataset_names_hold_no_separator_of_llama_factory() -> None:
    assert list(dataset_info("a, b/茶", [ALPACA], ALPACA.owned)) == ["a_b_茶_alpaca"]


def test_files_of_formats_no_longer_configured_go_and_foreign_files_stay(
    tmp_path: Path, pairs: Pairs
) -> None:
    (tmp_path / "notes.jsonl").write_text("mine")
    write_exports(tmp_path, "tea", pairs, ExportSettings())
    write_exports(tmp_path, "tea", pairs, ExportSettings(formats=("chatml",)))
    assert {p.name for p in tmp_path.iterdir()} == {
        "chatml.json",
        "chatml.jsonl",
        "dataset_info.json",
        "lineage.jsonl",
        "notes.jsonl",
    }
    assert list(json.loads((tmp_path / "dataset_info.json").read_bytes())) == ["tea_chatml"]


def _files_of_cards(export: Export) -> dict[str, Content]:
    paths = [pair.reasoning for pair in export.pairs if pair.reasoning]
    card = f"# {export.corpus}\n{export.settings.system_prompt}\n"
    return {
        "cards/README.md": Content("cards", 1, [card.encode()]),
        "paths.jsonl": Content("cards", len(paths), json_lines({"path": path} for path in paths)),
    }


CARDS = Format(
    name="cards",
    description="A format of this test's own.",
    version="1",
    owned=("cards/README.md", "paths.jsonl"),
    files=_files_of_cards,
)


def test_a_format_writes_several_files_of_any_kind_and_all_of_them_go_with_it(
    tmp_path: Path, pairs: Pairs
) -> None:
    table = (*FORMATS, CARDS)
    settings = ExportSettings.model_construct(formats=("cards", "alpaca"), system_prompt=PROMPT)
    written = write_exports(tmp_path, "tea", pairs, settings, table=table)
    assert [(str(file.path.relative_to(tmp_path)), file.rows) for file in written] == [
        ("cards/README.md", 1),
        ("paths.jsonl", 2),
        ("alpaca.json", len(pairs)),
        ("alpaca.jsonl", len(pairs)),
        ("dataset_info.json", 1),
        ("lineage.jsonl", len(pairs)),
    ]
    assert (tmp_path / "cards" / "README.md").read_text(encoding="utf-8") == f"# tea\n{PROMPT}\n"
    assert len(lines(tmp_path / "paths.jsonl")) == 2
    assert list(json.loads((tmp_path / "dataset_info.json").read_bytes())) == ["tea_alpaca"]
    write_exports(tmp_path, "tea", pairs, ExportSettings(formats=("alpaca",)), table=table)
    assert {path.name for path in tmp_path.iterdir()} == {
        "alpaca.json",
        "alpaca.jsonl",
        "dataset_info.json",
        "lineage.jsonl",
    }


def test_a_file_that_no_pair_fits_is_not_in_dataset_info(tmp_path: Path, pairs: Pairs) -> None:
    none = replace(ALPACA, files=lambda _export: {})
    write_exports(tmp_path, "tea", pairs, ExportSettings(formats=("alpaca",)), table=[none])
    assert json.loads((tmp_path / "dataset_info.json").read_bytes()) == {}


def test_of_a_corpus_without_documents_no_file_of_any_format_stays(tmp_path: Path, pairs: Pairs) -> None:
    write_exports(tmp_path, "tea", pairs, ExportSettings(), TagTree((("Tea", ()),)))
    (tmp_path / "notes.jsonl").write_text("mine")
    remove_exports(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.jsonl"]


def test_exporting_nothing_is_an_error_that_leaves_the_last_export(tmp_path: Path, pairs: Pairs) -> None:
    write_exports(tmp_path, "tea", pairs, ExportSettings())
    before = (tmp_path / "alpaca.json").read_bytes()
    with pytest.raises(EmptyResultError, match="graphtutor status"):
        write_exports(tmp_path, "tea", [], ExportSettings())
    assert (tmp_path / "alpaca.json").read_bytes() == before


def test_a_full_disk_is_one_sentence_and_leaves_every_old_file(
    tmp_path: Path, pairs: Pairs, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_exports(tmp_path, "tea", pairs, ExportSettings())
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    calls = []

    def full(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 4:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ExportError, match=r"disk is full: free some space") as raised:
        write_exports(tmp_path, "tea", pairs[:1], ExportSettings())
    assert "\n" not in str(raised.value)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


@pytest.mark.parametrize("below", ["", "exports"])
def test_a_file_in_place_of_the_folder_is_one_sentence(tmp_path: Path, pairs: Pairs, below: str) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(ExportError, match=r"cannot be written to .*taken.*move it away"):
        write_exports(tmp_path / "taken" / below, "tea", pairs, ExportSettings())
