"""The fake model answers as the tasks want it: from the input, in its language, and always the same."""

import json
import math
import urllib.request
from typing import Any

import pytest

from resources.models.gateway import Gateway
from resources.models.structured import ask_structured
from resources.models.types import ChatResponse, Message
from tests.fake_model_server import FakeModelServer
from tests.resources.models.asking import MakeGateway, chat, collect, judgement, statements

ENGLISH = (
    "The Kestrel-2 pump was built by Harrow Works in Leeds in 1987. It moves brine.\n"
    "Harrow Works belongs to the Dale Group."
)
CHINESE = "红隼二号泵由哈罗机械厂制造。《天工开物》是宋应星的著作，哈罗机械厂位于利兹。"
LANGUAGES = pytest.mark.parametrize("text", [ENGLISH, CHINESE], ids=["english", "chinese"])


def is_chinese(text: str) -> bool:
    return any("\u4e00" <= character <= "\u9fff" for character in text)


def ask_task(gateway: Gateway, title: str, payload: Any, properties: dict[str, Any] | None = None) -> Any:
    text = payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False)
    schema = {"title": title, "type": "object", "properties": properties or {}}
    request = chat(f"Do it.\n<input>\n{text}\n</input>", schema=schema)
    return gateway.run(lambda ask: ask_structured(ask, request, lambda answer: answer))[0]


EXTRACTION = {
    "entities": {
        "type": "array",
        "maxItems": 30,
        "items": {"type": "object", "properties": {"type": {"enum": ["person", "machine"]}}},
    },
    "relations": {"type": "array", "maxItems": 30},
}


@LANGUAGES
@pytest.mark.parametrize("structured", ["json_schema", "json_object", "none"])
def test_an_extraction_is_taken_from_the_text(
    gateway: Gateway, server: FakeModelServer, text: str, structured: str
) -> None:
    server.configure(structured=structured)
    answer = ask_task(gateway, "Extraction", text, EXTRACTION)
    assert len(answer["entities"]) >= 2
    assert len(answer["relations"]) >= 1
    names = {entity["name"] for entity in answer["entities"]}
    for entity in answer["entities"]:
        assert entity["name"] in entity["quote"]
        assert entity["quote"] in text
        assert entity["description"].startswith(entity["name"])
        assert entity["type"] in ("person", "machine")
    for relation in answer["relations"]:
        assert {relation["source"], relation["target"]} <= names
        assert relation["source"] != relation["target"]
        assert relation["quote"] in text


def test_english_names_are_capitalised_runs(gateway: Gateway) -> None:
    answer = ask_task(gateway, "Extraction", ENGLISH, EXTRACTION)
    assert [entity["name"] for entity in answer["entities"]][:3] == ["Kestrel-2", "Harrow Works", "Leeds"]


def test_a_gleaning_gets_only_what_is_missing_and_a_repair_gets_all(gateway: Gateway) -> None:
    schema = {"title": "Extraction", "type": "object", "properties": EXTRACTION}
    first = chat(f"<input>\n{ENGLISH}\n</input>", schema=schema)
    answer = gateway.ask_and_wait(first).text
    told = (*first.messages, Message("assistant", answer))
    gleaning = gateway.ask_and_wait(
        chat(schema=schema, messages=(*told, Message("user", "What is missing?")))
    )
    assert json.loads(gleaning.text) == {"entities": [], "relations": []}
    again = Message("user", "Answer again with JSON only")
    repair = gateway.ask_and_wait(chat(schema=schema, messages=(*told, again)))
    assert repair.text == answer


@LANGUAGES
def test_statements_differ_and_speak_the_language(gateway: Gateway, text: str) -> None:
    statement = text.split("。")[0].split("\n")[0]
    answer = ask_task(gateway, "Statements", {"statement": statement, "n_true": 6, "n_false": 7})
    assert (len(answer["paraphrases"]), len(answer["negations"])) == (6, 7)
    said = [statement, *answer["paraphrases"], *answer["negations"]]
    assert len(set(said)) == 14
    assert all(is_chinese(wording) == is_chinese(text) for wording in said)


