"""Faults that pass are waited out, faults that stay fail one request, and a dead endpoint stops the run."""

import asyncio
import time
from email.utils import formatdate
from typing import Any

import pytest

from resources.errors import CallFailed, EndpointError
from resources.models.gateway import Gateway
from resources.models.refusals import retry_after_s
from resources.models.response_store import ResponseStore
from resources.models.retry import Health, RetryPolicy
from resources.models.types import Ask, ChatResponse
from tests.fake_model_server import FakeModelServer
from tests.resources.models.asking import QUICK, MakeGateway, chat, collect, statements

PASSING = [
    "rate_limit",
    "server_error",
    "unavailable",
    "timeout_status",
    "conflict",
    "drop",
    "half",
    "not_json",
    "empty",
    "error_in_body",
]


@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_passes_is_retried(
    gateway: Gateway, server: FakeModelServer, store: ResponseStore, fault: str
) -> None:
    server.configure(script=[fault, fault])
    response = gateway.ask_and_wait(chat())
    assert response.text
    assert not response.from_store
    assert server.count() == 3
    assert gateway.usage["claims"].failed_attempts == 2
    assert (store.totals().calls, store.totals().failed_attempts) == (1, 2)


@pytest.mark.parametrize("fault", ["hang", "half_hang"])
def test_a_request_that_hangs_is_given_up_in_time_and_retried(
    make_gateway: MakeGateway, server: FakeModelServer, fault: str
) -> None:
    server.configure(script=[fault], hang_s=20)
    gateway = make_gateway({"timeout_s": 2.0})
    started = time.monotonic()
    assert gateway.ask_and_wait(chat()).text
    assert time.monotonic() - started < 15
    assert server.count() == 2


@pytest.mark.parametrize(
    ("fault", "reason", "requests"),
    [
        ("server_error", "server_error", 4),
        ("not_json", "server_error", 4),
        ("empty", "empty", 3),
        ("rate_limit", "rate_limited", 7),
        ("bad_request", "bad_request", 1),
        ("filtered", "refused", 1),
    ],
)
def test_a_fault_that_stays_fails_this_request_only(
    make_gateway: MakeGateway, server: FakeModelServer, fault: str, reason: str, requests: int
) -> None:
    server.configure(script=[fault] * requests)
    gateway = make_gateway({"max_retries": 3})
    with pytest.raises(CallFailed) as failure:
        gateway.ask_and_wait(chat())
    assert failure.value.reason == reason
    assert server.count() == requests
    assert gateway.ask_and_wait(chat("another")).text


def test_time_outs_are_retried_less_often(make_gateway: MakeGateway, server: FakeModelServer) -> None:
    server.configure(script=["hang"] * 3, hang_s=20)
    with pytest.raises(CallFailed) as failure:
        make_gateway({"timeout_s": 0.2}).ask_and_wait(chat())
    assert failure.value.reason == "timeout"
    assert server.count() == 3


@pytest.mark.parametrize(("name", "value"), [("retry_after", "1"), ("retry_after_ms", "1000")])
def test_retry_after_is_obeyed(gateway: Gateway, server: FakeModelServer, name: str, value: str) -> None:
    server.configure(script=[{"fault": "rate_limit", name: value}])
    gateway.ask_and_wait(chat())
    first, second = (request["at"] for request in server.requests())
    assert second - first >= 0.99


def test_retry_after_holds_the_other_threads_back_too(gateway: Gateway, server: FakeModelServer) -> None:
    server.configure(script=[{"fault": "rate_limit", "retry_after": "1"}])

    async def say(item: int, ask: Ask) -> ChatResponse:
        while item and not gateway.usage:
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.1 * item)
        return await ask(chat(f"Say {item}"))

    assert len(list(gateway.map(range(6), say))) == 6
    first, *others = (request["at"] for request in server.requests())
    assert min(others) - first > 0.9


def test_retry_after_in_all_its_forms() -> None:
    now = 1_700_000_000.0
    assert retry_after_s({"retry-after": "2.5"}, now) == 2.5
    assert retry_after_s({"retry-after-ms": "250", "retry-after": "9"}, now) == 0.25
    assert retry_after_s({"retry-after": formatdate(now + 30, usegmt=True)}, now) == 30
    assert retry_after_s({"retry-after": formatdate(now - 30, usegmt=True)}, now) == 0
    assert retry_after_s({"retry-after": "soon"}, now) is None
    assert retry_after_s({}, now) is None


