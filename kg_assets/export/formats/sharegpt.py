"""ShareGPT: conversations of turns by `human` and `gpt`, for LLaMA-Factory."""

from kg_assets.export.files import Content
from kg_assets.export.formats.format import Export, Format
from kg_assets.export.formats.json_rows import Row, json_files, tag_column
from kg_assets.export.pair import ExportPair


def sharegpt_row(pair: ExportPair, system_prompt: str) -> Row:
    """One record: `conversations` of `from` and `value`, the `system` column, and `tag` if there is a
    taxonomy."""
    turns = [{"from": "human", "value": pair.question}, {"from": "gpt", "value": pair.answer}]
    return {"conversations": turns, "system": system_prompt} | tag_column(pair)


def _files(export: Export) -> dict[str, Content]:
    prompt = export.settings.system_prompt
    return json_files("sharegpt", export.pairs, lambda pair: sharegpt_row(pair, prompt))


SHAREGPT = Format(
    name="sharegpt",
    description="Conversations of two turns, for LLaMA-Factory.",
    version="1",
    owned=("sharegpt.json", "sharegpt.jsonl"),
    files=_files,
    dataset_info={
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
    },
)
