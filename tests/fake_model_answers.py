"""What the fake model says: deterministic answers that fit the task, so that the whole pipeline runs on them.

Answers depend on the request's content only. HTTP, faults and dialects are in `fake_model_server`.
"""

import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import dropwhile, pairwise
from typing import Any

Json = dict[str, Any]

_INPUT = re.compile(r"^<input>\n(.*)\n</input>", re.MULTILINE | re.DOTALL)
_REPAIR = re.compile(r"Answer again with JSON only|请重新回答")
_CJK = re.compile(r"[\u3400-\u9fff]")
_ENGLISH_NAME = re.compile(r"[A-Z][\w'’-]*(?:(?: of(?: the)?| de)? [A-Z0-9][\w'’-]*)*")
_CHINESE_QUOTED = re.compile(r"[《「]([^》」]{2,20})[》」]")
_CHINESE_SUBJECT = re.compile(r"(?:^|[，、；：\s])([\u3400-\u9fff]{2,8}?)(?=位于|是|由|在|于|为)")
_NO_NAMES = re.compile(
    r"(The|An?|In|On|At|Its?|This|That|These|Those|There|S?[Hh]e|They|We|You|I|If|When|While|Where|After|Before"
    r"|As|For|From|By|With|Without|And|But|Or|Not?|Each|Every|Some|Many|Most|All|Both|Such|Then|Thus|To|Since)$"
)
_COMMON = re.compile(
    r"(the|an?|in|on|at|is|are|was|were|been?|by|to|and|or|of|for|from|with|as|its?|this|that|these|those|not|who"
    r"|which|what|when|where|into|than|then|there|their|his|her|has|have|had|will|would|can|could|but|about)$",
    re.IGNORECASE,
)
_PRONOUN = re.compile(r"(?:It|He|She|They)\b|[它他她]")
_MOST_CHARS = 500


def chat_answer(body: Mapping[str, Any], synonyms: Sequence[Sequence[str]] = ()) -> str:
    """The text of the answer to a chat completion request; `synonyms` are names that mean one thing."""
    schema = requested_schema(body)
    if schema is not None and schema.get("title") == "EntityPairs":
        return json.dumps(_entity_pairs(body, synonyms))
    if schema is not None and (task := _TASKS.get(str(schema.get("title")))):
        return json.dumps(task(body, schema), ensure_ascii=False)
    if schema is not None:
        return json.dumps(_minimal(schema), ensure_ascii=False)
    if body.get("logprobs") or _token_limit(body) <= 32:
        return _word_of_judgement(body)
    text = payload(body)
    return f"（{_digest(text)[:6]}）{text[:60]}" if is_chinese(text) else f"({_digest(text)[:6]}) {text[:60]}"


def judgement_candidates(body: Mapping[str, Any]) -> list[tuple[str, float]]:
    """First tokens and their natural-log probabilities, most probable first; at most `top_logprobs`."""
    p_yes = _probability_of_yes(body)
    chinese = is_chinese(payload(body))
    yes = (
        {"是": 0.8, "对": 0.15, " 是": 0.05}
        if chinese
        else {"yes": 0.6, "Yes": 0.25, " yes": 0.1, "YES": 0.05}
    )
    no = {"否": 0.8, "错": 0.15, "不": 0.05} if chinese else {"no": 0.6, "No": 0.25, " no": 0.1, "NO": 0.05}
    other = {"也": 0.6, "可能": 0.4} if chinese else {"The": 0.6, "Maybe": 0.3, "I": 0.1}
    weights = {word: share * 0.97 * p_yes for word, share in yes.items()}
    weights |= {word: share * 0.97 * (1 - p_yes) for word, share in no.items()}
    weights |= {word: share * 0.03 for word, share in other.items()}
    ordered = sorted(weights.items(), key=lambda item: (-item[1], item[0]))
    return [(word, math.log(weight)) for word, weight in ordered[: int(body.get("top_logprobs") or 1)]]


def requested_schema(body: Mapping[str, Any]) -> Json | None:
    """The schema of the answer, from `response_format` or from where it stands in the prompt."""
    wanted = (body.get("response_format") or {}).get("json_schema") or {}
    if isinstance(wanted.get("schema"), dict):
        return dict(wanted["schema"])
    for message in reversed(body["messages"]):
        if message["role"] == "user":
            for value in _objects_in(_INPUT.sub("", message["content"])):
                if "title" in value and "properties" in value:
                    return value
    return None


