"""What endpoints understand is learned from their refusals, once, and remembered over runs."""

from typing import Any

import pytest

from resources.errors import CallFailed
from resources.models.dialects import Dialect, adapted
from resources.models.gateway import Gateway
from resources.models.response_store import ResponseStore
from resources.models.structured import ask_structured
from tests.fake_model_server import FakeModelServer
from tests.resources.models.asking import MakeGateway, chat, judgement, statements


def negations(gateway: Gateway, fact: str = "Snow is white.") -> list[str]:
    value, _ = gateway.run(
        lambda ask: ask_structured(ask, statements(fact), lambda answer: answer["negations"])
    )
    return list(value)


def format_of(body: dict[str, Any]) -> str:
    return str(body.get("response_format", {}).get("type", "none"))


def test_a_schema_is_sent_as_it_is_and_not_in_the_prompt(gateway: Gateway, server: FakeModelServer) -> None:
    assert negations(gateway) == ["It is not true that Snow is white."]
    (body,) = server.bodies()
    assert body["response_format"]["json_schema"]["name"] == "Statements"
    assert body["response_format"]["json_schema"]["schema"]["required"] == ["paraphrases", "negations"]
    assert body["messages"][-1]["content"] == statements().messages[-1].content


@pytest.mark.parametrize("unnamed", [False, True])
@pytest.mark.parametrize(
    ("behaviour", "formats"),
    [
        ({"strict_schemas": False}, ["json_schema", "json_schema"]),
        ({"structured": "json_object"}, ["json_schema", "json_schema", "json_object"]),
        ({"structured": "none"}, ["json_schema", "json_schema", "json_object", "none"]),
    ],
)
def test_structured_output_steps_down_until_it_is_accepted(
    make_gateway: MakeGateway,
    server: FakeModelServer,
    behaviour: dict[str, Any],
    formats: list[str],
    unnamed: bool,
) -> None:
    server.configure(**behaviour, unnamed_refusal=unnamed)
    assert negations(make_gateway()) == ["It is not true that Snow is white."]
    assert [format_of(body) for body in server.bodies()] == formats
    last = server.bodies()[-1]["messages"][-1]["content"]
    assert ('"title":"Statements"' in last) == (formats[-1] in ("json_object", "none"))

    # A later run starts with what was learned.
    assert negations(make_gateway(), "Coal is black.") == ["It is not true that Coal is black."]
    assert server.count() == len(formats) + 1


def test_the_schema_stands_in_the_last_user_message(
    make_gateway: MakeGateway, server: FakeModelServer
) -> None:
    server.configure(structured="none", canned=[["^(?!.*Answer again)", "no json"]])
    gateway = make_gateway()
    with pytest.raises(CallFailed):
        negations(gateway)
    repair = server.bodies()[-1]["messages"]
    assert [message["role"] for message in repair] == ["user", "assistant", "user"]
    assert '"title"' not in repair[0]["content"]
    assert '"title"' in repair[2]["content"]


def test_an_endpoint_that_ignores_schemas_gets_them_in_the_prompt(
    make_gateway: MakeGateway, server: FakeModelServer
) -> None:
    server.configure(ignores_schema=True)
    assert negations(make_gateway()) == ["It is not true that Snow is white."]
    assert [format_of(body) for body in server.bodies()] == ["json_schema", "json_object"]
    negations(make_gateway(), "Coal is black.")
    assert server.count() == 3


def test_max_completion_tokens_where_max_tokens_is_refused(
    make_gateway: MakeGateway, server: FakeModelServer
) -> None:
    server.configure(limit_field="max_completion_tokens")
    make_gateway().ask_and_wait(chat("a"))
    make_gateway().ask_and_wait(chat("b"))
    assert [("max_tokens" in b, b.get("max_completion_tokens")) for b in server.bodies()] == [
        (True, None),
        (False, 100),
        (False, 100),
    ]


def test_an_endpoint_that_went_back_to_max_tokens(make_gateway: MakeGateway, server: FakeModelServer) -> None:
    server.configure(limit_field="max_completion_tokens")
    make_gateway().ask_and_wait(chat("a"))
    server.configure(limit_field="max_tokens")
    make_gateway().ask_and_wait(chat("b"))
    assert "max_tokens" in server.bodies()[-1]


def test_a_limit_of_answer_tokens_is_respected(make_gateway: MakeGateway, server: FakeModelServer) -> None:
    server.configure(most_tokens=4096)
    make_gateway().ask_and_wait(chat("a", max_tokens=8192))
    make_gateway().ask_and_wait(chat("b", max_tokens=8192))
    make_gateway().ask_and_wait(chat("c", max_tokens=100))
    assert [body["max_tokens"] for body in server.bodies()] == [8192, 4096, 4096, 100]


