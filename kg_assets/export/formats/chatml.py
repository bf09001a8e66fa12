"""ChatML: messages by role, for OpenAI's and most other fine-tuning APIs (`chatml.jsonl`), XTuner
(`chatml.jsonl` with `openai_map_fn`) and LLaMA-Factory."""

from kg_assets.export.files import Content
from kg_assets.export.formats.format import Export, Format
from kg_assets.export.formats.json_rows import Row, json_files
from kg_assets.export.pair import ExportPair


def chatml_row(pair: ExportPair, system_prompt: str) -> Row:
    """One record: `messages` of `role` and `content`, a system message only if there is a prompt; no other
    field, since APIs document none."""
    system = [{"role": "system", "content": system_prompt}] if system_prompt else []
    turns = [{"role": "user", "content": pair.question}, {"role": "assistant", "content": pair.answer}]
    return {"messages": [*system, *turns]}


def _files(export: Export) -> dict[str, Content]:
    prompt = export.settings.system_prompt
    return json_files("chatml", export.pairs, lambda pair: chatml_row(pair, prompt))


CHATML = Format(
    name="chatml",
    description="Messages by role, for fine-tuning APIs, XTuner, TRL and LLaMA-Factory.",
    version="1",
    owned=("chatml.json", "chatml.jsonl"),
    files=_files,
    dataset_info={
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
    },
)
