"""From a chunk to its claims: the request, the checks on the answer, and evidence found in the chunk.

Merging claims of many chunks is in `merge`; nothing here knows other chunks.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from kg_assets.claims.conformance import conforming
from kg_assets.claims.coreference import ResolvedText, resolve
from kg_assets.claims.sentences import whole_sentences
from kg_assets.domain import Chunk, Claim, entity_id, fingerprint, normalise_name, relation_id
from kg_assets.stage.ledger import TRANSIENT_REASONS, DroppedPart
from kg_assets.stage.prompts import payload_message, system_prompt
from resources.configuration.extraction_schema import RelationType
from resources.configuration.settings import ExtractionSettings
from resources.errors import CallFailed
from resources.models.schemas import Schema, list_of, object_of, one_of, text_of
from resources.models.structured import ask_structured
from resources.models.types import Ask, ChatRequest, Message

CLAIMS_VERSION = "3"
UNKNOWN_TYPE = "unknown"
_MAX_NAME_CHARS = 120
_MAX_SENTENCE_CHARS = 600


def extraction_request(chunk: Chunk, settings: ExtractionSettings) -> ChatRequest:
    """The first request for a chunk. All that can change the claims is in it: it makes the row key too."""
    language = settings.language or chunk.language
    most = {"max_entities": settings.max_entities, "max_relations": settings.max_relations}
    schema = settings.of_schema
    if schema is None:
        prompt = system_prompt(
            "claims", "extraction", language, entity_types=", ".join(settings.entity_types), **most
        )
    else:
        prompt = system_prompt(
            "claims",
            "extraction_of_schema",
            language,
            entity_types=_listed((entity.name, entity.description) for entity in schema.entities),
            relation_types=_listed((_with_pairs(each), each.description) for each in schema.relations),
            **most,
        )
    tokens_per_item = 110 + len(max(settings.type_names, key=len)) // 3
    return ChatRequest(
        messages=(Message("system", prompt), payload_message(_with_headings(chunk))),
        max_tokens=min(8192, 64 + tokens_per_item * (settings.max_entities + settings.max_relations)),
        schema=extraction_schema(settings),
        item_id=chunk.chunk_id,
        document_id=chunk.document_id,
    )


def extraction_schema(settings: ExtractionSettings) -> Schema:
    """JSON schema of an extraction; bounded everywhere, since small models run away in unbounded fields."""
    name, sentence = text_of(_MAX_NAME_CHARS), text_of(_MAX_SENTENCE_CHARS)
    entity = {
        "name": name,
        "type": one_of(list(settings.type_names)),
        "quote": sentence,
        "description": sentence,
    }
    relation = {"source": name, "target": name}
    if settings.of_schema is not None:
        relation["type"] = one_of([each.name for each in settings.of_schema.relations])
    # The quote comes before the description: what is written first is copied, what follows restates it.
    relation |= {"quote": sentence, "description": sentence}
    fields = {
        "entities": list_of(object_of(entity), most=settings.max_entities),
        "relations": list_of(object_of(relation), most=settings.max_relations),
    }
    return object_of(fields, "Extraction")


async def extract_claims(
    chunk: Chunk, settings: ExtractionSettings, ask: Ask, before: str | None = None
) -> Sequence[Claim | DroppedPart]:
    """Claims of one chunk, those of further gleaning rounds included; as drops those outside the user's
    schema, if there is one, and pronouns that could not be replaced.

    Args:
        chunk: what is read; evidence is quoted from its text whatever is replaced.
        settings: what to look for.
        ask: the way to the synthesizer.
        before: the text before the chunk, by which its pronouns are replaced first; None leaves them.

    Raises:
        CallFailed: the model could not be asked, or its first answer was unusable twice.
    """
    schema, language = settings.of_schema, settings.language or chunk.language
    read, left_out = ResolvedText(chunk.text), list[DroppedPart]()
    if before is not None:
        read, left_out = await resolve(chunk, before, language, ask)
    request = extraction_request(replace(chunk, text=read.text), settings)
    found, responses = await ask_structured(ask, request, validate_extraction)
    claims = claims_of(found, read, typed_relations=schema is not None)
    gleaning = Message("user", system_prompt("claims", "gleaning", language))
    for _ in range(settings.max_gleanings):
        answer = Message("assistant", responses[-1].text)
        request = replace(request, messages=(*request.messages, answer, gleaning))
        try:
            found, responses = await ask_structured(ask, request, validate_extraction)
        except CallFailed as failed:
            if failed.reason in TRANSIENT_REASONS:
                raise
            break  # an unusable further answer takes nothing from the earlier ones
        known = {claim.claim_id for claim in claims}
        told = claims_of(found, read, typed_relations=schema is not None)
        fresh = [claim for claim in told if claim.claim_id not in known]
        if not fresh:
            break
        claims += fresh
    return [*(claims if schema is None else conforming(claims, schema)), *left_out]


def validate_extraction(answer: Any) -> Mapping[str, Any]:
    """The answer's entities and relations, without rows that lack a name or a description.

    Raises:
        ValueError: not an object with the two lists, or every row of a non-empty answer is unusable.
    """
    if not isinstance(answer, Mapping) or not ({"entities", "relations"} & set(answer)):
        raise ValueError('the answer must be an object with the lists "entities" and "relations"')
    entities = _rows(answer.get("entities"), ("name", "description"))
    relations = [
        row
        for row in _rows(answer.get("relations"), ("source", "target", "description"))
        if normalise_name(row["source"]) != normalise_name(row["target"])
    ]
    given = len(answer.get("entities") or []) + len(answer.get("relations") or [])
    if given and not entities and not relations:
        raise ValueError(
            'no row has the fields it needs: "name" and "description", or "source", another "target" and '
            '"description"'
        )
    return {"entities": entities, "relations": relations}


def claims_of(found: Mapping[str, Any], read: ResolvedText, typed_relations: bool = False) -> list[Claim]:
    """Validated rows as claims with their evidence, one per distinct wording, in the model's order. Only a
    schema gives relations a type."""
    claims: dict[str, Claim] = {}
    for row in found["entities"]:
        name = _unmarked(row["name"], read.original)
        claim = _claim(read, row, kind="entity", unit_id=entity_id(name), name=name, type=_type(row))
        claims.setdefault(claim.claim_id, claim)
    for row in found["relations"]:
        source, target = (_unmarked(row[end], read.original) for end in ("source", "target"))
        ends = {"unit_id": relation_id(source, target), "source": source, "target": target}
        typed = {"type": _type(row)} if typed_relations else {}
        claim = _claim(read, row, kind="relation", **ends, **typed)
        claims.setdefault(claim.claim_id, claim)
    return list(claims.values())


def _claim(read: ResolvedText, row: Mapping[str, str], **fields: Any) -> Claim:
    span = read.evidence(row.get("quote", ""))
    quote = span or (0, len(read.original))
    start, end = whole_sentences(read.original, *quote)
    identity = [fields["unit_id"], fields.get("type"), fields.get("source"), row["description"]]
    defaults = {"name": "", "type": "", "source": "", "target": ""}
    return Claim(
        claim_id="k" + fingerprint(identity, read.original),
        description=row["description"],
        evidence_start=start,
        evidence_end=end,
        quote_start=quote[0],
        quote_end=quote[1],
        quoted=span is not None,
        **(defaults | fields),
    )


def _with_headings(chunk: Chunk) -> str:
    """Chunk text below the headings it stands under, where the chunk does not show them itself."""
    missing = [heading for heading in chunk.heading_path if heading not in chunk.text]
    return " > ".join(missing) + "\n\n" + chunk.text if missing else chunk.text


def _listed(types: Iterable[tuple[str, str]]) -> str:
    """One line for each type, with its description where there is one."""
    return "\n".join(f"- {name}: {text}" if text else f"- {name}" for name, text in types)


def _with_pairs(relation: RelationType) -> str:
    pairs = ", ".join(f"{source} → {target}" for source, target in relation.pairs)
    return f"{relation.name} ({pairs})" if pairs else relation.name


def _rows(rows: Any, needed: Sequence[str]) -> list[dict[str, str]]:
    """Rows that are objects whose `needed` fields are non-empty text; all text is plain and on one line."""
    if rows is None:
        return []
    if not isinstance(rows, Sequence) or isinstance(rows, str):
        raise ValueError('"entities" and "relations" must be lists')
    clean = []
    for row in rows:
        if isinstance(row, Mapping):
            texts = {k: _plain(v, marked=k == "quote") for k, v in row.items() if isinstance(v, str)}
            if all(texts.get(field) for field in needed) and all(
                normalise_name(texts[field]) for field in needed if field != "description"
            ):
                clean.append(texts)
    return clean


# Not "m*a*b", a product.
_EMPHASIS = re.compile(r"(?<![A-Za-z0-9*])(\*{1,3})([^\s*](?:.*?[^\s*])?)\1(?![A-Za-z0-9*])")


def _plain(text: str, marked: bool) -> str:
    """`text` on one line and, unless `marked`, without Markdown emphasis: a quote is looked up as it is."""
    line = re.sub(r"\s+", " ", text).strip()
    return line if marked else _EMPHASIS.sub(r"\2", line)


def _unmarked(name: str, chunk_text: str) -> str:
    """`name` without a half of the Markdown emphasis that the chunk puts around it; "A*" stays."""
    bare = name.strip("*")
    emphasised = (match[2] for match in _EMPHASIS.finditer(chunk_text))
    return bare if bare != name and bare in emphasised else name


def _type(row: Mapping[str, str]) -> str:
    return row.get("type", "").strip().lower() or UNKNOWN_TYPE