def test_a_wait_of_hours_is_not_sat_out(gateway: Gateway, server: FakeModelServer) -> None:
    server.configure(script=[{"fault": "rate_limit", "retry_after": "7200"}])
    with pytest.raises(EndpointError, match="120 minutes"):
        gateway.ask_and_wait(chat())


def test_back_off_grows_is_jittered_and_capped() -> None:
    policy = RetryPolicy()
    waits = [[policy.backoff_s(n) for _ in range(50)] for n in range(1, 12)]
    for n, drawn in enumerate(waits):
        longest = min(60.0, 0.5 * 2**n)
        assert all(longest / 2 <= wait <= longest for wait in drawn)
        assert len(set(drawn)) > 1


def test_an_endpoint_that_is_not_there_stops_the_run_quickly(make_gateway: MakeGateway) -> None:
    gateway = make_gateway(base_url="http://127.0.0.1:9/v1")
    started = time.monotonic()
    with pytest.raises(EndpointError, match="SYNTHESIZER_BASE_URL"):
        list(gateway.map(range(1000), lambda i, ask: ask(chat(f"Say {i}"))))
    assert time.monotonic() - started < 20


def test_an_endpoint_that_dies_stops_the_run_and_loses_no_request(make_gateway: MakeGateway) -> None:
    with FakeModelServer() as mortal:
        gateway = make_gateway({"max_retries": 1}, base_url=mortal.base_url)

        async def say(item: int, ask: Ask) -> ChatResponse:
            if item == 40:
                mortal.kill()
            return await ask(chat(f"Say {item}"))

        results, error = collect(gateway.map(range(10_000), say))
    assert isinstance(error, EndpointError)
    assert "cannot be reached" in str(error)
    assert 0 < len(results) < 100
    assert not [result for _, result in results if isinstance(result, CallFailed)]


def test_an_endpoint_that_comes_back_is_waited_for(
    make_gateway: MakeGateway, server: FakeModelServer
) -> None:
    server.configure(script=["drop"] * 12)
    gateway = make_gateway({"max_retries": 1}, retry=RetryPolicy(scale=0.01))
    assert gateway.ask_and_wait(chat()).text


def test_a_request_that_always_breaks_the_connection_fails_alone(
    make_gateway: MakeGateway, server: FakeModelServer
) -> None:
    server.configure(faulty=[["bad", "drop"]])
    gateway = make_gateway({"max_retries": 1, "concurrency": 2}, retry=RetryPolicy(scale=0.2))

    async def work(item: int, ask: Any) -> Any:
        if item == 0:
            return await ask(chat("bad"))
        # The other begins when the bad one has failed once: it has when it is tried again.
        while server.count() < 2:
            await asyncio.sleep(0.01)
        await ask(chat(f"Say {item}"))
        return item

    results = dict(gateway.map(range(2), work))
    assert results[1] == 1
    assert isinstance(results[0], CallFailed)
    assert results[0].reason == "connection"


def test_when_every_request_fails_the_run_stops(make_gateway: MakeGateway, server: FakeModelServer) -> None:
    server.configure(faults={"server_error": 1.0})
    gateway = make_gateway({"max_retries": 0})
    failed, error = collect(gateway.map(range(1000), lambda i, ask: ask(chat(f"Say {i}"))))
    assert isinstance(error, EndpointError)
    assert "20 requests in a row" in str(error)
    assert 1 <= len(failed) < 100


def test_health_with_a_clock_of_our_own() -> None:
    now = [0.0]
    health = Health(RetryPolicy(), lambda: now[0])
    health.answered()
    for now[0] in (0.0, 10.0, 20.0, 44.0):
        assert not health.failed_to_answer("dropped")
    now[0] = 45.0
    assert health.failed_to_answer("dropped")
    health.answered()
    assert not health.failed_to_answer("dropped")

    unreached = Health(RetryPolicy(), lambda: now[0])
    for _ in range(4):
        assert not unreached.failed_to_answer("unreachable")
        now[0] += 2
    assert unreached.failed_to_answer("unreachable")


def test_at_ten_percent_faults_of_every_kind_nothing_is_lost(
    make_gateway: MakeGateway, server: FakeModelServer, store: ResponseStore
) -> None:
    server.configure(faults=dict.fromkeys((*PASSING, "hang", "half_hang"), 0.02), fault_seed=3, hang_s=5)
    gateway = make_gateway({"timeout_s": 3.0}, retry=QUICK)
    results = dict(gateway.map(range(150), lambda i, ask: ask(statements(f"Snow {i} is white."))))
    assert len(results) == 150
    assert not [result for result in results.values() if isinstance(result, CallFailed)]
    assert store.totals().calls == 150
    assert store.totals().failed_attempts == server.count() - 150 > 0