@LANGUAGES
def test_questions_differ_for_different_facts_and_speak_the_language(gateway: Gateway, text: str) -> None:
    facts = [part for part in text.replace("\n", " ").replace("。", ". ").split(". ") if part.strip()]
    more = "补充" if is_chinese(text) else " addition"
    questions = []
    for fact in facts:
        answer = ask_task(gateway, "AtomicQa", {"fact": fact})
        assert answer["answer"]
        questions.append(answer["question"])
        questions.append(ask_task(gateway, "AggregatedQuestion", {"answer": fact + more})["question"])
    multi_hop = ask_task(gateway, "MultiHopQa", {"facts": facts})
    assert len(multi_hop["reasoning"]) >= 2
    questions.append(multi_hop["question"])
    assert len(set(questions)) == len(questions)
    assert all(is_chinese(question) == is_chinese(text) for question in questions)
    aggregated = ask_task(gateway, "AggregatedAnswer", {"facts": facts, "style": "easy"})
    assert all(fact in aggregated["answer"] for fact in facts)


def test_a_summary_joins_the_descriptions(gateway: Gateway) -> None:
    answer = ask_task(gateway, "Summary", {"name": "A", "descriptions": ["A is big. Really.", "A is old."]})
    assert answer == {"description": "A is big. A is old."}


@LANGUAGES
def test_a_judgement_has_candidates_for_yes_and_no(gateway: Gateway, text: str) -> None:
    response = gateway.ask_and_wait(judgement(text))
    assert response.text in ("yes", "no", "是", "否")
    assert is_chinese(response.text) == is_chinese(text)
    logprobs = [candidate.logprob for candidate in response.first_token]
    assert logprobs == sorted(logprobs, reverse=True)
    assert sum(math.exp(logprob) for logprob in logprobs) == pytest.approx(1.0)


def test_judgements_are_mostly_right_and_not_all_equal(gateway: Gateway) -> None:
    items = [(f"Fact {i} is{negation} so.", not negation) for i in range(60) for negation in ("", " not")]
    results, error = collect(gateway.map(items, lambda item, ask: ask(judgement(item[0]))))
    assert error is None
    answers = [(item, result) for item, result in results if isinstance(result, ChatResponse)]
    assert len(answers) == 120
    right = [(answer.text == "yes") == is_true for (_, is_true), answer in answers]
    assert 0.65 < sum(right) / 120 < 0.98
    assert len({round(answer.first_token[0].logprob, 3) for _, answer in answers}) > 40


def test_samples_at_a_temperature_differ_with_the_seed_only(make_gateway: MakeGateway) -> None:
    gateway = make_gateway()
    samples = [
        gateway.ask_and_wait(
            chat(f"<input>\nFact {fact}.\n</input>", max_tokens=16, temperature=1.0, sample=i)
        ).text
        for fact in range(4)
        for i in range(10)
    ]
    assert {"yes", "no"} == set(samples)


def test_answers_do_not_depend_on_the_order(make_gateway: MakeGateway, server: FakeModelServer) -> None:
    first = make_gateway({"revision": "1"}).ask_and_wait(statements()).text
    make_gateway().ask_and_wait(chat("something else"))
    server.reset()
    assert make_gateway({"revision": "2"}).ask_and_wait(statements()).text == first


def test_canned_answers_and_models(gateway: Gateway, server: FakeModelServer) -> None:
    server.configure(canned=[["(?i)capital of (France|Gaul)", "Paris"]], models=["a", "b"])
    assert gateway.ask_and_wait(chat("The Capital of France?")).text == "Paris"
    with urllib.request.urlopen(f"{server.base_url}/models", timeout=10) as response:
        assert [model["id"] for model in json.load(response)["data"]] == ["a", "b"]


def test_faults_by_rate_depend_on_the_request_and_not_on_the_order(
    make_gateway: MakeGateway, server: FakeModelServer
) -> None:
    failed: list[set[str]] = []
    for revision, order in (("1", range(40)), ("2", reversed(range(40)))):
        server.reset()
        server.configure(faults={"server_error": 0.3}, fault_seed=1)
        gateway = make_gateway({"revision": revision})
        for i in order:
            gateway.ask_and_wait(chat(f"Say {i}"))
        requests = server.requests()
        failed.append({r["body"]["messages"][0]["content"] for r in requests if r["fault"] != "ok"})
    assert failed[0] == failed[1] != set()


def test_unknown_behaviour_is_an_error(server: FakeModelServer) -> None:
    with pytest.raises(TypeError, match="no such_thing"):
        server.configure(such_thing=1)