@pytest.mark.parametrize("name", ["temperature", "top_p", "seed"])
def test_a_refused_parameter_is_dropped(
    make_gateway: MakeGateway, server: FakeModelServer, name: str
) -> None:
    server.configure(refused_parameters=[name])
    make_gateway().ask_and_wait(chat("a"))
    make_gateway().ask_and_wait(chat("b"))
    assert [name in body for body in server.bodies()] == [True, False, False]


def test_several_refusals_are_learned_one_after_the_other(
    make_gateway: MakeGateway, server: FakeModelServer
) -> None:
    server.configure(
        refused_parameters=["temperature", "seed"], limit_field="max_completion_tokens", structured="none"
    )
    gateway = make_gateway()
    assert negations(gateway) == ["It is not true that Snow is white."]
    assert set(gateway.dialect.dropped) == {"temperature", "seed"}
    before = server.count()
    negations(make_gateway(), "Coal is black.")
    assert server.count() == before + 1


@pytest.mark.parametrize(
    ("logprobs", "supported", "requests"),
    [("supported", True, 1), ("rejected", False, 2), ("ignored", False, 1)],
)
def test_logprobs_are_probed_once(
    make_gateway: MakeGateway, server: FakeModelServer, logprobs: str, supported: bool, requests: int
) -> None:
    server.configure(logprobs=logprobs)
    for _ in range(2):
        gateway = make_gateway()
        assert gateway.run(gateway.supports_logprobs) is supported
    assert server.count() == requests
    assert bool(make_gateway().ask_and_wait(judgement()).first_token) is supported
    assert ("logprobs" in server.bodies()[-1]) is supported


def test_the_probe_is_an_ordinary_stored_request(gateway: Gateway, store: ResponseStore) -> None:
    gateway.run(gateway.supports_logprobs)
    assert store.totals(stage="probe").calls == 1
    assert gateway.usage["probe"].calls == 1


def test_a_model_that_only_thinks_has_no_usable_logprobs(gateway: Gateway, server: FakeModelServer) -> None:
    server.configure(reasoning="unclosed")
    assert gateway.run(gateway.supports_logprobs) is False


def test_as_many_candidates_as_the_endpoint_gives(make_gateway: MakeGateway, server: FakeModelServer) -> None:
    server.configure(top_logprobs_limit=5)
    assert len(make_gateway().ask_and_wait(judgement()).first_token) == 5
    make_gateway().ask_and_wait(judgement("Coal is black."))
    assert [body["top_logprobs"] for body in server.bodies()] == [20, 5, 5]


def test_the_embedded_server_is_one_endpoint_whatever_its_port(
    make_gateway: MakeGateway, server: FakeModelServer, store: ResponseStore
) -> None:
    server.configure(structured="json_object")
    negations(make_gateway(embedded=True))
    assert store.dialect("embedded", "fake-model") is not None


def test_a_prompt_that_is_too_long_teaches_nothing(gateway: Gateway, server: FakeModelServer) -> None:
    server.configure(script=["too_long"])
    with pytest.raises(CallFailed) as failure:
        gateway.ask_and_wait(statements())
    assert failure.value.reason == "bad_request"
    assert server.count() == 1
    assert gateway.dialect == Dialect()


def test_a_refusal_for_another_reason_teaches_nothing(gateway: Gateway, server: FakeModelServer) -> None:
    server.configure(script=["bad_request"] * 9)
    with pytest.raises(CallFailed):
        gateway.ask_and_wait(statements())
    assert gateway.dialect == Dialect()
    server.configure(script=[])
    gateway.ask_and_wait(statements())
    known = gateway.dialect
    server.configure(script=["bad_request"])
    with pytest.raises(CallFailed):
        gateway.ask_and_wait(statements("Coal is black."))
    assert gateway.dialect == known
    assert known.structured_proven


@pytest.mark.parametrize(
    ("refusal", "learned"),
    [
        ("[] is too short - 'messages'", None),
        ("Unsupported parameter: 'top_logprobs'", {"dropped": ("logprobs",), "logprobs": False}),
        ("logprobs is not available", {"dropped": ("logprobs",), "logprobs": False}),
        ("top_logprobs: must be less than or equal to 8", {"top_logprobs_limit": 8}),
        ("'temperature' does not support 0.0", {"dropped": ("temperature",)}),
    ],
)
def test_words_of_refusals(refusal: str, learned: dict[str, Any] | None) -> None:
    found = adapted(Dialect(), judgement(), refusal)
    assert found == (None if learned is None else Dialect(**learned))
