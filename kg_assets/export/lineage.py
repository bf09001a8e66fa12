"""The lineage of exported pairs: from each text back to the source spans that it rests on."""

import math

from kg_assets.domain import Evidence
from kg_assets.export.formats.json_rows import Row
from kg_assets.export.pair import ExportPair


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