def payload(body: Mapping[str, Any]) -> str:
    """The data of the last user message that has any; else that message as a whole."""
    texts = [str(message["content"]) for message in body["messages"] if message["role"] == "user"]
    for text in reversed(texts):
        if found := _INPUT.search(text):
            return found[1]
    return texts[-1] if texts else ""


def is_chinese(text: str) -> bool:
    return len(_CJK.findall(text)) * 4 > len(re.findall(r"\w", text))


def _extraction(body: Mapping[str, Any], schema: Json) -> Json:
    text = payload(body)
    properties = schema["properties"]
    most_entities = properties["entities"].get("maxItems", 100)
    most_relations = properties["relations"].get("maxItems", 100)
    entity_schema = properties["entities"].get("items", {})
    types = entity_schema.get("properties", {}).get("type", {}).get("enum") or ["concept"]
    relation_schema = properties["relations"].get("items", {})
    relation_types = relation_schema.get("properties", {}).get("type", {}).get("enum") or []
    entities: dict[str, Json] = {}
    relations: dict[tuple[str, str], Json] = {}
    for sentence in _sentences(text):
        names = [
            name for name in _names(sentence) if name.casefold() in entities or len(entities) < most_entities
        ]
        for name in names:
            colon = "：" if is_chinese(sentence) else ": "
            entity = {"name": name, "type": types[_number(name) % len(types)]}
            entity |= {"description": f"{name}{colon}{sentence}", "quote": sentence}
            entities.setdefault(name.casefold(), entity)
        for source, target in pairwise(names):
            relation = {"source": source, "target": target, "description": sentence, "quote": sentence}
            if relation_types:
                relation["type"] = relation_types[_number(source + target) % len(relation_types)]
            if len(relations) < most_relations:
                relations.setdefault((source.casefold(), target.casefold()), relation)
    known = _already_told(body)
    return {
        "entities": [entity for name, entity in entities.items() if name not in known],
        "relations": [r for (s, t), r in relations.items() if not {s, t} <= known],
    }


def _coreference(body: Mapping[str, Any], schema: Json) -> Json:
    """Each pronoun that begins a sentence stands for the last thing named before it."""
    asked = json.loads(payload(body))
    named = [*asked["headings"], *_names(asked["before"])][-1:]
    replacements = []
    for sentence in _sentences(asked["text"]):
        pronoun = _PRONOUN.match(sentence)
        if pronoun and named:
            replacements.append({"quote": sentence[:40].strip(), "pronoun": pronoun[0], "name": named[-1]})
        named += _names(sentence)
    return {"replacements": replacements[: schema["properties"]["replacements"]["maxItems"]]}


def _already_told(body: Mapping[str, Any]) -> set[str]:
    """Names of entities in earlier answers, when what is missing is asked for; empty when an answer is
    repaired."""
    if _REPAIR.search(str(body["messages"][-1]["content"])):
        return set()
    answers = [m["content"] for m in body["messages"] if m["role"] == "assistant"]
    found = [
        entity for answer in answers for value in _objects_in(answer) for entity in value.get("entities", ())
    ]
    return {str(entity["name"]).casefold() for entity in found}


def _statements(body: Mapping[str, Any], _: Json) -> Json:
    asked = json.loads(payload(body))
    statement = asked["statement"]
    if is_chinese(statement):
        true = ["事实上，{}", "众所周知，{}", "换句话说，{}", "可以确认，{}", "的确，{}"]
        false = ["并非如此：{}", "以下说法是错误的：{}", "这一点不成立：{}", "从未有过这样的事：{}"]
    else:
        true = ["In fact, {}", "It is known that {}", "In other words, {}", "Indeed, {}", "It holds that {}"]
        false = [
            "It is not true that {}",
            "It is false that {}",
            "It was never so that {}",
            "Nobody finds that {}",
        ]
    return {
        "paraphrases": _filled(true, statement, asked["n_true"]),
        "negations": _filled(false, statement, asked["n_false"]),
    }


