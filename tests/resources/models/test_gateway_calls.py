"""One request at a time: the store, single flight, reasoning, usage, and accounting."""

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from resources.errors import CallFailed
from resources.models.gateway import Gateway
from resources.models.keys import SingleFlight, request_key
from resources.models.response_store import ResponseStore
from resources.models.settings import ModelSettings
from resources.models.stopping import Stopped, StopScope
from resources.models.structured import ask_structured
from resources.models.types import Message
from resources.models.usage import StageUsage
from tests.fake_model_server import FakeModelServer
from tests.resources.models.asking import CANARY_KEY, MakeGateway, chat, judgement, statements


def test_an_equal_request_is_made_once_ever(
    make_gateway: MakeGateway, server: FakeModelServer, tmp_path: Path
) -> None:
    with ResponseStore(tmp_path / "kept.sqlite") as store:
        first = make_gateway(store=store).ask_and_wait(statements(item_id="a"))
    with ResponseStore(tmp_path / "kept.sqlite") as store:
        gateway = make_gateway(store=store)
        again = gateway.ask_and_wait(statements(item_id="b", stage="statements"))
    assert server.count() == 1
    assert not first.from_store
    assert again == replace(first, from_store=True)
    assert gateway.usage["statements"] == StageUsage(calls_from_store=1)


def test_the_port_of_an_endpoint_is_no_part_of_the_key(make_gateway: MakeGateway) -> None:
    make_gateway().ask_and_wait(chat())
    assert make_gateway(base_url="http://127.0.0.1:9/v1").ask_and_wait(chat()).from_store


SETTINGS = ModelSettings()


@pytest.mark.parametrize(
    ("settings", "request_changes"),
    [
        (ModelSettings(revision="2"), {}),
        (ModelSettings(temperature=0.5), {}),
        (ModelSettings(top_p=0.5), {}),
        (ModelSettings(seed=1), {}),
        (SETTINGS, {"sample": 1}),
        (SETTINGS, {"temperature": 1.0}),
        (SETTINGS, {"max_tokens": 101}),
        (SETTINGS, {"top_logprobs": 5}),
        (SETTINGS, {"schema": {"title": "A"}}),
        (SETTINGS, {"messages": (Message("system", "Hello"),)}),
    ],
)
def test_all_that_can_change_the_answer_changes_the_key(
    settings: ModelSettings, request_changes: dict[str, Any]
) -> None:
    assert request_key("m", settings, chat(**request_changes)) != request_key("m", SETTINGS, chat())
    assert request_key("other", SETTINGS, chat()) != request_key("m", SETTINGS, chat())


def test_who_asks_does_not_change_the_key() -> None:
    asked = chat(stage="x", item_id="y", document_id="z")
    assert request_key("m", ModelSettings(timeout=1, rpm=1), asked) == request_key("m", SETTINGS, chat())


def test_equal_requests_at_once_are_one_request(gateway: Gateway, server: FakeModelServer) -> None:
    server.configure(latency_s=0.3)
    start = threading.Barrier(8)

    def ask(_: int) -> bool:
        start.wait()
        return gateway.ask_and_wait(chat()).from_store

    with ThreadPoolExecutor(8) as pool:
        from_store = list(pool.map(ask, range(8)))
    assert server.count() == 1
    assert sorted(from_store) == [False] + [True] * 7
    assert (gateway.usage["claims"].calls, gateway.usage["claims"].calls_from_store) == (1, 7)


def test_a_failure_is_shared_by_those_who_wait_for_it(gateway: Gateway, server: FakeModelServer) -> None:
    server.configure(latency_s=0.3, script=["bad_request"])
    start = threading.Barrier(4)

    def ask(_: int) -> str:
        start.wait()
        with pytest.raises(CallFailed) as failure:
            gateway.ask_and_wait(chat())
        return failure.value.reason

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(ask, range(4))) == ["bad_request"] * 4
    assert server.count() == 1


@pytest.mark.parametrize("cancelled", [False, True])
def test_a_waiter_takes_over_from_a_leader_that_was_stopped(cancelled: bool) -> None:
    async def lead_and_wait() -> None:
        flights: SingleFlight[str] = SingleFlight()
        leading, stop = asyncio.Event(), asyncio.Event()

        async def stopped() -> str:
            leading.set()
            await stop.wait()
            raise Stopped("the leader's batch was closed")

        async def made() -> str:
            return "made"

        leader = asyncio.create_task(flights.run("key", stopped, StopScope()))
        await leading.wait()
        waiter = asyncio.create_task(flights.run("key", made, StopScope()))
        await asyncio.sleep(0)
        if cancelled:
            leader.cancel()
        else:
            stop.set()
        assert await asyncio.wait_for(waiter, 30) == ("made", True)
        with pytest.raises(asyncio.CancelledError if cancelled else Stopped):
            await leader

    asyncio.run(lead_and_wait())


def test_requests_under_way_are_never_more_than_concurrency(
    make_gateway: MakeGateway, server: FakeModelServer
) -> None:
    server.configure(latency_s=0.05)
    gateway = make_gateway({"concurrency": 3})
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda i: gateway.ask_and_wait(chat(f"Say {i}")), range(20)))
    assert server.most_in_flight() <= 3