def _filled(templates: Sequence[str], statement: str, count: int) -> list[str]:
    """`count` different wordings; when the templates are used up they are nested."""
    wordings = []
    for i in range(count):
        wording = templates[i % len(templates)].format(statement)
        for _ in range(i // len(templates)):
            wording = templates[0].format(wording)
        wordings.append(wording)
    return wordings


def _summary(body: Mapping[str, Any], _: Json) -> Json:
    asked = json.loads(payload(body))
    clauses = [re.split(r"(?<=[.;。；])", text)[0].strip() for text in asked["descriptions"]]
    return {"description": " ".join(dict.fromkeys(clauses))}


def _atomic(body: Mapping[str, Any], _: Json) -> Json:
    fact = json.loads(payload(body))["fact"]
    return {"question": _question([fact]), "answer": fact}


def _aggregated_answer(body: Mapping[str, Any], _: Json) -> Json:
    """The sentences of all facts, each said once."""
    facts = json.loads(payload(body))["facts"]
    told: dict[str, str] = {}
    for sentence in (part.strip() for fact in facts for part in re.split(r"(?<=[.。])", fact)):
        told.setdefault(re.split("[:：]", sentence)[-1].strip(), sentence)
    told.pop("", None)
    return {"answer": ("" if is_chinese("".join(facts)) else " ").join(told.values())}


def _aggregated_question(body: Mapping[str, Any], _: Json) -> Json:
    return {"question": _question([json.loads(payload(body))["answer"]])}


def _multi_hop(body: Mapping[str, Any], _: Json) -> Json:
    facts = json.loads(payload(body))["facts"]
    more = "由此可以得出结论。" if is_chinese(facts[0]) else "Both hold together."
    steps = [*facts[:3], more] if len(facts) < 2 else facts[:3]
    return {"question": _question(facts[:2]), "answer": facts[-1], "reasoning": steps}


def _entity_pairs(body: Mapping[str, Any], synonyms: Sequence[Sequence[str]]) -> Json:
    """Same: synonyms, equal letters and digits, or the initials of the other name. Unsure: another script."""
    answers = []
    for pair in json.loads(payload(body))["pairs"]:
        names = [str(pair[end]["name"]) for end in ("a", "b")]
        bare = [re.sub(r"[\W_]", "", name).casefold() for name in names]
        initials = ["".join(word[0] for word in re.findall(r"\w+", name)).casefold() for name in names]
        known = any(names[0] in group and names[1] in group for group in synonyms)
        if known or bare[0] == bare[1] or bare[0] == initials[1] or bare[1] == initials[0]:
            verdict = "same"
        else:
            verdict = "unsure" if is_chinese(names[0]) != is_chinese(names[1]) else "different"
        answers.append({"id": pair["id"], "verdict": verdict})
    return {"answers": answers}


def _page_choice(body: Mapping[str, Any], _: Json) -> Json:
    """The first page whose title is the name; none where its text says that it is about something else."""
    asked = json.loads(payload(body))
    name = asked["entity"]["name"].casefold()
    meant = [
        page["id"]
        for page in asked["pages"]
        if page["title"].partition(" (")[0].casefold() == name and "may also refer" not in page["text"]
    ]
    return {"page": meant[0] if meant else 0}


def _topics(body: Mapping[str, Any], schema: Json) -> Json:
    """The last words of headings and the names of things, each once."""
    asked = json.loads(payload(body))
    words = [re.findall(r"\w+", heading)[-1:] for heading in asked["headings"]]
    names = [word for found in words for word in found] + [thing["name"] for thing in asked["things"]]
    return {"topics": _short_names(names, schema["properties"]["topics"]["maxItems"])}


def _merged_topics(body: Mapping[str, Any], schema: Json) -> Json:
    asked = json.loads(payload(body))["topics"]
    return {"topics": _short_names(asked, schema["properties"]["topics"]["maxItems"])}


def _tag_tree(body: Mapping[str, Any], schema: Json) -> Json:
    """An area for each first letter, as many as may be, and below it the topics that begin with it."""
    tags = schema["properties"]["tags"]
    most_below = tags["items"]["properties"]["tags"]["maxItems"]
    areas: dict[str, list[str]] = {}
    for topic in json.loads(payload(body))["topics"]:
        if topic[0] in areas or len(areas) < tags["maxItems"]:
            areas.setdefault(topic[0], []).append(topic)
    return {
        "tags": [{"name": f"Area {letter}", "tags": below[:most_below]} for letter, below in areas.items()]
    }


def _chunk_tags(body: Mapping[str, Any], _: Json) -> Json:
    """The first tag whose narrower name stands in what is shown of a text, or none of them."""
    asked = json.loads(payload(body))
    narrower = {tag: tag.rpartition(" > ")[2].casefold() for tag in asked["tags"]}
    answers = []
    for text in asked["texts"]:
        seen = json.dumps(text, ensure_ascii=False).casefold()
        found = next((tag for tag, name in narrower.items() if name in seen), "none of these")
        answers.append({"id": text["id"], "tag": found})
    return {"answers": answers}


def _short_names(names: Sequence[str], most: int) -> list[str]:
    return list(dict.fromkeys(name[:40].strip() for name in names if name.strip()))[:most] or ["matter"]


_TASKS = {
    "PageChoice": _page_choice,
    "Topics": _topics,
    "MergedTopics": _merged_topics,
    "TagTree": _tag_tree,
    "ChunkTags": _chunk_tags,
    "Coreference": _coreference,
    "Extraction": _extraction,
    "Statements": _statements,
    "Summary": _summary,
    "AtomicQa": _atomic,
    "AggregatedAnswer": _aggregated_answer,
    "AggregatedQuestion": _aggregated_question,
    "MultiHopQa": _multi_hop,
}


def _question(facts: Sequence[str]) -> str:
    """A question in the facts' language, another one for other facts."""
    text = " ".join(facts)
    if is_chinese(text):
        parts = re.findall(r"[\w]{2,}", text)
        forms = ["关于{}，有哪些要点？", "如何理解{}？", "{}之间有什么联系？", "为什么说{}？"]
        return forms[_number(text) % len(forms)].format("、".join(dict.fromkeys(p[:24] for p in parts))[:300])
    words = [word for word in re.findall(r"[\w'’-]+", text) if not _COMMON.match(word)]
    topic = ", ".join(dict.fromkeys(words))[:300].rstrip(", ")
    forms = [
        "What is known about {}?",
        "How are {} connected?",
        "Why do {} belong together?",
        "What explains {}?",
    ]
    return forms[_number(text) % len(forms)].format(topic)


def _word_of_judgement(body: Mapping[str, Any]) -> str:
    p_yes = _probability_of_yes(body)
    says_yes = p_yes >= 0.5
    if float(body.get("temperature") or 0) > 0:
        says_yes = _share(f"{body.get('seed')}|{payload(body)}") < p_yes
    if is_chinese(payload(body)):
        return "是" if says_yes else "否"
    return "yes" if says_yes else "no"


def _probability_of_yes(body: Mapping[str, Any]) -> float:
    """Right about five statements of six; how sure depends on the statement and on the model's name."""
    text = payload(body)
    negated = (
        re.search(r"\b(not|false|never|nobody|no)\b|并非|错误|不|没有|从未", text, re.IGNORECASE) is not None
    )
    share = _share(f"{body.get('model')}|{text}")
    p_right = 0.08 + 2 * share if share < 1 / 6 else 0.5 + 0.49 * share
    return 1 - p_right if negated else p_right


def _sentences(text: str) -> list[str]:
    parts = re.split(r"(?<=[.!?])\s+|(?<=[。！？])|\n+", text)
    return [part.strip()[:_MOST_CHARS].strip() for part in parts if re.search(r"\w{2}", part)]


def _names(sentence: str) -> list[str]:
    """At least two things that a longer sentence is about, in order of appearance."""
    if is_chinese(sentence):
        found = _CHINESE_QUOTED.findall(sentence) + _CHINESE_SUBJECT.findall(sentence)
        rest = [run[:4] for run in re.findall(r"[\u3400-\u9fff]{4,}", sentence)]
    else:
        runs = [run.split() for run in _ENGLISH_NAME.findall(sentence)]
        found = [" ".join(dropwhile(_NO_NAMES.match, run)) for run in runs]
        rest = [word for word in re.findall(r"\b[a-z]{6,}\b", sentence) if not _COMMON.match(word)]
    names = {name.casefold(): name for name in found if len(name) > 1}
    for name in rest:
        if len(names) >= 2:
            break
        names.setdefault(name.casefold(), name)
    return sorted(names.values(), key=lambda name: (sentence.find(name), name))


def _minimal(schema: Mapping[str, Any]) -> Any:
    """The smallest value of an unknown schema."""
    kind = schema.get("type")
    if "enum" in schema:
        return schema["enum"][0]
    if kind == "object":
        return {name: _minimal(value) for name, value in schema.get("properties", {}).items()}
    if kind == "array":
        return [_minimal(schema.get("items", {}))] * int(schema.get("minItems", 0))
    return {"integer": 1, "number": 1.0, "boolean": True}.get(str(kind), "text")


def _objects_in(text: str) -> Iterator[Json]:
    decoder = json.JSONDecoder()
    position = text.find("{")
    while position >= 0:
        try:
            value, end = decoder.raw_decode(text, position)
        except ValueError:
            end = position + 1
        else:
            yield value
        position = text.find("{", end)


def _token_limit(body: Mapping[str, Any]) -> int:
    return int(body.get("max_tokens") or body.get("max_completion_tokens") or 4096)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def _number(text: str) -> int:
    return int(_digest(text)[:8], 16)


def _share(text: str) -> float:
    return int(_digest(text)[:12], 16) / 16**12