@pytest.mark.parametrize("reasoning", ["think", "lone_close", "reasoning_content"])
def test_reasoning_is_taken_out_of_the_answer(
    gateway: Gateway, server: FakeModelServer, store: ResponseStore, reasoning: str
) -> None:
    server.configure(reasoning=reasoning)
    value, _ = gateway.run(lambda ask: ask_structured(ask, statements(), lambda answer: answer["negations"]))
    assert value == ["It is not true that Snow is white."]
    stored = store.get(gateway.ask_and_wait(statements()).key)
    assert stored is not None
    assert "Let me think" in stored.reasoning


def test_candidates_are_those_of_the_word_after_the_reasoning(
    gateway: Gateway, server: FakeModelServer
) -> None:
    plain = gateway.ask_and_wait(judgement())
    server.configure(reasoning="think")
    thought = gateway.ask_and_wait(judgement(sample=1))
    assert thought.text == plain.text in ("yes", "no")
    assert thought.first_token == plain.first_token != ()


def test_nothing_but_reasoning_is_truncated_and_not_asked_again(
    make_gateway: MakeGateway, server: FakeModelServer
) -> None:
    server.configure(reasoning="unclosed")
    for _ in range(2):
        with pytest.raises(CallFailed, match="raise max_tokens") as failure:
            make_gateway().ask_and_wait(chat())
        assert failure.value.reason == "truncated"
    assert server.count() == 1


def test_an_answer_that_was_cut_off_is_handed_on_as_such(gateway: Gateway, server: FakeModelServer) -> None:
    server.configure(script=["truncated"])
    assert gateway.ask_and_wait(chat()).finish_reason == "length"


@pytest.mark.parametrize("fault", ["content_filter", "refusal"])
def test_a_refused_answer_fails_this_request_only_and_once(
    gateway: Gateway, server: FakeModelServer, fault: str
) -> None:
    server.configure(script=[fault])
    for _ in range(2):
        with pytest.raises(CallFailed) as failure:
            gateway.ask_and_wait(chat())
        assert failure.value.reason == "refused"
    assert server.count() == 1


def test_missing_usage_is_counted_and_marked(gateway: Gateway, server: FakeModelServer) -> None:
    server.configure(usage=False)
    response = gateway.ask_and_wait(chat("one two three"))
    assert response.usage_estimated
    assert response.prompt_tokens >= 3
    assert response.completion_tokens == len(response.text.split())
    server.configure(usage=True)
    assert not gateway.ask_and_wait(chat("four")).usage_estimated


def test_what_was_sent_and_came_back_is_in_the_store(gateway: Gateway, store: ResponseStore) -> None:
    key = gateway.ask_and_wait(statements(item_id="u1", document_id="a.txt")).key
    stored = store.get(key)
    assert stored is not None
    assert (stored.stage, stored.item_id, stored.document_id) == ("claims", "u1", "a.txt")
    assert (stored.role, stored.model, stored.corpus) == ("synthesizer", "fake-model", "default")
    assert json.loads(stored.request)["messages"][0]["role"] == "user"
    assert json.loads(stored.raw)["choices"]
    assert stored.latency_s > 0


def test_usage_can_be_taken_stage_by_stage(gateway: Gateway) -> None:
    gateway.ask_and_wait(chat("a", stage="claims"))
    gateway.ask_and_wait(chat("b", stage="statements"))
    assert gateway.take_usage("claims").calls == 1
    assert gateway.take_usage("claims") == StageUsage()
    assert gateway.usage["statements"].calls == 1


def test_sampling_parameters_are_sent(make_gateway: MakeGateway, server: FakeModelServer) -> None:
    gateway = make_gateway({"temperature": 0.3, "seed": 40, "top_p": 0.9})
    gateway.ask_and_wait(chat(sample=2, temperature=1.0))
    gateway.ask_and_wait(chat())
    sent = [(b["temperature"], b["seed"], b["top_p"], b["max_tokens"]) for b in server.bodies()]
    assert sent == [(1.0, 42, 0.9, 100), (0.3, 40, 0.9, 100)]


def test_the_key_is_sent_and_the_url_may_hold_the_route(
    make_gateway: MakeGateway, server: FakeModelServer
) -> None:
    make_gateway(base_url=server.base_url + "/chat/completions").ask_and_wait(chat())
    assert server.requests()[0]["headers"]["authorization"] == f"Bearer {CANARY_KEY}"


def test_characters_that_no_file_takes_do_no_harm(gateway: Gateway, server: FakeModelServer) -> None:
    server.configure(canned=[["surrogate", "half \ud83d"]])
    assert gateway.ask_and_wait(chat("a surrogate \ud83d")).text == "half \ufffd"


def test_a_closed_gateway_makes_no_more_requests(gateway: Gateway, server: FakeModelServer) -> None:
    gateway.close()
    with pytest.raises(Exception, match="stopped"):
        gateway.ask_and_wait(chat())
    assert server.count() == 0
